-- track(): what it installs, changes and keeps; untrack(); triggers made by hand; odd names.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all
CREATE VIEW triggers AS
SELECT tgrelid::regclass AS relation, tgname AS name, tgenabled AS enabled, tgfoid::regproc AS function,
       replace(encode(tgargs, 'escape'), '\000', '; ') AS arguments
FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
WHERE NOT tgisinternal AND relnamespace <> 'concord'::regnamespace ORDER BY tgrelid, tgname;

CREATE TABLE page (id int PRIMARY KEY, title text, slug text UNIQUE, parent int, next int, password text, body text, changed timestamptz);
INSERT INTO page VALUES (1, 'before');
SELECT concord.track('page', redact => '{password}');
SELECT * FROM triggers;
SELECT * FROM concord.tracked_tables \gx
-- The version column is there, empty for rows that nobody wrote since.
SELECT attname, atttypid::regtype, attnotnull, atthasdef FROM pg_attribute WHERE attrelid = 'page'::regclass AND attname = 'row_version';
SELECT id, row_version IS NULL AS no_version FROM page;
INSERT INTO page VALUES (2, 'after');
SELECT id, row_version IS NULL AS no_version FROM page;
-- That concord itself changed the table is no news.
SELECT record, operation FROM news();

-- Again: nothing changes, and nothing is said. With other options: they change, all of them.
SELECT concord.track('page', redact => '{password}');
SELECT count(*) FROM triggers;
SELECT concord.track('page', version_column => NULL, conflict_policy => 'merge', on_stale => 'reject', exclude => '{body}', redact => '{password}',
                     redact_default => '{"password": "!"}', merge_groups => '[["parent", "next"]]', merge_silently => '{changed}',
                     rename => '{slug}', on_missing_parent => 'revive_parent', record_key => '{id}');
SELECT name, arguments FROM triggers;
SELECT * FROM concord.tracked_tables \gx
SELECT concord.track('page', version_column => 'version', conflict_policy => 'manual', on_stale => 'overwrite', redact => '{password}');
SELECT name, arguments FROM triggers;
SELECT relation, version_column, conflict_policy, on_stale, exclude, rename, on_missing_parent, record_key FROM concord.tracked_tables;
-- Null is the option's default; so is an empty list.
SELECT concord.track('page', NULL, NULL, NULL, NULL, '{password}', NULL, NULL, NULL, NULL, NULL, '{}');
SELECT name, arguments FROM triggers;
SELECT record, operation FROM news();

-- Under merge an event names the columns it touches, widened to their groups and to those of each unique index.
SELECT concord.track('page', version_column => NULL, conflict_policy => 'merge', redact => '{password}', merge_groups => '[["parent", "next"], ["title", "body"]]');
CREATE UNIQUE INDEX ON page (title, changed);
CREATE UNIQUE INDEX ON page (lower(body));
INSERT INTO page (id, title) VALUES (3, 'x');
UPDATE page SET next = 4 WHERE id = 3;
UPDATE page SET title = 'y' WHERE id = 3;
UPDATE page SET slug = 's', row_version = NULL WHERE id = 3;
UPDATE page SET password = 'S3CRET' WHERE id = 3;
UPDATE page SET id = 4 WHERE id = 3;
DELETE FROM page WHERE id = 4;
SELECT record_id, operation, touched FROM concord.change_events, looked WHERE node_sequence > upto ORDER BY node_sequence;

-- In a transaction that is rolled back nothing was tracked; in one that goes on, all that follows is.
CREATE TABLE other (id int PRIMARY KEY);
BEGIN;
INSERT INTO other VALUES (1);
SELECT concord.track('other');
INSERT INTO other VALUES (2);
SAVEPOINT s;
SELECT concord.untrack('other');
INSERT INTO other VALUES (3);
ROLLBACK TO s;
INSERT INTO other VALUES (4);
COMMIT;
BEGIN;
SELECT concord.track('other', conflict_policy => 'merge');
ROLLBACK;
SELECT relation, conflict_policy FROM concord.tracked_tables;
SELECT record, operation FROM news() WHERE "table" = 'other';

-- Odd names, of tables, schemas and columns.
CREATE SCHEMA "S p a c e";
CREATE TABLE "S p a c e"."Ta""ble.x" ("I d" int PRIMARY KEY, "a,b" text, "c""d" text, " e=f " text, "UPPER" text, "ünï" text);
SELECT concord.track('"S p a c e"."Ta""ble.x"', version_column => 'ver sion', exclude => '{"a,b"," e=f "}', redact => '{"c\"d",UPPER}',
                     redact_default => '{"c\"d": "it''s \\ \"", "UPPER": null}', merge_silently => '{ünï}', record_key => '{"I d"}');
SELECT * FROM concord.tracked_tables WHERE table_schema = 'S p a c e' \gx
SELECT name, arguments FROM triggers WHERE relation = '"S p a c e"."Ta""ble.x"'::regclass;
INSERT INTO "S p a c e"."Ta""ble.x" VALUES (1, 'a', 'c', 'e', 'U', 'u');
SELECT concord.untrack('"S p a c e"."Ta""ble.x"');
INSERT INTO "S p a c e"."Ta""ble.x" VALUES (2);
SELECT "table", record, operation, new - 'ver sion' AS new, metadata FROM news();

-- untrack() takes all triggers; the version column and the history stay. Twice is harmless.
SELECT concord.untrack('page');
SELECT concord.untrack('page');
SELECT relation, name FROM triggers;
SELECT relation FROM concord.tracked_tables;
INSERT INTO page (id) VALUES (9);
SELECT record, operation FROM news();
SELECT count(*) > 0 AS history FROM concord.history('page', '3');
-- Tracked again, with the column that is still there.
SELECT concord.track('page', redact => '{password}');
INSERT INTO page (id) VALUES (10);
SELECT record, operation FROM news();
SELECT concord.untrack('page');

-- Triggers made by hand are like any others; that they fire always is seen to.
CREATE TABLE hand (id int PRIMARY KEY, a text, b text, version concord.hlc);
CREATE TRIGGER "my capture" AFTER INSERT OR UPDATE OR DELETE ON hand
    FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('conflict_policy=merge', ' exclude = A , "b" ');
CREATE TRIGGER "my version" BEFORE INSERT OR UPDATE ON hand
    FOR EACH ROW EXECUTE FUNCTION concord.version_trigger('version_column=version', 'on_stale=reject');
CREATE TRIGGER "my truncate" BEFORE TRUNCATE ON hand
    FOR EACH STATEMENT EXECUTE FUNCTION concord.truncate_trigger();
SELECT name, enabled, function, arguments FROM triggers WHERE relation = 'hand'::regclass;
SELECT relation, conflict_policy, version_column, on_stale, exclude, capturing FROM concord.tracked_tables WHERE relation = 'hand'::regclass;
SET session_replication_role = replica;
INSERT INTO hand VALUES (1, 'x', 'y');
TRUNCATE hand;
RESET session_replication_role;
SELECT record, operation, old - 'version' AS old, new - 'version' AS new FROM news();
-- track() takes them over.
SELECT concord.track('hand', version_column => 'version');
SELECT name, enabled, function, arguments FROM triggers WHERE relation = 'hand'::regclass;
INSERT INTO hand VALUES (1, 'x', 'y');
SELECT record, operation, new - 'version' AS new FROM news();
-- Two capture triggers would capture twice: track() leaves one.
CREATE TRIGGER another AFTER INSERT OR UPDATE OR DELETE ON hand FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger();
SELECT concord.track('hand', version_column => 'version');
SELECT name FROM triggers WHERE relation = 'hand'::regclass;
DROP TABLE hand;
