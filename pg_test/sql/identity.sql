-- Who this database is: minted, pinned, copied; and what it tells of itself.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY);
SELECT concord.track('page', version_column => NULL);

-- Minted with the extension, the same for all sessions, shown in the nodes.
SELECT concord.node_id() AS minted \gset
\c -
SELECT concord.node_id() = :'minted' AS same, concord.ulid_is_valid(concord.node_id()::text) AS valid;
BEGIN READ ONLY;
SELECT concord.node_id() = :'minted' AS same_in_read_only;
COMMIT;
SELECT node_id = :'minted' AS this_node, status, predecessor_id, registered_at <= now() AS registered FROM concord.nodes;
SELECT node_id = :'minted' AS this_node, name, nodes, issued_sequence FROM concord.status;
SELECT count(*) FROM concord.change_events;

-- tick() keeps what is known of this node up to date; alone in the world it has nobody to send a heartbeat to.
INSERT INTO page VALUES (1);
DO $$
BEGIN
    -- The background worker may be at it just now; then it is his turn.
    FOR i IN 1..100 LOOP
        PERFORM concord.tick();
        EXIT WHEN (SELECT applied_sequence = 1 FROM concord.nodes);
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
SELECT name, hostname <> '' AS hostname, status, last_heartbeat > now() - interval '1 minute' AS heartbeat, hlc_high_water_mark <= concord.hlc_now() AS hlc,
       applied_sequence, received_sequence
FROM concord.nodes;
SELECT node_sequence, operation FROM concord.change_events;
-- A heartbeat is an event that says who speaks.
SELECT concord.heartbeat();
SET concord.node_name = 'north';
SELECT concord.heartbeat();
SELECT node_sequence, operation, table_name, record_id, metadata - 'hostname' AS metadata, metadata ? 'hostname' AS hostname
FROM concord.change_events ORDER BY node_sequence;
SELECT name FROM concord.nodes;
SELECT name FROM concord.status;
RESET concord.node_name;

-- A pinned identity: refused where it makes no sense, where it is somebody else, and where this database has written as another.
CREATE PROCEDURE try(statement text, own text) LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% % / % / %', sqlstate, replace(message, own, 'MINTED'), detail, replace(hint, own, 'MINTED');
END
$$;
SET concord.node_id = 'north';
SET concord.node_id = '81ARZ3NDEKTSV4RRFFQ69G5FAV';
SET concord.node_id = '01ARZ3NDEKTSV4RRFFQ69G5FAI';
INSERT INTO concord.nodes (node_id, name) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'a node far away');
SET concord.node_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
SELECT concord.node_id();
\set VERBOSITY sqlstate
INSERT INTO page VALUES (2);
\set VERBOSITY verbose
SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRZ';
CALL try('SELECT concord.node_id()', :'minted');
\set VERBOSITY sqlstate
INSERT INTO page VALUES (2);
\set VERBOSITY verbose
SELECT count(*) FROM page;
-- Agreed, in any case of letters; empty is as unset.
SELECT set_config('concord.node_id', lower(:'minted'), false) <> '' AS set;
SELECT concord.node_id() = :'minted' AS same;
INSERT INTO page VALUES (3);
SET concord.node_id = '';
SELECT concord.node_id() = :'minted' AS same;
RESET concord.node_id;
-- Adopted while nothing was written; from then on it is this database's, pinned or not.
SET client_min_messages = warning;
DROP EXTENSION concord CASCADE;
RESET client_min_messages;
CREATE EXTENSION concord;
SELECT concord.node_id() <> :'minted' AS another;
ALTER DATABASE regression SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRZ';
\c -
SELECT concord.node_id();
SELECT node_id FROM concord.nodes;
SELECT concord.track('page', version_column => NULL);
INSERT INTO page VALUES (4);
ALTER DATABASE regression RESET concord.node_id;
\c -
SELECT concord.node_id();
SELECT DISTINCT origin_node_id FROM concord.change_events;
-- One that is rolled back was not adopted.
BEGIN;
DROP EXTENSION concord CASCADE;
CREATE EXTENSION concord;
SELECT concord.node_id() <> '01BX5ZZKBKACTAV9WEVGEMMVRZ' AS another;
ROLLBACK;
SELECT concord.node_id();
INSERT INTO page VALUES (5);
SELECT origin_node_id, max(node_sequence) FROM concord.change_events GROUP BY 1;

-- A copy of the database is another node, from its next event on, and says whose successor it is.
\c postgres
CREATE DATABASE regression_copy TEMPLATE regression;
\c regression_copy
SELECT concord.node_id() <> '01BX5ZZKBKACTAV9WEVGEMMVRZ' AS another;
SELECT concord.node_id() AS copy \gset
INSERT INTO page VALUES (6);
SELECT origin_node_id = :'copy' AS of_copy, node_sequence, group_size, operation, record_id, metadata ->> 'predecessor_id' AS predecessor,
       observed ->> '01BX5ZZKBKACTAV9WEVGEMMVRZ' AS observed
FROM concord.change_events ORDER BY of_copy, node_sequence;
SELECT node_id = :'copy' AS of_copy, predecessor_id, status, CASE WHEN node_id <> :'copy' THEN applied_sequence END AS taken_over
FROM concord.nodes ORDER BY of_copy;
SELECT node_id = :'copy' AS of_copy, predecessor_id FROM concord.identity ORDER BY of_copy;
\c -
SELECT concord.node_id() = :'copy' AS stays;
-- A pin of the original refuses in the copy, and one for all databases in whichever comes second.
SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRZ';
CALL try('SELECT concord.node_id()', :'copy');
\c postgres
DROP DATABASE regression_copy WITH (FORCE);
CREATE DATABASE regression_copy TEMPLATE regression;
ALTER DATABASE regression_copy SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRZ';
\c regression_copy
CALL try('SELECT concord.node_id()', 'x');
\set VERBOSITY sqlstate
INSERT INTO page VALUES (7);
\set VERBOSITY verbose
\c postgres
DROP DATABASE regression_copy WITH (FORCE);
CREATE DATABASE regression_copy;
ALTER DATABASE regression_copy SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRZ';
\c regression_copy
CREATE EXTENSION concord;
\c postgres
DROP DATABASE regression_copy WITH (FORCE);
-- A database that is gone holds no identity: one restored in its place takes it over at once.
CREATE DATABASE regression_copy;
ALTER DATABASE regression_copy SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRX';
\c regression_copy
CREATE EXTENSION concord;
SELECT concord.node_id();
\c postgres
DROP DATABASE regression_copy WITH (FORCE);
CREATE DATABASE regression_copy;
ALTER DATABASE regression_copy SET concord.node_id = '01BX5ZZKBKACTAV9WEVGEMMVRX';
\c regression_copy
CREATE EXTENSION concord;
SELECT concord.node_id();
\c postgres
DROP DATABASE regression_copy WITH (FORCE);
-- The original goes on undisturbed.
\c regression
INSERT INTO page VALUES (8);
SELECT origin_node_id, max(node_sequence) FROM concord.change_events GROUP BY 1;
