-- Trees in pointers: what track_tree takes and refuses, what it follows, and what a tick finds here.
CREATE EXTENSION concord;
\set SHOW_CONTEXT never
CREATE TABLE page (
    id text PRIMARY KEY, title text, secret text,
    parent text, first_child text, next text, prev text, number int);

-- Refused.
SELECT concord.track_tree('page', 'parent');
SELECT concord.track('page', redact => '{secret}');
SELECT concord.track_tree(NULL, 'parent');
SELECT concord.track_tree('page', NULL);
SELECT concord.track_tree('page', 'Parent');
SELECT concord.track_tree('page', 'parent', prev => 'before');
SELECT concord.track_tree('page', 'secret');
SELECT concord.track_tree('page', 'number');
SELECT concord.track_tree('page', 'parent', next => 'id');
SELECT concord.track_tree('page', 'parent', next => 'prev', prev => 'prev');
CREATE VIEW pages AS TABLE page;
SELECT concord.track_tree('pages', 'parent');
DROP VIEW pages;
SELECT concord.track_tree('nowhere', 'parent');
CREATE TABLE label (page text, locale text, parent text, PRIMARY KEY (page, locale));
SELECT concord.track('label');
SELECT concord.track_tree('label', 'parent');
SELECT concord.untrack_tree('page');
SELECT concord.untrack_tree(NULL);
CREATE ROLE regress_editor;
GRANT EXECUTE ON FUNCTION concord.track_tree, concord.untrack_tree TO regress_editor;
SET ROLE regress_editor;
SELECT concord.track_tree('page', 'parent');
SELECT concord.untrack_tree('page');
RESET ROLE;
SELECT * FROM concord.trees;

-- Declared, and declared otherwise.
SELECT concord.track_tree('page', 'parent', 'first_child', 'next', 'prev');
SELECT concord.track_tree('page', 'parent', next => 'next');
SELECT table_schema, table_name, parent, first_child, next, prev FROM concord.trees;
SELECT concord.track_tree('page', 'parent', 'first_child', 'next', 'prev');
-- The owner may, too.
CREATE TABLE own (id int PRIMARY KEY, up int);
ALTER TABLE own OWNER TO regress_editor;
SELECT concord.track('own');
SET ROLE regress_editor;
SELECT concord.track_tree('own', 'up');
RESET ROLE;

-- What tick finds: a background worker may have been there first.
CREATE FUNCTION found() RETURNS TABLE (record_id text, problem text, rows jsonb, columns jsonb, resolution text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM concord.tick() FROM generate_series(1, 3), pg_sleep(0.1);
    RETURN QUERY SELECT c.record_id, c.detail ->> 'problem', c.detail -> 'rows', c.detail -> 'columns', c.resolution
                 FROM concord.conflicts c WHERE c.conflict_type = 'tree' ORDER BY c.conflict_id::text COLLATE "C", c.record_id;
END $$;
INSERT INTO page (id, parent, first_child, next, prev) VALUES
    ('home', NULL, 'a', NULL, NULL),
    ('a', 'home', NULL, 'b', NULL), ('b', 'home', 'c', NULL, 'a'), ('c', 'b', NULL, NULL, NULL);
SELECT * FROM found();
-- Under each other; an edit beside that changes nothing about it.
BEGIN;
UPDATE page SET parent = 'c', prev = NULL WHERE id = 'b';
UPDATE page SET next = NULL WHERE id = 'a';
UPDATE page SET first_child = 'b' WHERE id = 'c';
COMMIT;
SELECT * FROM found();
SELECT conflict_id AS id FROM concord.conflicts \gset
UPDATE page SET title = 'edited' WHERE id = 'b';
SELECT * FROM found();
SELECT count(*) AS the_same FROM concord.conflicts WHERE conflict_id = :'id';
SELECT c.conflict_policy, l.record_id AS local, r.record_id AS remote, c.resolved_at IS NULL AS open
FROM concord.conflicts c JOIN concord.change_events l ON l.event_id = local_event_id JOIN concord.change_events r ON r.event_id = remote_event_id;
-- Put right.
BEGIN;
UPDATE page SET parent = 'home', prev = 'a' WHERE id = 'b';
UPDATE page SET first_child = NULL WHERE id = 'c';
UPDATE page SET next = 'b' WHERE id = 'a';
COMMIT;
SELECT * FROM found();
-- Closed by hand while it stands: it stays closed, until a pointer changes again.
TRUNCATE concord.conflicts;
UPDATE page SET prev = 'c' WHERE id = 'b';
SELECT * FROM found();
UPDATE concord.conflicts SET resolved_at = now(), resolution = 'by hand';
UPDATE page SET title = 'edited again' WHERE id = 'b';
SELECT * FROM found();
UPDATE page SET prev = NULL WHERE id = 'b';
SELECT rows, columns, resolution FROM found();
UPDATE page SET prev = 'a' WHERE id = 'b';
SELECT rows, columns, resolution FROM found();

-- Keys that look like something else.
TRUNCATE concord.conflicts;
TRUNCATE page;
SELECT concord.track_tree('page', 'parent', next => 'next', prev => 'prev');
INSERT INTO page (id, parent) VALUES
    ('NULL', ''), ('', '{"a": [1]}'), ('{"a": [1]}', E'quote '' and " and \\ and \n and %s'),
    (E'quote '' and " and \\ and \n and %s', '["x", "y"]'), ('["x", "y"]', 'NULL'), ('null', NULL);
SELECT record_id, problem, jsonb_pretty(rows) AS rows FROM found();
TRUNCATE concord.conflicts;
TRUNCATE page;
-- Numbers whose texts differ are one key.
CREATE TABLE odd (id numeric PRIMARY KEY, up numeric, after numeric);
SELECT concord.track('odd');
INSERT INTO odd VALUES (1.0, 2.00, NULL), (2, 1, 3.50), (3.5, 1.000, NULL);
SELECT concord.track_tree('odd', 'up', next => 'after');
-- What there is when it is declared is looked at.
SELECT * FROM found();
SELECT concord.untrack_tree('odd');
SELECT * FROM found();

-- Names follow; what is dropped is no pointer any more.
ALTER TABLE page RENAME COLUMN next TO following;
ALTER TABLE page RENAME TO sheet;
CREATE SCHEMA cms;
ALTER TABLE sheet SET SCHEMA cms;
ALTER TABLE cms.sheet DROP COLUMN prev;
SELECT table_schema, table_name, parent, first_child, next, prev FROM concord.trees ORDER BY table_name;
INSERT INTO cms.sheet (id, parent) VALUES ('x', 'x');
SELECT problem, rows, resolution FROM found();
ALTER TABLE cms.sheet RENAME TO page;
SELECT problem, rows, resolution FROM found();
SELECT table_schema, table_name, resolution FROM concord.conflicts WHERE resolution IS DISTINCT FROM 'untracked' ORDER BY conflict_id;
ALTER TABLE cms.page DROP COLUMN parent;
SELECT table_schema, table_name, resolution FROM concord.conflicts WHERE resolution IS DISTINCT FROM 'repaired' ORDER BY conflict_id;
SELECT table_name FROM concord.trees;
-- A tree that cannot be looked at is passed over.
SET ROLE regress_editor;
REVOKE SELECT ON own FROM regress_editor;
INSERT INTO own VALUES (1, 1);
RESET ROLE;
SET client_min_messages = error;
SELECT count(*) FROM found() WHERE record_id = '1' AND resolution IS NULL;
RESET client_min_messages;
SELECT concord.tick();
GRANT SELECT ON own TO regress_editor;
SELECT problem, rows FROM found() WHERE resolution IS NULL;
ALTER TABLE own ALTER COLUMN up TYPE bigint;
SELECT problem, rows FROM found() WHERE resolution IS NULL;
-- It ends with the tracking, or with the table.
SELECT concord.untrack('own');
SELECT table_name FROM concord.trees;
SELECT concord.track('own');
ALTER TABLE own ALTER COLUMN up TYPE int;
SELECT concord.track_tree('own', 'up');
DROP TABLE own;
SELECT table_name FROM concord.trees;
DROP OWNED BY regress_editor;
DROP ROLE regress_editor;
