-- Messages that no other test shows whole.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
CREATE TABLE note (id int PRIMARY KEY);
SELECT concord.track('page', version_column => NULL);

-- arguments
INSERT INTO note VALUES (1);
SELECT concord.row_image('page', note) FROM note;
SELECT concord.track('page', exclude => '{NULL}');
CREATE TEMPORARY TABLE draft (id int PRIMARY KEY);
DO $$
DECLARE
    hint text;
BEGIN
    PERFORM concord.track('draft');
EXCEPTION WHEN feature_not_supported THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% / %', regexp_replace(SQLERRM, 'pg_temp_\d+', 'pg_temp'), hint;
END
$$;
SELECT concord.export_events('[]');
SELECT concord.export_events(NULL);
SELECT concord.export_events('{"oslo": 1}');
SELECT concord.apply_events(NULL);
SELECT concord.apply_events('{NULL}');
SELECT concord.apply_events('{"7"}');

-- transactions
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT concord.apply_events('{}');
ROLLBACK;
BEGIN;
INSERT INTO page VALUES (1, 'Home');
SELECT concord.apply_events('{}');
ROLLBACK;

-- events of another node
SELECT current_database() AS here \gset
CREATE DATABASE messages_there;
\connect messages_there
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);
INSERT INTO page VALUES (2, 'News');
SELECT json_agg(e) AS events FROM concord.export_events() e \gset
\connect :here
DROP DATABASE messages_there;
SELECT concord.apply_events(ARRAY[:'events'::jsonb -> 0 || '{"hlc": 7}']);
SELECT concord.apply_events(ARRAY[:'events'::jsonb -> 0 || '{"operation": "EXPLODE"}']);
SELECT concord.apply_events(ARRAY[:'events'::jsonb -> 0 || '{"group_size": 0}']);
SELECT concord.apply_events(ARRAY[(:'events'::jsonb -> 0) - 'observed']);
SELECT concord.apply_events(ARRAY[(:'events'::jsonb -> 0) - 'session_user']);
SELECT concord.apply_events(ARRAY[(:'events'::jsonb -> 0) - 'new_values']);
BEGIN;
SELECT applied FROM concord.apply_events(ARRAY(SELECT jsonb_array_elements(:'events')));
PREPARE TRANSACTION 'p';

-- an untracked table that refers to what another node deletes
SELECT applied FROM concord.apply_events(ARRAY(SELECT jsonb_array_elements(:'events')));
CREATE TABLE remark (page int REFERENCES page);
INSERT INTO remark VALUES (2);
SELECT concord.gen_ulid() AS id \gset
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, detected_at)
VALUES (:'id', 'public', 'page', '2', 'update_deleted', 'manual', now());
SELECT concord.resolve_conflict(:'id', 'local');

-- a deferred trigger of another table that has the name of one of this table
CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER same AFTER INSERT OR UPDATE OR DELETE ON page DEFERRABLE FOR EACH ROW EXECUTE FUNCTION ignore();
CREATE CONSTRAINT TRIGGER same AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ignore();
ALTER TABLE page ENABLE ALWAYS TRIGGER same;
BEGIN;
INSERT INTO note VALUES (2);
SELECT concord.resolve_conflict(:'id', 'merged', '{"title": "Old news"}');
ROLLBACK;

-- a trigger that suppresses what is written
CREATE TRIGGER suppress BEFORE INSERT OR UPDATE OR DELETE ON page FOR EACH ROW EXECUTE FUNCTION ignore();
ALTER TABLE page ENABLE ALWAYS TRIGGER suppress;
SELECT concord.resolve_conflict(:'id', 'merged', '{"title": "Old news"}');
DROP TRIGGER suppress ON page;

-- a database of another encoding
CREATE DATABASE messages_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\connect messages_latin1
CREATE EXTENSION concord;
\connect :here
DROP DATABASE messages_latin1;

-- a function of the library without the extension
SET client_min_messages = warning;
DROP EXTENSION concord CASCADE;
CREATE FUNCTION left_over() RETURNS void LANGUAGE c AS 'concord', 'concord_heartbeat_now';
SELECT left_over();
