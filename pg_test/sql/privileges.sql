-- Who may do what: anybody writes tracked tables and says who acts; the rest is granted; nobody writes the log.
CREATE EXTENSION concord;
CREATE ROLE regress_writer;
CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
CREATE TABLE page (id int PRIMARY KEY, title text);
ALTER TABLE page OWNER TO regress_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON page TO regress_writer;
SELECT concord.track('page');
\set SHOW_CONTEXT never

-- A role that may write the table: its changes are captured, stale ones too, and it can say who acts.
SET ROLE regress_writer;
BEGIN;
SELECT concord.set_context(user_id => 'editor');
INSERT INTO page VALUES (1, 'one'), (2, 'two');
UPDATE page SET title = 'zwei' WHERE id = 2;
DELETE FROM page WHERE id = 2;
COMMIT;
SELECT row_version AS v FROM page \gset
\c -
SET ROLE regress_writer;
\set VERBOSITY terse
UPDATE page SET title = 'eins';
UPDATE page SET title = 'stale', row_version = :'v';
\set VERBOSITY verbose
SELECT concord.node_id() IS NOT NULL AS node_id, concord.gen_ulid() IS NOT NULL AS gen_ulid, concord.hlc_now() IS NOT NULL AS hlc_now,
       concord.ulid_is_valid('x') AS ulid_is_valid, concord.hlc_step('1', NULL, 0) AS hlc_step;
-- All else is refused.
SELECT concord.hlc_observe('5');
SELECT concord.hlc_reset();
SELECT concord.heartbeat();
SELECT concord.tick();
SELECT concord.flush();
SELECT concord.track('page');
SELECT concord.untrack('page');
SELECT concord.history('page', '1');
SELECT concord.row_at('page', '1', now());
SELECT concord.row_at_hlc('page', '1', '0');
SELECT concord.consume('mine', 1);
SELECT concord.acknowledge('mine', '00000000000000000000000000');
SELECT * FROM concord.change_events;
SELECT * FROM concord.conflicts;
SELECT * FROM concord.nodes;
SELECT * FROM concord.identity;
SELECT * FROM concord.consumers;
SELECT * FROM concord.capture_windows;
SELECT * FROM concord.status;
SELECT * FROM concord.tracked_tables;
TRUNCATE page;
CREATE TABLE concord.mine (id int);
CREATE TABLE mine (id int);
CREATE TEMPORARY TABLE mine (id int);
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON mine FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger();
SET concord.node_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
SET concord.node_name = 'mine';
SET concord.capture = off;
SET concord.max_clock_drift = 1;
RESET ROLE;

-- The table's owner may not touch the log, either.
SET ROLE regress_owner;
UPDATE page SET title = 'by the owner';
INSERT INTO concord.change_events SELECT * FROM concord.change_events;
UPDATE concord.change_events SET action = 'x';
DELETE FROM concord.change_events;
TRUNCATE concord.change_events;
ALTER TABLE concord.change_events DISABLE TRIGGER ALL;
DROP TABLE concord.change_events;
DELETE FROM concord.conflicts;
UPDATE concord.nodes SET name = 'x';
SELECT concord.track('page');
RESET ROLE;
-- Nor who was granted to read it.
GRANT SELECT ON concord.change_events, concord.conflicts, concord.nodes, concord.consumers, concord.status, concord.tracked_tables TO regress_owner;
GRANT EXECUTE ON FUNCTION concord.history(regclass, text), concord.record_names(regclass, text), concord.table_names(regclass) TO regress_owner;
SET ROLE regress_owner;
SELECT operation, user_id FROM concord.history('page', '1');
SELECT count(*) > 0 AS read FROM concord.change_events;
SELECT conflict_type FROM concord.conflicts;
DELETE FROM concord.change_events;
INSERT INTO concord.change_events (event_id) VALUES ('00000000000000000000000000');
RESET ROLE;

-- An owner who was granted the functions tracks, alters, truncates and untracks; other people's tables not.
GRANT EXECUTE ON FUNCTION concord.track, concord._track_with_text, concord.untrack(regclass), concord.capture_trigger(),
    concord.version_trigger(), concord.truncate_trigger() TO regress_owner;
SET ROLE regress_owner;
CREATE TABLE own (id int PRIMARY KEY, title text);
SELECT concord.track('own');
INSERT INTO own VALUES (1, 'x');
ALTER TABLE own ADD COLUMN more int;
ALTER TABLE own DISABLE TRIGGER concord_capture;
ALTER TABLE own ENABLE ALWAYS TRIGGER concord_capture;
ALTER TABLE own RENAME TO renamed;
TRUNCATE renamed;
SELECT concord.track('renamed', conflict_policy => 'merge', version_column => NULL);
CREATE TABLE part (id int, lang text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE part_de PARTITION OF part FOR VALUES IN ('de');
SELECT concord.track('part');
CREATE TABLE part_en PARTITION OF part FOR VALUES IN ('en');
INSERT INTO part VALUES (1, 'de'), (1, 'en');
TRUNCATE part_en;
CREATE TABLE hand (id int PRIMARY KEY);
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON hand FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger();
INSERT INTO hand VALUES (1);
SELECT concord.untrack('renamed');
SELECT table_name, record_id, operation, metadata FROM concord.change_events WHERE table_name <> 'page' ORDER BY node_sequence;
RESET ROLE;
CREATE TABLE of_superuser (id int PRIMARY KEY);
SET ROLE regress_owner;
SELECT concord.track('of_superuser');
SELECT concord.track('concord.change_events');
RESET ROLE;
-- What a superuser tracks stays its owner's: partitions come and go as before. To track another table is still another right.
CREATE ROLE regress_partitioner;
GRANT CREATE ON SCHEMA public TO regress_partitioner;
SET ROLE regress_partitioner;
CREATE TABLE year (id int, y int, PRIMARY KEY (id, y)) PARTITION BY LIST (y);
CREATE TABLE year_1 PARTITION OF year FOR VALUES IN (1);
RESET ROLE;
SELECT concord.track('year');
SET ROLE regress_partitioner;
CREATE TABLE year_2 PARTITION OF year FOR VALUES IN (2);
CREATE TABLE year_3 (LIKE year);
ALTER TABLE year ATTACH PARTITION year_3 FOR VALUES IN (3);
INSERT INTO year VALUES (1, 2), (1, 3);
TRUNCATE year_2;
ALTER TABLE year DETACH PARTITION year_3;
CREATE TABLE untracked (id int PRIMARY KEY);
CREATE TRIGGER one AFTER INSERT ON untracked FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger();
CREATE TRIGGER two BEFORE INSERT ON untracked FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
CREATE TRIGGER three BEFORE TRUNCATE ON untracked FOR EACH STATEMENT EXECUTE FUNCTION concord.truncate_trigger();
RESET ROLE;
SELECT record_id, operation, metadata ->> 'change' AS change FROM concord.change_events WHERE table_name = 'year' ORDER BY node_sequence;
DROP OWNED BY regress_partitioner;
DROP ROLE regress_partitioner;
-- A member of the owning role is as good as the owner.
CREATE ROLE regress_member IN ROLE regress_owner;
SET ROLE regress_member;
SELECT concord.track('hand', version_column => NULL);
RESET ROLE;

DROP OWNED BY regress_member, regress_owner, regress_writer;
DROP ROLE regress_member, regress_owner, regress_writer;
