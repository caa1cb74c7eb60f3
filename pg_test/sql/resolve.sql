-- Resolving conflicts: what is refused, and that a refusal changes nothing. What a decision does on several nodes
-- is in cluster/tests/many_nodes/resolutions.rs.
CREATE EXTENSION concord;
CREATE TABLE section (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE page (id int PRIMARY KEY, slug text UNIQUE, title text NOT NULL, stars int CHECK (stars < 6), secret text,
    section_id int REFERENCES section, twice int GENERATED ALWAYS AS (stars * 2) STORED);
CREATE TABLE plain (id int PRIMARY KEY, title text);
SELECT concord.track('section');
SELECT concord.track('page', conflict_policy => 'manual', exclude => '{secret}');
INSERT INTO section VALUES (1, 'news'), (2, 'blog');
INSERT INTO page VALUES (1, 'home', 'Home', 3, 'x', 1), (2, 'about', 'About', 4, 'y', NULL);

-- Conflicts that other nodes bring, by hand.
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, local_values, remote_values,
    resolved_at, resolution, resolved_by, detail)
SELECT ulid, 'public', tab, record, type, 'manual', l, r, CASE WHEN closed IS NOT NULL THEN now() END, closed, NULL, d
FROM (VALUES
    ('01000000000000000000000001', 'page', '1', 'update_origin_differs',
     (SELECT concord.row_image('page', page) FROM page WHERE id = 1), '{"id": 1, "slug": "start", "title": "Start", "stars": 1}'::jsonb, NULL, NULL::jsonb),
    ('01000000000000000000000002', 'page', '1', 'update_origin_differs', '{"id": 1}', '{"id": 1}', 'lww', NULL),
    ('01000000000000000000000003', 'page', '1', 'tree', NULL, NULL, NULL, '{"problem": "cycle", "rows": ["1"], "columns": ["section_id"]}'),
    ('01000000000000000000000004', 'page', '2', 'unique_key', '{"id": 1}', '{"id": 2}', 'superseded', '{"constraint": "page_slug_key", "columns": ["slug"], "record_id": "1"}'),
    ('01000000000000000000000005', 'plain', '1', 'insert_exists', '{"id": 1}', '{"id": 1}', NULL, NULL),
    ('01000000000000000000000006', 'section', '1', 'update_deleted', NULL, '{"id": 1, "name": "news"}', NULL, NULL),
    ('01000000000000000000000007', 'gone', '1', 'insert_exists', '{"id": 1}', '{"id": 1}', 'by hand', NULL)
    ) v(id, tab, record, type, l, r, closed, d), LATERAL (SELECT v.id::concord.ulid) c(ulid);
CREATE FUNCTION events() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM concord.change_events';
CREATE TABLE before AS SELECT p, c, events() FROM (SELECT json_agg(page) p FROM page) p, (SELECT json_agg(x) c FROM concord.conflicts x) c;

-- Arguments.
SELECT concord.resolve_conflict(NULL, 'local');
SELECT concord.resolve_conflict('01000000000000000000000001', NULL);
SELECT concord.resolve_conflict('x', 'local');
SELECT concord.resolve_conflict('01000000000000000000000009', 'local');
SELECT concord.resolve_conflict('01000000000000000000000001', 'mine');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '["title"]');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', 'null');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"titel": "Start"}');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"secret": "Start"}');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"twice": 2}');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"id": 7}');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"stars": "many"}');

-- The conflict's state.
SELECT concord.resolve_conflict('01000000000000000000000002', 'local');
SELECT concord.resolve_conflict('01000000000000000000000003', 'local');
SELECT concord.resolve_conflict('01000000000000000000000004', 'local');
SELECT concord.resolve_conflict('01000000000000000000000005', 'local');
SELECT concord.reopen_conflict(NULL);
SELECT concord.reopen_conflict('01000000000000000000000009');
SELECT concord.reopen_conflict('01000000000000000000000001');
SELECT concord.reopen_conflict('01000000000000000000000003');
SELECT concord.reopen_conflict('01000000000000000000000004');
SELECT concord.reopen_conflict('01000000000000000000000007');

-- A row that breaks a constraint.
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"slug": "about"}');
\set VERBOSITY terse
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"stars": 6}');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"title": null}');
\set VERBOSITY verbose
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"section_id": 9}');
SELECT concord.resolve_conflict('01000000000000000000000006', 'local');

-- Rights.
CREATE ROLE regress_decider;
SET ROLE regress_decider;
SELECT concord.resolve_conflict('01000000000000000000000001', 'remote');
SELECT concord.reopen_conflict('01000000000000000000000002');
RESET ROLE;
SELECT p::text = (SELECT json_agg(page) FROM page)::text AS rows, c::text = (SELECT json_agg(x) FROM concord.conflicts x)::text AS conflicts,
    events() - before.events AS events
FROM before;

-- EXECUTE is all that it takes. What the image lacks stays, and so does what images leave out.
GRANT USAGE ON SCHEMA concord TO regress_decider;
GRANT EXECUTE ON FUNCTION concord.resolve_conflict, concord.reopen_conflict TO regress_decider;
SET ROLE regress_decider;
SELECT concord.resolve_conflict('01000000000000000000000001', 'remote');
SELECT concord.resolve_conflict('01000000000000000000000001', 'remote');
SELECT concord.reopen_conflict('01000000000000000000000001');
SELECT concord.resolve_conflict('01000000000000000000000001', 'merged', '{"stars": 5}');
RESET ROLE;
DROP OWNED BY regress_decider;
DROP ROLE regress_decider;
SELECT id, slug, title, stars, secret, section_id, twice FROM page ORDER BY id;
SELECT resolution, resolved_by = session_user AS by_me, resolved_at IS NOT NULL AS closed FROM concord.conflicts
WHERE conflict_id = '01000000000000000000000001';
SELECT e.operation, e.record_id, e.new_values ->> 'title' AS title, e.new_values -> 'section_id' AS section, e.touched, e.metadata -> 'resolves' AS resolves,
    e.metadata - 'resolves' - 'resolved_by' AS metadata
FROM concord.change_events e WHERE e.metadata ?| '{resolves,conflict_id}' ORDER BY e.node_sequence;

-- A stale write, and several conflicts in one statement; what is rolled back is not decided.
SELECT row_version AS seen FROM page WHERE id = 2 \gset
UPDATE page SET title = 'About us' WHERE id = 2;
\set VERBOSITY terse
UPDATE page SET title = 'Imprint', row_version = :'seen' WHERE id = 2;
\set VERBOSITY verbose
UPDATE page SET section_id = NULL;
BEGIN;
SELECT concord.resolve_conflict(conflict_id, 'remote') FROM concord.conflicts
WHERE resolved_at IS NULL AND conflict_type IN ('stale_write', 'update_deleted') ORDER BY conflict_type;
SELECT id, title, row_version > :'seen' AS fresh FROM page WHERE id = 2;
ROLLBACK;
SELECT conflict_type FROM concord.conflicts WHERE resolved_at IS NULL ORDER BY 1;
SELECT concord.resolve_conflict(conflict_id, CASE conflict_type WHEN 'stale_write' THEN 'remote' ELSE 'local' END)
FROM concord.conflicts WHERE resolved_at IS NULL AND conflict_type IN ('stale_write', 'update_deleted') ORDER BY conflict_type;
SELECT id, title FROM page WHERE id = 2;
SELECT id, name FROM section;
SELECT conflict_type, resolution FROM concord.conflicts WHERE resolved_at IS NOT NULL ORDER BY conflict_id;
