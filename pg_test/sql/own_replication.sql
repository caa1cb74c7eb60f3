-- A publication FOR ALL TABLES has concord's own among them: each has what identifies its rows, or writing it would fail.
CREATE EXTENSION concord;
SELECT c.oid::regclass AS cannot_be_updated
FROM pg_depend d
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'concord')
  AND c.relreplident <> 'f'
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
                  AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END);

SET client_min_messages = error;
CREATE PUBLICATION everything FOR ALL TABLES;
RESET client_min_messages;
CREATE TABLE page (id int PRIMARY KEY, parent int, title text);
SELECT concord.track('page'), concord.track_tree('page', 'parent');
INSERT INTO page VALUES (1, NULL, 'one'), (2, 1, 'two');
SET client_min_messages = error;
UPDATE page SET title = 'uno', row_version = '1' WHERE id = 1;
RESET client_min_messages;
ALTER TABLE page RENAME TO leaf;
ALTER TABLE leaf DISABLE TRIGGER ALL;
SELECT concord.track('leaf');
-- A row that waits is tried by each tick, which notes what it knew.
INSERT INTO concord.pending_rows (table_schema, table_name, record_id, event_id, reason)
SELECT table_schema, table_name, record_id, event_id, 'schema_mismatch' FROM concord.change_events WHERE record_id = '2';
SELECT concord.tick(), concord.tick();
SELECT count(*) FROM concord._retried;
SELECT count(*) FROM concord.consume('search');
SELECT concord.acknowledge('search', event_id) FROM concord.consume('search') LIMIT 1;
SELECT concord.untrack('leaf');
DROP TABLE leaf;
SELECT concord.hlc_reset() IS NOT NULL AS reset;
SELECT concord.tick();
SELECT tick_failures, tick_error FROM concord.status;
