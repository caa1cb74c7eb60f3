-- Times without capture: they are in the log, in capture_windows and in the status, until they end.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all
CREATE VIEW windows AS
SELECT table_schema, table_name, reason, closed_at IS NULL AS open, COALESCE(closed_at, clock_timestamp()) >= opened_at AS later
FROM concord.capture_windows ORDER BY opened_at, window_id;
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);

-- A capture trigger that is disabled, and enabled again.
ALTER TABLE page DISABLE TRIGGER concord_capture;
INSERT INTO page VALUES (1, 'not captured');
SELECT * FROM windows;
SELECT open_windows, capture_windows -> 0 ->> 'table' AS table, capture_windows -> 0 ->> 'reason' AS reason, capture_windows -> 0 -> 'closed_at' AS closed_at
FROM concord.status;
SELECT relation, capturing FROM concord.tracked_tables;
ALTER TABLE page ENABLE ALWAYS TRIGGER concord_capture;
INSERT INTO page VALUES (2, 'captured');
SELECT * FROM windows;
SELECT open_windows, jsonb_array_length(capture_windows) AS windows FROM concord.status;
SELECT "table", record, operation, metadata FROM news();

-- All triggers at once, as loaders do; ENABLE TRIGGER ALL has them fire always again.
ALTER TABLE page DISABLE TRIGGER ALL;
INSERT INTO page VALUES (3, 'not captured');
ALTER TABLE page ENABLE TRIGGER ALL;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'page'::regclass ORDER BY tgname;
SET session_replication_role = replica;
INSERT INTO page VALUES (4, 'captured');
RESET session_replication_role;
ALTER TABLE page ENABLE REPLICA TRIGGER concord_capture;
INSERT INTO page VALUES (5, 'not captured');
ALTER TABLE page ENABLE ALWAYS TRIGGER concord_capture;
SELECT "table", record, operation, metadata FROM news();
SELECT * FROM windows;
-- What is rolled back never was.
BEGIN;
ALTER TABLE page DISABLE TRIGGER concord_capture;
ROLLBACK;
INSERT INTO page VALUES (6, 'captured');
SELECT "table", record, operation, metadata FROM news();
SELECT count(*) FROM windows;

-- The trigger for TRUNCATE counts as well.
ALTER TABLE page DISABLE TRIGGER concord_truncate;
SELECT open_windows FROM concord.status;
ALTER TABLE page ENABLE ALWAYS TRIGGER concord_truncate;
DROP TRIGGER concord_truncate ON page;
SELECT open_windows FROM concord.status;
SELECT concord.track('page', version_column => NULL);
SELECT open_windows FROM concord.status;
SELECT count(*) > 0 AS told FROM news();

-- A trigger that is dropped: open until the table is tracked again.
DROP TRIGGER concord_capture ON page;
INSERT INTO page VALUES (7, 'not captured');
SELECT * FROM windows WHERE open;
SELECT relation FROM concord.tracked_tables;
SELECT concord.track('page', version_column => NULL);
INSERT INTO page VALUES (8, 'captured');
SELECT "table", record, operation, metadata FROM news();
SELECT * FROM windows WHERE open;
-- untrack() is meant, and no window; one that was open is over.
SELECT concord.untrack('page');
SELECT * FROM windows WHERE open;
SELECT concord.track('page', version_column => NULL);
ALTER TABLE page DISABLE TRIGGER concord_capture;
SELECT concord.untrack('page');
SELECT * FROM windows WHERE open;
SELECT concord.track('page', version_column => NULL);
SELECT "table", operation, metadata FROM news();

-- A table that is renamed meanwhile, and one that is dropped.
ALTER TABLE page DISABLE TRIGGER concord_capture;
ALTER TABLE page RENAME TO content;
SELECT open_windows FROM concord.status;
ALTER TABLE content ENABLE ALWAYS TRIGGER concord_capture;
SELECT open_windows FROM concord.status;
ALTER TABLE content DISABLE TRIGGER concord_capture;
DROP TABLE content;
SELECT open_windows FROM concord.status;
SELECT "table", record, operation, metadata FROM news();

-- One partition alone.
CREATE TABLE part (id int, lang text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE part_de PARTITION OF part FOR VALUES IN ('de');
CREATE TABLE part_en PARTITION OF part FOR VALUES IN ('en');
SELECT concord.track('part', version_column => NULL);
ALTER TABLE part_de DISABLE TRIGGER concord_capture;
INSERT INTO part VALUES (1, 'de'), (1, 'en');
SELECT table_schema, table_name, open FROM windows WHERE open;
ALTER TABLE part_de ENABLE ALWAYS TRIGGER concord_capture;
INSERT INTO part VALUES (2, 'de');
SELECT table_schema, table_name, open FROM windows WHERE open;
SELECT "table", record, operation FROM news() WHERE operation <> 'DDL';
-- The root's triggers are those of all its partitions.
ALTER TABLE part DISABLE TRIGGER concord_capture;
INSERT INTO part VALUES (3, 'de');
SELECT table_schema, table_name, open FROM windows WHERE open;
ALTER TABLE part ENABLE ALWAYS TRIGGER concord_capture;
INSERT INTO part VALUES (4, 'de');
SELECT table_schema, table_name, open FROM windows WHERE open;
SELECT "table", record, operation, metadata FROM news();

-- concord.capture = off: a GAP per table and transaction, with the window of that transaction; only where something changed.
CREATE TABLE other (id int PRIMARY KEY, title text);
SELECT concord.track('other', version_column => NULL);
SELECT count(*) FROM concord.capture_windows \gset
SET concord.capture = off;
BEGIN;
INSERT INTO part VALUES (5, 'de'), (5, 'en');
UPDATE part SET id = 6 WHERE id = 5;
INSERT INTO other VALUES (1, 'not captured'), (2, 'not captured');
SAVEPOINT s;
UPDATE other SET title = 'x';
ROLLBACK TO s;
DELETE FROM other WHERE id = 2;
COMMIT;
INSERT INTO other VALUES (3, 'not captured');
DELETE FROM other WHERE false;
BEGIN;
SAVEPOINT s;
INSERT INTO other VALUES (4, 'rolled back');
ROLLBACK TO s;
COMMIT;
BEGIN;
SAVEPOINT s;
INSERT INTO other VALUES (4, 'rolled back');
ROLLBACK TO s;
INSERT INTO other VALUES (4, 'not captured');
COMMIT;
RESET concord.capture;
INSERT INTO other VALUES (5, 'captured');
SELECT "table", record, operation, metadata FROM news();
SELECT table_name, reason, open, later FROM windows OFFSET :count;
-- Within a transaction, for a part of it.
BEGIN;
INSERT INTO other VALUES (6, 'captured');
SET LOCAL concord.capture = off;
INSERT INTO other VALUES (7, 'not captured');
SET LOCAL concord.capture = on;
INSERT INTO other VALUES (8, 'captured');
COMMIT;
SELECT "table", record, operation, metadata FROM news();
-- It is for superusers.
CREATE ROLE regress_user;
SET ROLE regress_user;
SET concord.capture = off;
RESET ROLE;
DROP ROLE regress_user;
