-- What track() and the trigger functions refuse: each with its SQLSTATE, the name of what is wrong, and what to do.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text, lang text NOT NULL);

-- Relations that cannot be tracked.
CREATE VIEW page_view AS SELECT * FROM page;
SELECT concord.track('page_view');
CREATE MATERIALIZED VIEW page_matview AS SELECT * FROM page;
SELECT concord.track('page_matview');
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE page_file (id int) SERVER files OPTIONS (filename '/dev/null');
SELECT concord.track('page_file');
CREATE TEMPORARY TABLE page_temp (id int PRIMARY KEY);
\set VERBOSITY sqlstate
SELECT concord.track('page_temp');
\set VERBOSITY verbose
CREATE UNLOGGED TABLE page_unlogged (id int PRIMARY KEY);
SELECT concord.track('page_unlogged');
CREATE SEQUENCE page_sequence;
SELECT concord.track('page_sequence');
SELECT concord.track('page_pkey');
CREATE TYPE page_type AS (id int);
SELECT concord.track('page_type');
CREATE TABLE parts (id int, lang text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE parts_de PARTITION OF parts FOR VALUES IN ('de');
SELECT concord.track('parts_de');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
SELECT concord.track('parent');
SELECT concord.track('child');
CREATE TABLE keyless (id int);
SELECT concord.track('keyless');
SELECT concord.track('concord.change_events');
SELECT concord.track('pg_class');
SELECT concord.track('information_schema.sql_features');
SELECT concord.track('nowhere');
SELECT concord.track(NULL);
SELECT concord.track(4294967295);
SELECT concord.untrack(NULL);
SELECT concord.untrack(4294967295);
SELECT concord.untrack('page_view');
-- A table that came to inherit after it was tracked.
CREATE TABLE loner (id int PRIMARY KEY);
SELECT concord.track('loner', version_column => NULL);
CREATE TABLE heir () INHERITS (loner);
CREATE TABLE ancestor (id int PRIMARY KEY);
CREATE TABLE heir () INHERITS (ancestor);
SELECT concord.track('ancestor', version_column => NULL);
DROP TABLE heir, ancestor;
SELECT concord.untrack('loner');

-- Columns that do not exist, in each option; system columns and dropped ones do not, either.
SELECT concord.track('page', exclude => '{nowhere}');
SELECT concord.track('page', redact => '{Title}');
SELECT concord.track('page', merge_groups => '[["title", "nowhere"]]');
SELECT concord.track('page', merge_silently => '{nowhere}');
SELECT concord.track('page', rename => '{nowhere}');
SELECT concord.track('page', record_key => '{nowhere}');
SELECT concord.track('page', exclude => '{xmin}');
SELECT concord.track('page', exclude => '{title,title}');
SELECT concord.track('page', exclude => '{title}', redact => '{title}');
SELECT concord.track('page', exclude => '{""}');
\set VERBOSITY sqlstate
SELECT concord.track('page', exclude => ARRAY[NULL]::name[]);
\set VERBOSITY verbose
SELECT concord.track('page', merge_silently => '{title}', exclude => '{title}');

-- Values that make no sense.
SELECT concord.track('page', conflict_policy => 'newest');
SELECT concord.track('page', conflict_policy => 'LWW');
SELECT concord.track('page', on_stale => 'ignore');
SELECT concord.track('page', on_missing_parent => 'orphan');
SELECT concord.track('page', merge_groups => '["title"]');
SELECT concord.track('page', merge_groups => '{"a": ["title"]}');
SELECT concord.track('page', redact_default => '["title"]');
SELECT concord.track('page', redact_default => '{"title": "x"}');
SELECT concord.track('page', redact => '{lang}');
SELECT concord.track('page', version_column => 'title');
SELECT concord.track('page', version_column => 'id');
SELECT concord.track('page', exclude => '{id}');
SELECT concord.track('page', redact => '{id}', redact_default => '{"id": 1}');
SELECT concord.track('page', colour => 'red');
-- Nothing of all that left a trace.
SELECT count(*) FROM concord.tracked_tables;
SELECT attname FROM pg_attribute WHERE attrelid = 'page'::regclass AND attnum > 0;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'page'::regclass;

-- Somebody else's table.
CREATE ROLE regress_editor;
GRANT ALL ON page TO regress_editor;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA concord TO regress_editor;
SET ROLE regress_editor;
SELECT concord.track('page');
SELECT concord.untrack('page');
RESET ROLE;
DROP OWNED BY regress_editor;
DROP ROLE regress_editor;

-- Trigger functions that are called or fired as they should not be.
SELECT concord.capture_trigger();
SELECT concord.version_trigger();
SELECT concord.truncate_trigger();
SELECT concord._watch_ddl();
CREATE TABLE hand (id int PRIMARY KEY, title text, secret text);
CREATE TRIGGER wrong BEFORE INSERT ON hand FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger();
INSERT INTO hand VALUES (1);
DROP TRIGGER wrong ON hand;
CREATE TRIGGER wrong AFTER INSERT ON hand FOR EACH STATEMENT EXECUTE FUNCTION concord.capture_trigger();
INSERT INTO hand VALUES (1);
DROP TRIGGER wrong ON hand;
CREATE TRIGGER wrong AFTER INSERT ON hand FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
INSERT INTO hand VALUES (1);
DROP TRIGGER wrong ON hand;
CREATE TRIGGER wrong BEFORE DELETE ON hand FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
INSERT INTO hand VALUES (1);
DELETE FROM hand;
DROP TRIGGER wrong ON hand;
CREATE TRIGGER wrong BEFORE INSERT ON hand FOR EACH ROW EXECUTE FUNCTION concord.truncate_trigger();
INSERT INTO hand VALUES (1);
DROP TRIGGER wrong ON hand;
CREATE TRIGGER wrong BEFORE INSERT ON hand FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
INSERT INTO hand VALUES (2);
DROP TRIGGER wrong ON hand;
-- Arguments that the functions do not take: the trigger is not made.
CREATE PROCEDURE try_argument(argument text) LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    EXECUTE format('CREATE TRIGGER hand AFTER INSERT ON hand FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger(%L)', argument);
    RAISE NOTICE 'accepted: %', argument;
    DROP TRIGGER hand ON hand;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% % (%)', sqlstate, message, hint;
END
$$;
CALL try_argument('colour=red');
CALL try_argument('secret');
CALL try_argument('=');
CALL try_argument('exclude=nowhere');
CALL try_argument('exclude="title');
CALL try_argument('exclude=title,,secret');
CALL try_argument('exclude="ti"tle');
CALL try_argument('conflict_policy=newest');
CALL try_argument('on_stale=');
CALL try_argument('on_missing_parent=x');
CALL try_argument('merge_groups=title');
CALL try_argument('merge_groups=[["nowhere"]]');
CALL try_argument('redact_default=1');
CALL try_argument('record_key=');
CALL try_argument('record_key=nowhere');
CALL try_argument('version_column=a,b');
CALL try_argument('version_column=nowhere');
CALL try_argument('version_column=title');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'hand'::regclass;
-- Whatever was refused left no event.
SELECT count(*) FROM concord.change_events WHERE record_id IS NOT NULL;
-- A table that is none, or has gone.
SELECT concord._row_now(4294967295::regclass, '1');
SELECT concord._row_now(0::regclass, '1');
SELECT concord.track(4294967295::regclass);
SELECT concord.digest(4294967295::regclass);
