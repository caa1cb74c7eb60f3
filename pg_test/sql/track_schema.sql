-- A whole schema is tracked by one call, what is not tracked can be seen, and a secret that comes later is warned of.
CREATE EXTENSION concord;
CREATE SCHEMA cms;
SET search_path = cms, public;
CREATE TABLE page (id int PRIMARY KEY, slug text UNIQUE, title text, modified timestamptz);
CREATE TABLE menu (id int PRIMARY KEY, parent int, next int, modified timestamptz);
CREATE TABLE account (name text PRIMARY KEY, password_hash text NOT NULL DEFAULT '!');
CREATE TABLE "Session" (id int PRIMARY KEY, data text);
CREATE TABLE nokey (body text);
CREATE TABLE coded (code text NOT NULL UNIQUE, body text);
CREATE UNLOGGED TABLE cache (id int PRIMARY KEY);
CREATE TABLE parted (id int PRIMARY KEY, body text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (100);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE odd (id int PRIMARY KEY, row_version int);
CREATE TABLE tracked (id int PRIMARY KEY, modified timestamptz);
CREATE VIEW shown AS SELECT * FROM page;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM page;
CREATE TABLE public.elsewhere (id int PRIMARY KEY);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE distant (id int) SERVER far;
CREATE TABLE lent (id int PRIMARY KEY);
ALTER EXTENSION plpgsql ADD TABLE lent;
CREATE TEMP TABLE fleeting (id int PRIMARY KEY);
SELECT concord.track('tracked', version_column => NULL);
SELECT table_schema, table_name, obstacle FROM concord.untracked_tables ORDER BY table_schema, table_name;

-- What is wrong with the call changes nothing.
\set SHOW_CONTEXT never
SELECT * FROM concord.track_schema('cmss');
SELECT * FROM concord.track_schema(NULL);
SELECT * FROM concord.track_schema('concord');
SELECT * FROM concord.track_schema('cms', '{session}');
SELECT * FROM concord.track_schema('cms', ARRAY[NULL]::name[]);
SELECT * FROM concord.track_schema('cms', redact => '{passwort}');
SELECT * FROM concord.track_schema('cms', record_key => '{nothing}');
SELECT * FROM concord.track_schema('cms', conflict_policy => 'best');
SELECT * FROM concord.track_schema('cms', redact_default => '[]');
SELECT * FROM concord.track_schema('cms', merge_groups => '{}');
SELECT table_name FROM concord.tracked_tables;

-- Each table gets of the named columns those that it has.
SELECT * FROM concord.track_schema('cms', '{Session}', conflict_policy => 'merge', redact => '{password_hash}',
    redact_default => '{"password_hash": "!"}', merge_silently => '{modified}', rename => '{slug}',
    merge_groups => '[["parent", "next"]]', record_key => '{code}');
SELECT relation, conflict_policy, version_column, redact, redact_default, merge_silently, rename, merge_groups, record_key
FROM concord.tracked_tables ORDER BY relation::text;
SELECT relation, obstacle FROM concord.untracked_tables ORDER BY relation::text;
-- Again, when tables have been added: those that are tracked keep their options.
CREATE TABLE media (id int PRIMARY KEY);
SELECT * FROM concord.track_schema('cms', '{Session}', version_column => NULL) WHERE result NOT LIKE 'not tracked%';
SELECT relation, conflict_policy, version_column FROM concord.tracked_tables WHERE relation IN ('media'::regclass, 'page'::regclass) ORDER BY 1;

-- By somebody who owns some of the tables.
CREATE ROLE regress_designer;
GRANT USAGE, CREATE ON SCHEMA cms TO regress_designer;
GRANT EXECUTE ON FUNCTION concord.track_schema, concord.track, concord._track_with_text, concord.capture_trigger,
    concord.version_trigger, concord.truncate_trigger TO regress_designer;
SELECT concord.untrack('media');
SET ROLE regress_designer;
CREATE TABLE mine (id int PRIMARY KEY);
SELECT * FROM concord.track_schema('cms', '{Session}') WHERE relation IN ('media'::regclass, 'mine'::regclass);
RESET ROLE;

-- A secret that comes later, under its name or by a new one, is warned of once; what is left out of images is not.
ALTER TABLE page ADD COLUMN reset_token text;
ALTER TABLE page ADD COLUMN summary text;
ALTER TABLE page RENAME COLUMN summary TO "Secret summary";
ALTER TABLE page RENAME COLUMN reset_token TO once;
ALTER TABLE account RENAME COLUMN password_hash TO password;
ALTER TABLE account ADD COLUMN pwd text, ADD COLUMN salt text;
ALTER TABLE parted ADD COLUMN api_key text;
ALTER TABLE "Session" ADD COLUMN token text;
SELECT concord.track('page', redact => '{Secret summary}');
ALTER TABLE page ADD COLUMN note text;
-- So is one in a table whose triggers are made by hand.
CREATE TABLE manual (id int PRIMARY KEY, apikey text, token text);
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON manual
    FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('exclude=token');
CREATE TABLE other (id int PRIMARY KEY);
DROP OWNED BY regress_designer;
DROP ROLE regress_designer;
