-- A node in which everything that a user can name or write tries to run a script when it is shown.
CREATE EXTENSION concord;
CREATE SCHEMA "<script>run(1)</script>";
CREATE TABLE "<script>run(1)</script>"."</title></svg><img src=x onerror=run(2)>" (
    id text PRIMARY KEY, "' onclick='run(3)" text, "a ""quoted"" \ one" text, long text, json jsonb, number numeric);
SELECT concord.track('"<script>run(1)</script>"."</title></svg><img src=x onerror=run(2)>"', conflict_policy => 'manual');
CREATE VIEW page AS SELECT * FROM "<script>run(1)</script>"."</title></svg><img src=x onerror=run(2)>";
INSERT INTO page VALUES ('"><body onload=run(5)>', 'old', 'old', repeat('word ', 2000), '1', 1);
SELECT row_version AS seen FROM page \gset
UPDATE page SET "' onclick='run(3)" = '</td></table></article><script>run(6)</script>',
    "a ""quoted"" \ one" = E'javascript:run(7)//\\ '' " </pre></style><style>*{display:none}</style>',
    long = repeat('word ', 1000) || '<script>run(8)</script> ' || repeat('word ', 1000), json = '"<!--"', number = 2;
BEGIN;
SELECT concord.set_context(user_id => '<svg/onload=run(4)>');
UPDATE page SET "' onclick='run(3)" = '<iframe srcdoc="<script>parent.run(9)</script>">',
    "a ""quoted"" \ one" = E'\u202E&lt;script&gt;run(10)&lt;/script&gt;\u0007 \\u0041 ''); DROP TABLE noted; --',
    json = '{"<a href=javascript:run(11)>": [1, null, "''"]}', number = '-1e30', row_version = :'seen';
COMMIT;
UPDATE page SET "' onclick='run(3)" = E'\u2066''\\', long = repeat('word ', 2000) || '!', row_version = :'seen';
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, local_values, remote_values, detail)
VALUES ('01000000000000000000000001', repeat('<b>', 40), repeat('w', 300), repeat('x', 5000), 'unique_key', '<script>run(12)</script>',
        jsonb_build_object(repeat('c', 500), repeat('v', 5000)), jsonb_build_object(repeat('c', 500), repeat('v', 4000)),
        jsonb_build_object('constraint', '<script>run(13)</script>', 'columns', jsonb_build_array(repeat('c', 500)), 'record_id', '<script>run(14)</script>')),
       ('01000000000000000000000002', 's', 't', 'مرحبا', 'tree', 'merge', NULL, NULL, '{"problem": "<script>run(15)</script>", "rows": ["<script>run(16)</script>"]}');
INSERT INTO concord.nodes (node_id, name, hostname, status, applied_sequence, received_sequence, last_heartbeat, hlc_high_water_mark)
VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', '<script>run(17)</script>', '<script>run(18)</script>' || repeat('h', 200), 'forked', 3, 9,
        now() - interval '1 hour', concord.hlc(now() + interval '1 hour', 0));
INSERT INTO concord.pending_rows
VALUES ('<script>run(19)</script>', repeat('p', 200), '<script>run(20)</script>', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'constraint', repeat('detail', 100));
INSERT INTO concord.capture_windows (table_schema, table_name, reason) VALUES ('<script>run(21)</script>', '<script>run(22)</script>', repeat('r', 200));
