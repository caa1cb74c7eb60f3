-- The clock of a live server: strictly increasing for everybody, near the wall clock, and bounded. It is the whole server's:
-- this file puts it back at its end.
CREATE EXTENSION concord;
-- An error without the clock's own values.
CREATE PROCEDURE try(statement text) LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% % / % / %', sqlstate, regexp_replace(message, '"[^"]*"', '"..."'), detail, hint;
END
$$;

-- Ticks, one after the other, and ULIDs between them: each is greater than all before, also those of other sessions.
CREATE TABLE ticks AS SELECT i, concord.hlc_now() AS h, concord.gen_ulid() AS u FROM generate_series(1, 10000) i;
SELECT count(*) AS ticks, count(DISTINCT h) AS hlcs, count(DISTINCT u) AS ulids,
       count(*) FILTER (WHERE h <= before) AS hlc_falls, count(*) FILTER (WHERE u <= ulid_before) AS ulid_falls
FROM (SELECT *, lag(h) OVER (ORDER BY i) AS before, lag(u) OVER (ORDER BY i) AS ulid_before FROM ticks) t;
-- A ULID's first 64 bits are an HLC: of those and the ticks the order is that of their making.
SELECT count(*) AS out_of_order
FROM (SELECT made, row_number() OVER (ORDER BY bits) AS place
      FROM (SELECT 2 * i AS made, h::bigint AS bits FROM ticks
            UNION ALL SELECT 2 * i + 1, ('x' || substr(u::uuid::text, 1, 8) || substr(u::uuid::text, 10, 4) || substr(u::uuid::text, 15, 4))::bit(64)::bigint FROM ticks) b) p
WHERE made <> place + 1;
\c -
SELECT concord.hlc_now() > max(h) AS hlc, concord.gen_ulid() > max(u) AS ulid FROM ticks;
BEGIN;
SELECT concord.hlc_now() AS lost \gset
ROLLBACK;
SELECT concord.hlc_now() > :'lost' AS goes_on;
SELECT abs(extract(epoch FROM concord.hlc_now()::timestamptz - clock_timestamp())) < 5 AS near_the_wall, clock_ahead < '5 s' AS not_far_ahead FROM concord.status;
-- In parallel workers.
SET force_parallel_mode = on;
SELECT concord.hlc_now() > max(h) AS hlc FROM ticks;
RESET force_parallel_mode;

-- The receive rule: beyond what was seen elsewhere, within the bound.
SELECT concord.hlc(clock_timestamp() + interval '20 s', 7) AS remote \gset
SELECT concord.hlc_observe(:'remote') > :'remote' AS beyond;
SELECT concord.hlc_now() > :'remote' AS stays_beyond, concord.gen_ulid()::timestamptz >= :'remote'::concord.hlc::timestamptz AS ulids_too;
SELECT clock_ahead BETWEEN '10 s' AND '20 s' AS ahead FROM concord.status;
SELECT concord.hlc_observe('5') > :'remote' AS not_back, concord.hlc_observe(NULL) IS NULL AS null;
CALL try($$SELECT concord.hlc_observe(concord.hlc(clock_timestamp() + interval '2 minutes'))$$);
CALL try($$SELECT concord.hlc_observe('9223372036854775807')$$);
SELECT clock_ahead < '25 s' AS unmoved FROM concord.status;
SET concord.max_clock_drift = '5min';
CALL try($$SELECT concord.hlc_observe(concord.hlc(clock_timestamp() + interval '2 minutes'))$$);
SELECT clock_ahead > '1 minute' AS moved FROM concord.status;
RESET concord.max_clock_drift;

-- Too far ahead, by now: nothing ticks, and nothing is written rather than wrongly.
CREATE TABLE page (id int PRIMARY KEY);
SELECT concord.track('page', version_column => NULL);
CREATE TABLE versioned (id int PRIMARY KEY);
SELECT concord.track('versioned');
CALL try('SELECT concord.hlc_now()');
CALL try('SELECT concord.gen_ulid()');
CALL try('INSERT INTO versioned VALUES (1)');
\set VERBOSITY sqlstate
INSERT INTO page VALUES (1);
\set VERBOSITY verbose
SELECT count(*) FROM page;
SELECT count(*) FROM concord.change_events;
-- With more room it goes on from there.
SET concord.max_clock_drift = '5min';
INSERT INTO page VALUES (2);
INSERT INTO versioned VALUES (2);
SELECT record_id, hlc::timestamptz > clock_timestamp() + interval '1 minute' AS ahead FROM concord.change_events ORDER BY node_sequence;
RESET concord.max_clock_drift;

-- A superuser sets it back; the database goes on as a new node, since its old HLCs lie ahead.
SELECT concord.node_id() AS old \gset
SELECT abs(extract(epoch FROM concord.hlc_reset()::timestamptz - clock_timestamp())) < 5 AS at_the_wall;
SELECT concord.node_id() <> :'old' AS another_node, clock_ahead < '5 s' AS not_far_ahead FROM concord.status;
INSERT INTO page VALUES (3);
SELECT n.predecessor_id = :'old' AS successor, o.status AS old_status, o.applied_sequence AS old_sequence
FROM concord.nodes n, concord.nodes o WHERE n.node_id = concord.node_id() AND o.node_id = :'old';
SELECT origin_node_id = concord.node_id() AS new_node, node_sequence, operation, record_id, metadata ->> 'predecessor_id' = :'old' AS predecessor,
       observed -> :'old' AS observed_of_old
FROM concord.change_events ORDER BY new_node, node_sequence;
\c -
SELECT concord.hlc_now()::timestamptz < clock_timestamp() + interval '5 s' AS still_back;
-- Rolled back, it never was.
SELECT concord.node_id() AS node \gset
BEGIN;
SELECT concord.hlc_observe(concord.hlc(clock_timestamp() + interval '20 s')) AS ahead \gset
SELECT concord.hlc_reset() < :'ahead' AS back;
SELECT concord.node_id() <> :'node' AS another_node;
ROLLBACK;
SELECT concord.node_id() = :'node' AS same_node, concord.hlc_now() > :'ahead' AS ahead_again;
BEGIN;
SAVEPOINT s;
SELECT concord.hlc_reset() IS NOT NULL AS reset;
ROLLBACK TO s;
SELECT concord.node_id() = :'node' AS same_node;
SELECT concord.hlc_reset() IS NOT NULL AS reset;
CALL try('SELECT concord.hlc_reset()');
INSERT INTO page VALUES (4);
COMMIT;
SELECT node_sequence, operation, record_id FROM concord.change_events WHERE origin_node_id = concord.node_id() ORDER BY node_sequence;
-- For superusers only, whoever was granted the function.
CREATE ROLE regress_user;
GRANT EXECUTE ON FUNCTION concord.hlc_reset() TO regress_user;
SET ROLE regress_user;
SELECT concord.hlc_reset();
RESET ROLE;
REVOKE EXECUTE ON FUNCTION concord.hlc_reset() FROM regress_user;
DROP ROLE regress_user;
SELECT clock_ahead < '5 s' AS put_back FROM concord.status;
