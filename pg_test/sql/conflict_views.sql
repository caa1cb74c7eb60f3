-- Conflicts as people read them: conflict_diff, open_conflicts, conflict_summary.
CREATE EXTENSION concord;
CREATE SCHEMA cms;
CREATE TABLE cms."Page" (id int, title text, body text, tags jsonb, "Flag" boolean, parent int REFERENCES cms."Page", PRIMARY KEY (id));
SELECT concord.track('cms."Page"', conflict_policy => 'manual', merge_silently => '{"Flag"}');

-- A stale write, with all that goes with it.
INSERT INTO cms."Page" VALUES (1, 'old', NULL, '["a"]', true);
SELECT row_version AS seen FROM cms."Page" \gset
UPDATE cms."Page" SET title = 'stands', tags = '"text"';
\set VERBOSITY terse
UPDATE cms."Page" SET title = 'lost', body = 'new', tags = 'null', "Flag" = false, row_version = :'seen';
\set VERBOSITY verbose
SELECT conflict_id AS stale FROM concord.conflicts \gset
SELECT column_name, base, local, remote, applied FROM concord.conflict_diff(:'stale') WHERE column_name <> 'row_version';
SELECT count(DISTINCT x) AS versions, count(*) FROM concord.conflict_diff(:'stale'), unnest(ARRAY[base, local, remote, applied]) x
WHERE column_name = 'row_version';

-- Those that other nodes bring, by hand. A column that is no longer in the table comes last, a table that is not
-- here has its columns in the order of their names, and a side without a row has nulls.
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, base_values, local_values,
    remote_values, applied_values, detected_at, detail) VALUES
    ('01000000000000000000000001', 'cms', 'Page', '7', 'update_deleted', 'manual', '{"id": 7, "title": "t", "body": "b"}', NULL,
     '{"id": 7, "title": "t", "body": "c", "gone": 1}', NULL, now() - interval '3 days', NULL),
    ('01000000000000000000000002', 'cms', 'elsewhere', '[1, "x"]', 'insert_exists', 'lww', NULL, '{"z": 1, "a": null, "m": "x"}',
     '{"z": 2, "a": "", "m": "x"}', '{"z": 1, "a": null, "m": "x"}', now() - interval '2 days', NULL),
    ('01000000000000000000000003', 'cms', 'Page', '8', 'unique_key', 'manual', NULL, '{"id": 9, "title": "same"}',
     '{"id": 8, "title": "same"}', NULL, now() - interval '1 day', '{"constraint": "page_title_key", "columns": ["title"], "record_id": "9"}'),
    ('01000000000000000000000004', 'cms', 'Page', '9', 'foreign_key', 'manual', NULL, NULL, '{"id": 9, "parent": 1}', NULL, now() - interval '1 hour',
     '{"constraint": "Page_parent_fkey", "table_schema": "cms", "table_name": "Page", "record_id": "1"}'),
    ('01000000000000000000000005', 'cms', 'Page', '10', 'tree', 'merge', NULL, NULL, NULL, NULL, now() + interval '1 hour',
     '{"problem": "cycle", "rows": ["10", "11"], "columns": ["parent"]}'),
    ('01000000000000000000000006', 'cms', 'Page', '11', 'update_origin_differs', 'manual', '{"title": "a"}',
     jsonb_build_object('title', repeat('long ', 20)), '{"title": "short"}', '{"title": "b"}', now() - interval '1 minute', NULL);
UPDATE concord.conflicts SET resolved_at = now(), resolution = 'lww' WHERE table_name = 'elsewhere';

SELECT * FROM concord.conflict_diff('01000000000000000000000001');
SELECT * FROM concord.conflict_diff('01000000000000000000000002');
SELECT * FROM concord.conflict_diff('01000000000000000000000005');
SELECT * FROM concord.conflict_diff('01000000000000000000000009');
SELECT * FROM concord.conflict_diff(NULL);
SELECT * FROM concord.conflict_diff('x');

SELECT record_id, conflict_type, conflict_policy, date_trunc('minute', age) AS age, columns, local, remote, detail
FROM concord.open_conflicts ORDER BY open_conflicts.age DESC;
SELECT table_name, conflict_type, conflict_policy, open, resolved, date_trunc('minute', oldest_open) AS oldest, last_detected_at IS NOT NULL AS detected
FROM concord.conflict_summary ORDER BY oldest_open DESC NULLS LAST;

-- The right to read a view is enough for it; conflict_diff needs what it reads.
CREATE ROLE regress_reader;
GRANT SELECT ON concord.open_conflicts, concord.conflict_summary TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM concord.open_conflicts;
SELECT count(*) FROM concord.conflict_summary;
SELECT concord.conflict_diff('01000000000000000000000001');
RESET ROLE;
GRANT EXECUTE ON FUNCTION concord.conflict_diff, concord._conflict_columns TO regress_reader;
GRANT SELECT ON concord.conflicts, concord.change_events TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM concord.conflict_diff('01000000000000000000000001');
RESET ROLE;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
