-- What happens to tracked tables themselves: altered, renamed, moved, dropped. Tracking and history follow.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all
CREATE SCHEMA cms;
CREATE TYPE cms.kind AS ENUM ('page', 'post');
CREATE TABLE cms.page (id int PRIMARY KEY, title text, kind cms.kind DEFAULT 'page');
CREATE TABLE untracked (id int);
SELECT concord.track('cms.page', version_column => NULL);
INSERT INTO cms.page VALUES (1, 'one');
SELECT n, "group", "table", record, operation, metadata FROM news();

-- Altered: once per command, whatever it does; not what leaves the table alone, and not other tables.
ALTER TABLE cms.page ADD COLUMN body text, ADD COLUMN extra int;
ALTER TABLE cms.page RENAME COLUMN extra TO other;
ALTER TABLE cms.page ALTER COLUMN title SET NOT NULL;
ALTER TABLE IF EXISTS cms.page DROP COLUMN IF EXISTS other;
CREATE INDEX ON cms.page (title);
COMMENT ON TABLE cms.page IS 'a comment';
ALTER TABLE untracked ADD COLUMN x int;
CREATE TABLE more (id int PRIMARY KEY REFERENCES cms.page);
DROP TABLE more;
ALTER TYPE cms.kind RENAME VALUE 'post' TO 'article';
SELECT n, "group", "table", record, operation, metadata FROM news();

-- In one group with the changes of its transaction, and gone with what is rolled back.
BEGIN;
INSERT INTO cms.page VALUES (2, 'two');
ALTER TABLE cms.page ADD COLUMN a int;
SAVEPOINT s;
ALTER TABLE cms.page ADD COLUMN b int;
ROLLBACK TO s;
UPDATE cms.page SET a = 1 WHERE id = 2;
COMMIT;
SELECT n, "group", "table", record, operation, new, metadata FROM news();

-- Renamed, and moved to another schema: events go under the new name, history under all of them.
ALTER TABLE cms.page RENAME TO content;
INSERT INTO cms.content VALUES (3, 'three');
UPDATE cms.content SET title = 'uno' WHERE id = 1;
ALTER TABLE cms.content SET SCHEMA public;
UPDATE content SET title = 'eins' WHERE id = 1;
SELECT table_schema, table_name FROM concord.tracked_tables;
CREATE TABLE cms.other (id int PRIMARY KEY);
SELECT concord.track('cms.other', version_column => NULL);
INSERT INTO cms.other VALUES (1);
ALTER SCHEMA cms RENAME TO website;
INSERT INTO website.other VALUES (2);
ALTER TABLE content SET SCHEMA website;
ALTER SCHEMA website RENAME TO site;
UPDATE site.content SET title = 'un' WHERE id = 1;
SELECT e.n, c.table_schema, e."table", e.record, e.operation, e.metadata
FROM news() e JOIN concord.change_events c ON c.node_sequence = e.n;
SELECT table_schema, table_name, operation, new_values ->> 'title' AS title FROM concord.history('site.content', '1');
SELECT record_id FROM concord.history('site.other', '1');
-- Two tables that change names keep their own histories.
BEGIN;
ALTER TABLE site.content RENAME TO swap;
ALTER TABLE site.other RENAME TO content;
ALTER TABLE site.swap RENAME TO other;
COMMIT;
INSERT INTO site.content VALUES (3);
UPDATE site.other SET title = 'trois' WHERE id = 3;
SELECT "table", record, operation, new, metadata FROM news();
SELECT table_name, operation, new_values FROM concord.history('site.content', '3');
SELECT table_name, operation, new_values FROM concord.history('site.other', '3');
SELECT concord.row_at_hlc('site.content', '3', concord.hlc_now()) AS content, concord.row_at_hlc('site.other', '3', concord.hlc_now()) ->> 'title' AS other;

-- Dropped: by itself, with its schema, with its owner. What is made anew under the name is another table, not tracked.
CREATE TABLE one (id int PRIMARY KEY);
CREATE TABLE two (id int PRIMARY KEY);
CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
CREATE TABLE three (id int PRIMARY KEY);
ALTER TABLE three OWNER TO regress_owner;
SELECT concord.track(t, version_column => NULL) FROM unnest('{one,two,three}'::regclass[]) t;
SELECT count(*) FROM news();
DROP TABLE one, two, untracked;
DROP SCHEMA site CASCADE;
DROP OWNED BY regress_owner;
DROP ROLE regress_owner;
CREATE TABLE one (id int PRIMARY KEY);
INSERT INTO one VALUES (1);
SELECT "table", record, operation, metadata FROM news() ORDER BY "table";
SELECT count(*) FROM concord.tracked_tables;
SELECT count(*) FROM concord._watched_tables;
SELECT count(*) FROM concord.capture_windows;

-- Columns that options name: renamed, they are still left out; dropped, nothing is left of them. Writes go on.
CREATE TABLE secretive (id int PRIMARY KEY, title text, secret text, search text);
SELECT concord.track('secretive', version_column => NULL, redact => '{secret}', exclude => '{search}', merge_silently => '{title}');
ALTER TABLE secretive RENAME COLUMN secret TO hash;
INSERT INTO secretive VALUES (1, 'one', 'S3CRET', 'S3CRET');
SELECT redact, exclude FROM concord.tracked_tables WHERE relation = 'secretive'::regclass;
ALTER TABLE secretive DROP COLUMN search, DROP COLUMN title;
UPDATE secretive SET hash = 'S3CRET, too';
SELECT redact, exclude, merge_silently FROM concord.tracked_tables WHERE relation = 'secretive'::regclass;
SELECT record, operation, old, new, metadata FROM news() WHERE operation <> 'DDL';

-- By an owner who may do nothing with concord's tables, and under session_replication_role = replica.
CREATE ROLE regress_owner;
ALTER TABLE one OWNER TO regress_owner;
SELECT concord.track('one', version_column => NULL);
SET session_replication_role = replica;
SET ROLE regress_owner;
ALTER TABLE one ADD COLUMN note text;
INSERT INTO one VALUES (2, 'by its owner');
DROP TABLE one;
RESET ROLE;
RESET session_replication_role;
SELECT "table", record, operation, new, metadata FROM news();
DROP ROLE regress_owner;
