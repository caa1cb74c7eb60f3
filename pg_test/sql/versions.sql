-- The version column: fresh with every write, and what becomes of a write that was made from a version that no longer stands.
CREATE EXTENSION concord;
-- What came into the log and the conflicts since the last look, without versions.
CREATE TABLE looked AS SELECT 0::bigint AS upto;
CREATE FUNCTION news() RETURNS TABLE (record text, operation text, old jsonb, new jsonb, base_version boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT e.record_id, e.operation, e.old_values - 'row_version', e.new_values - 'row_version', e.base_version IS NOT NULL
        FROM concord.change_events e, looked WHERE node_sequence > upto ORDER BY node_sequence;
    UPDATE looked SET upto = (SELECT max(node_sequence) FROM concord.change_events);
END
$$;
CREATE VIEW conflicts AS
SELECT c.record_id AS record, conflict_type AS type, conflict_policy AS policy, base_values - 'row_version' AS base, local_values - 'row_version' AS local,
       remote_values - 'row_version' AS remote, applied_values - 'row_version' AS applied, l.operation AS local_event, r.operation AS remote_event,
       resolved_at IS NOT NULL AS resolved, resolution
FROM concord.conflicts c
LEFT JOIN concord.change_events l ON l.event_id = c.local_event_id
LEFT JOIN concord.change_events r ON r.event_id = c.remote_event_id
ORDER BY conflict_id;

CREATE TABLE page (id int PRIMARY KEY, title text, body text, hits int);
INSERT INTO page VALUES (100, 'before');
SELECT concord.track('page', exclude => '{hits}');

-- Every row has its own, greater than all before and no greater than the event's HLC; what an INSERT brings as its version
-- does not count.
INSERT INTO page VALUES (1, 'one'), (2, 'two');
INSERT INTO page (id, title, row_version) VALUES (3, 'three', '5'), (4, 'four', concord.hlc('3000-01-01'::timestamptz, 0));
COPY page (id, title, row_version) FROM stdin;
5	five	2024-01-24T12:40:00.000Z/5
\.
SELECT id, row_version > lag(row_version) OVER (ORDER BY id) AS greater FROM page WHERE id < 100;
SELECT count(*) AS later FROM concord.change_events WHERE (new_values ->> 'row_version')::concord.hlc > hlc;
SELECT * FROM news();

-- Ordinary writes do not mention it: a new one, but for a write that changes nothing, or nothing that is shown.
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
UPDATE page SET title = 'eins' WHERE id = 1;
SELECT row_version AS v2, row_version > :'v1' AS newer FROM page WHERE id = 1 \gset
\echo :newer
UPDATE page SET title = 'eins' WHERE id = 1;
UPDATE page SET hits = 1 WHERE id = 1;
SELECT row_version = :'v2' AS same FROM page WHERE id = 1;
UPDATE page SET title = 'now it has one' WHERE id = 100;
SELECT row_version IS NOT NULL AS has_one FROM page WHERE id = 100;
SELECT * FROM news();

-- Another session has read the rows.
\c -
-- A write that passes the version that it read: equal, it goes through, and what it leaves is newer.
UPDATE page SET title = 'uno', row_version = :'v2' WHERE id = 1 RETURNING title, row_version > :'v2' AS newer;
UPDATE page SET title = 'un', row_version = row_version WHERE id = 1 RETURNING title;
UPDATE page SET title = 'unus' FROM (SELECT id, row_version FROM page) p WHERE p.id = page.id AND page.id = 1 AND p.row_version = page.row_version;
SELECT row_version AS v3 FROM page WHERE id = 1 \gset
SELECT * FROM news();
-- Anything else is stale. By default the row stays as it is, and the incoming image is kept.
\set VERBOSITY terse
UPDATE page SET title = 'stale', body = 'x', row_version = :'v2' WHERE id = 1 RETURNING title;
UPDATE page SET title = 'stale, too', row_version = :'v1' WHERE id = 1;
UPDATE page SET title = 'stale, three', row_version = NULL WHERE id = 1;
SELECT id, title, body, row_version = :'v3' AS same FROM page WHERE id = 1;
SELECT * FROM news();
SELECT * FROM conflicts;
-- The conflict has the STALE event's id, table and time; the row that stands came by the latest event on it.
SELECT c.conflict_id = e.event_id AS same_id, c.table_schema, c.table_name, c.record_id, detected_at = wall_timestamp AS same_time,
       c.remote_event_id = e.event_id AS remote_is_stale, base_version = NULLIF(e.metadata ->> 'read_version', 'null')::concord.hlc AS base,
       c.local_event_id = (SELECT event_id FROM concord.change_events u WHERE u.record_id = e.record_id AND u.operation IN ('INSERT', 'UPDATE')
                           ORDER BY node_sequence DESC LIMIT 1) AS local_is_latest
FROM concord.conflicts c JOIN concord.change_events e ON e.event_id = c.conflict_id ORDER BY conflict_id;
-- A stale write that would change nothing is none.
UPDATE page SET title = title, row_version = :'v1' WHERE id = 1;
-- A row without a version: nobody can have read one.
ALTER TABLE page DISABLE TRIGGER zz_concord_version;
INSERT INTO page VALUES (6, 'without');
ALTER TABLE page ENABLE ALWAYS TRIGGER zz_concord_version;
UPDATE page SET title = 'read as null', row_version = NULL WHERE id = 6;
INSERT INTO page VALUES (7, 'seven');
ALTER TABLE page DISABLE TRIGGER zz_concord_version;
UPDATE page SET row_version = NULL WHERE id = 7;
ALTER TABLE page ENABLE ALWAYS TRIGGER zz_concord_version;
UPDATE page SET title = 'stale', row_version = :'v1' WHERE id = 7;
SELECT id, title FROM page WHERE id IN (6, 7) ORDER BY id;
-- Several rows in one statement: each by itself.
UPDATE page SET title = title || '!', row_version = CASE id WHEN 3 THEN row_version ELSE :'v1' END WHERE id IN (2, 3, 4);
SELECT id, title FROM page WHERE id IN (2, 3, 4) ORDER BY id;
-- Within a transaction: a savepoint takes a stale write back; two by one writer are two.
BEGIN;
SAVEPOINT s;
UPDATE page SET title = 'lost', row_version = :'v1' WHERE id = 1;
ROLLBACK TO s;
UPDATE page SET title = 'stale', row_version = :'v1' WHERE id = 2;
UPDATE page SET title = 'fresh' WHERE id = 2;
UPDATE page SET title = 'stale again', row_version = :'v1' WHERE id = 2;
COMMIT;
SELECT record, base, local, remote, applied, local_event, remote_event FROM conflicts OFFSET 3;
SELECT operation, old, new FROM news() WHERE operation = 'STALE' OR record = '2';
-- DELETE asks for no version. A changed key is a write like any other.
UPDATE page SET id = 50, row_version = :'v1' WHERE id = 5;
DELETE FROM page WHERE id = 5;
SELECT record, operation, new ->> 'id' AS new_id FROM news();
\set VERBOSITY verbose

-- A version from the future has been read by nobody; one from just now that the row never had is stale.
UPDATE page SET title = 'x', row_version = '3000-01-01T00:00:00.000Z/0' WHERE id = 1;
SELECT concord.hlc('3000-01-01'::timestamptz, 0) AS future \gset
INSERT INTO page (id, title, row_version) VALUES (1, 'x', :'future') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
\set VERBOSITY terse
UPDATE page SET title = 'x', row_version = concord.hlc_now() WHERE id = 1;
\set VERBOSITY verbose

-- on_stale => 'overwrite': the write lands, and what it overwrote is kept, resolved.
SELECT concord.track('page', on_stale => 'overwrite', conflict_policy => 'manual', exclude => '{hits}');
SELECT count(*) > 0 AS looked FROM news();
CREATE TEMPORARY TABLE known AS SELECT conflict_id FROM concord.conflicts;
UPDATE page SET title = 'overwritten', row_version = :'v1' WHERE id = 1 RETURNING title, row_version > :'v3' AS newer;
SELECT * FROM news();
SELECT * FROM conflicts OFFSET (SELECT count(*) FROM known);

-- on_stale => 'reject'
SELECT concord.track('page', on_stale => 'reject', exclude => '{hits}');
\set VERBOSITY sqlstate
UPDATE page SET title = 'rejected', row_version = :'v1' WHERE id = 1;
\set VERBOSITY verbose
DO $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    UPDATE page SET title = 'rejected', row_version = '2024-01-24T12:40:00.000Z/5' WHERE id = 1;
EXCEPTION WHEN serialization_failure THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% / % / %', message, regexp_replace(detail, 'version "[^"]*"', 'version "..."'), hint;
END
$$;
SELECT title FROM page WHERE id = 1;
SELECT * FROM news();
SELECT count(*) - (SELECT count(*) FROM known) AS conflicts FROM concord.conflicts;
