-- The extension comes and goes: what it takes along, and what it leaves working.
CREATE ROLE regress_user;
SET ROLE regress_user;
CREATE EXTENSION concord;
RESET ROLE;
DROP ROLE regress_user;
CREATE EXTENSION concord SCHEMA public;
-- A schema that somebody else has prepared is not taken over: each way of having a hand in it.
CREATE ROLE regress_squatter;
CREATE SCHEMA concord;
CREATE FUNCTION concord.trap(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION concord;
DROP FUNCTION concord.trap;
CREATE TYPE concord.trap AS (a integer);
CREATE EXTENSION concord;
DROP TYPE concord.trap;
CREATE OPERATOR concord.= (leftarg = name, rightarg = name, function = nameeq);
CREATE EXTENSION concord;
DROP OPERATOR concord.= (name, name);
ALTER DEFAULT PRIVILEGES IN SCHEMA concord GRANT ALL ON TABLES TO regress_squatter;
CREATE EXTENSION concord;
ALTER DEFAULT PRIVILEGES IN SCHEMA concord REVOKE ALL ON TABLES FROM regress_squatter;
GRANT CREATE ON SCHEMA concord TO regress_squatter;
CREATE EXTENSION concord;
REVOKE CREATE ON SCHEMA concord FROM regress_squatter;
GRANT CREATE ON SCHEMA concord TO PUBLIC;
CREATE EXTENSION concord;
REVOKE CREATE ON SCHEMA concord FROM PUBLIC;
ALTER SCHEMA concord OWNER TO regress_squatter;
CREATE EXTENSION concord;
ALTER SCHEMA concord OWNER TO CURRENT_USER;
DROP ROLE regress_squatter;
SELECT count(*) FROM pg_extension WHERE extname = 'concord';
-- An empty one of a superuser's own is taken, as pg_restore makes it.
CREATE EXTENSION concord;
SELECT extname, extrelocatable, extnamespace::regnamespace FROM pg_extension WHERE extname = 'concord';
ALTER EXTENSION concord SET SCHEMA public;
CREATE EXTENSION concord;
CREATE EXTENSION IF NOT EXISTS concord;
-- Nothing of it lies outside its schema but the event trigger, and everything in its schema belongs to it.
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'concord')
      AND pg_describe_object(classid, objid, 0) !~ 'concord\.|schema concord|cast |(operator|access method)';
SELECT count(*) FROM pg_class c WHERE relnamespace = 'concord'::regnamespace AND relkind IN ('r', 'v', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e');

-- The tables that a dump must keep, as the script does not make their rows again.
SELECT kept FROM pg_extension, unnest(extconfig::regclass[]) AS kept WHERE extname = 'concord' ORDER BY kept::text COLLATE "C";

-- Dropping it needs CASCADE where tables are tracked, and leaves the application working.
CREATE TABLE page (id int PRIMARY KEY, title text);
CREATE TABLE part (id int, lang text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE part_de PARTITION OF part FOR VALUES IN ('de');
SELECT concord.track('page'), concord.track('part', version_column => NULL);
INSERT INTO page VALUES (1, 'one');
INSERT INTO part VALUES (1, 'de');
DROP EXTENSION concord;
BEGIN;
DROP EXTENSION concord CASCADE;
INSERT INTO page VALUES (2, 'two');
UPDATE part SET id = 2;
ROLLBACK;
INSERT INTO page VALUES (3, 'three');
SELECT table_name, record_id, operation FROM concord.change_events ORDER BY node_sequence;
DROP EXTENSION concord CASCADE;
\d page
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('page'::regclass, 'part'::regclass, 'part_de'::regclass);
INSERT INTO page VALUES (4, 'four');
TRUNCATE part;
ALTER TABLE page ADD COLUMN body text;
DROP TABLE part;
SELECT count(*) FROM pg_class WHERE relnamespace = 'concord'::regnamespace;

-- Made anew it begins at the beginning, in this session and others.
CREATE EXTENSION concord;
SELECT concord.track('page');
INSERT INTO page VALUES (5, 'five');
SELECT node_sequence, record_id FROM concord.change_events;
\c -
INSERT INTO page VALUES (6, 'six');
SELECT node_sequence, record_id FROM concord.change_events;
-- Within one transaction, too.
BEGIN;
DROP EXTENSION concord CASCADE;
CREATE EXTENSION concord;
SELECT concord.track('page');
INSERT INTO page VALUES (7, 'seven');
COMMIT;
INSERT INTO page VALUES (8, 'eight');
SELECT node_sequence, record_id FROM concord.change_events;

-- Settings: names under concord's prefix are its own; values are checked.
SET concord.max_clock_drift = 0;
SET concord.max_clock_drift = 'long';
SET concord.heartbeat_interval = 1;
SET concord.node_stale_after = 1;
SELECT name, setting, unit, context FROM pg_settings WHERE name LIKE 'concord.%' ORDER BY name;
