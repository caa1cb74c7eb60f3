-- concord.report(): what it says of a node, empty, full and hostile. How it looks is for the stage `report`.
CREATE EXTENSION concord;
CREATE FUNCTION times(needle text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT (length(r) - length(replace(r, needle, ''))) / length(needle) FROM concord.report() r $$;

-- Of a node that has just been made there is nothing to say, and that is said.
SELECT times('<!DOCTYPE html>') AS pages, times('</html>') AS ends, times('class="none"') AS nothing, times('class="look"') AS look,
       times('Nothing needs a decision') AS calm;

-- Names and values that try to become markup, or to pass for something else.
CREATE SCHEMA "<script>schema</script>";
CREATE TABLE "<script>schema</script>"."</title><img src=x onerror=alert(1)>" (id text PRIMARY KEY, "<b>col</b>'" text);
SELECT concord.track('"<script>schema</script>"."</title><img src=x onerror=alert(1)>"', conflict_policy => 'manual');
BEGIN;
SELECT concord.set_context(user_id => '<i>user</i>');
INSERT INTO "<script>schema</script>"."</title><img src=x onerror=alert(1)>" VALUES ('"><svg onload=alert(2)>', 'old');
COMMIT;
SELECT row_version AS seen FROM "<script>schema</script>"."</title><img src=x onerror=alert(1)>" \gset
UPDATE "<script>schema</script>"."</title><img src=x onerror=alert(1)>" SET "<b>col</b>'" = E'it''s <script>alert(3)</script> \\';
\set VERBOSITY terse
UPDATE "<script>schema</script>"."</title><img src=x onerror=alert(1)>"
SET "<b>col</b>'" = E'<script>alert(4)</script> & \u202E \\ ''; DROP TABLE x; --', row_version = :'seen';
\set VERBOSITY verbose
-- Rows that stand for nothing, out of the worker's sight.
BEGIN;
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, remote_values, detail) VALUES
    ('01000000000000000000000001', '<script>', '<script>', '<script>', 'unique_key', '<script>', '{"<script>": "<script>"}',
     '{"constraint": "<script>", "columns": ["<script>"], "record_id": "<script>"}'),
    ('01000000000000000000000002', '<script>', '<script>', '<script>', 'tree', '<script>', NULL,
     '{"problem": "<script>", "rows": ["<script>", {"<script>": 1}]}');
INSERT INTO concord.nodes (node_id, name, hostname, status, applied_sequence, received_sequence, last_heartbeat, hlc_high_water_mark)
VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', '<script>', '<script>', 'forked', 3, 9, now() - interval '1 hour',
        concord.hlc(now() + interval '1 hour', 0));
INSERT INTO concord.pending_rows VALUES ('<script>', '<script>', '<script>', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '<script>', '<script>');
INSERT INTO concord.capture_windows (table_schema, table_name, reason) VALUES ('<script>', '<script>', '<script>');
SELECT times('<script') AS scripts, times('<img') AS images, times('<svg onload') AS svgs, times('<b>col') AS bold, times('<i>user') AS italic,
       times('" onload') + times('" onerror') AS attributes, times('</title>') AS titles, times(E'\u202E') AS directions;
SELECT times('&lt;script&gt;') > 10 AS shown, times('⟨U+202E⟩') > 0 AS named, times('<article') AS cards, times('class="look"') AS look;
-- The SQL to copy is quoted for JSON, then for SQL, then for HTML.
SELECT regexp_replace(substring(concord.report(), '<pre>([^<]*merged[^<]*alert[^<]*)</pre>'), '[0-9A-Z]{26}', 'ID') AS merged;
ROLLBACK;

-- Many conflicts and wide rows: the page is cut, says so, and names the query for the rest.
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, base_values, local_values,
    remote_values, applied_values)
SELECT ('0200000000000000000000' || lpad(to_hex(i), 4, '0'))::concord.ulid, 'public', 'page', i::text, 'update_origin_differs', 'manual',
       w.v, w.v || '{"c1": "x"}', w.v || jsonb_build_object('c2', repeat('word ', CASE WHEN i < 200 THEN 20000 ELSE 2 END)), w.v
FROM generate_series(1, 10000) i,
     (SELECT jsonb_object_agg('c' || c, c) AS v FROM generate_series(1, 90) c) w;
CREATE TABLE large AS SELECT concord.report() AS page;
SELECT (length(page) - length(replace(page, '<article', ''))) / 8 AS cards,
       substring(page, '<p class="more">([^<]*<code>[^<]*)</code></p>\n</section>') AS rest,
       (length(page) - length(replace(page, '48 columns more', ''))) / 15 > 190 AS columns,
       (length(page) - length(replace(page, '100,000 characters', ''))) / 18 > 190 AS values, length(page) < 3000000 AS bounded
FROM large;

-- It needs the right to call it, and no other.
CREATE ROLE regress_reader;
SET ROLE regress_reader;
SELECT concord.report();
RESET ROLE;
GRANT EXECUTE ON FUNCTION concord.report TO regress_reader;
SET ROLE regress_reader;
SELECT length(concord.report()) > 1000 AS page;
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'German';
SELECT substring(concord.report(), 'class="meta"><span>([^<]*)</span>') ~ '^\d{4}-\d\d-\d\d \d\d:\d\d$' AS times_are_iso;
RESET ROLE;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
