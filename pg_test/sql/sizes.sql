-- What is captured can be exported: events, and parcels of them, are not larger than PostgreSQL takes.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, body text);
SELECT concord.track('page', version_column => NULL);

-- Both images and the context together are one jsonb on their way, which ends at 256 MB.
INSERT INTO page VALUES (1, repeat('x', 130 * 1024 * 1024));
UPDATE page SET body = body || 'y';
\set VERBOSITY terse
UPDATE page SET id = 2, body = body || 'y' RETURNING id;
BEGIN;
SELECT concord.set_context(metadata => jsonb_build_object('what', repeat('m', 60 * 1024 * 1024)), user_id => repeat('u', 40 * 1024 * 1024), action => repeat('a', 40 * 1024 * 1024));
DELETE FROM page;
ROLLBACK;
-- Less is captured and exported.
UPDATE page SET body = 'small';
SELECT record_id, operation, octet_length(old_values ->> 'body') AS old, octet_length(new_values ->> 'body') AS new FROM concord.change_events WHERE table_name = 'page' ORDER BY hlc, node_sequence;
SELECT e ->> 'operation' AS operation, octet_length(e::text) / 1024 / 1024 AS mb FROM concord.export_events() e;

-- By size: whole groups, as many as fit, and one event at least.
SELECT concord.vector() AS before \gset
INSERT INTO page SELECT i, repeat(md5(i::text), 300) FROM generate_series(10, 13) i;
INSERT INTO page VALUES (14, repeat('compressible', 10000));
INSERT INTO page VALUES (15, 'small');
CREATE FUNCTION exported(since jsonb, max_bytes bigint) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(e ->> 'record_id', ' ') FROM concord.export_events(since, max_bytes => max_bytes) e $$;
SELECT most, exported(:'before', most) FROM unnest('{1,10000,20000,39000,100000,160000,161000,1000000}'::bigint[]) most;
-- A group that does not fit comes in parts, to who asks with what has been received.
SELECT exported(:'before'::jsonb || jsonb_build_object(concord.node_id(), (:'before'::jsonb ->> concord.node_id()::text)::int + 2), 20000);
SELECT exported('{}', 0);
SELECT exported('{}', NULL);
DROP TABLE page;
