-- Operators, operator classes and plans of hlc and ulid.
-- The schema concord is not on search_path: operators and aggregates must be found all the same.
CREATE EXTENSION concord;

-- Every operator has its commutator and its negator, and they agree; equality can hash and merge.
SELECT o.oprleft::regtype AS type, o.oprname, com.oprname AS commutator, neg.oprname AS negator,
       com.oprcom = o.oid AND neg.oprnegate = o.oid AS mutual, o.oprcanhash, o.oprcanmerge, o.oprrest, o.oprjoin
FROM pg_operator AS o
LEFT JOIN pg_operator AS com ON com.oid = o.oprcom
LEFT JOIN pg_operator AS neg ON neg.oid = o.oprnegate
WHERE o.oprleft IN ('concord.hlc'::regtype, 'concord.ulid'::regtype)
ORDER BY o.oprleft::regtype::text COLLATE "C", o.oprname COLLATE "C";

SELECT opcintype::regtype AS type, amname, opcname, opcdefault, amvalidate(c.oid)
FROM pg_opclass AS c JOIN pg_am AS am ON am.oid = opcmethod
WHERE opcnamespace = 'concord'::regnamespace
ORDER BY opcintype::regtype::text COLLATE "C", amname COLLATE "C", opcname COLLATE "C";

-- The functions: all immutable and safe for parallel use, all strict but the one that takes a null remote.
SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel, proleakproof
FROM pg_proc AS p
WHERE pronamespace = 'concord'::regnamespace AND proname ~ '^(hlc|ulid)(_|$)'
      AND proname NOT IN ('hlc_now', 'hlc_observe', 'hlc_reset')
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- Twenty thousand rows with fifteen thousand ulids; n = 777 and n = 15777 share theirs. Nothing but this file analyzes
-- the tables, so that the plans stand.
CREATE TABLE events (id concord.ulid NOT NULL, h concord.hlc NOT NULL, n int NOT NULL) WITH (autovacuum_enabled = off);
INSERT INTO events
SELECT md5((i % 15000)::text)::uuid::concord.ulid, concord.hlc(i * 65536::bigint), i
FROM generate_series(0, 19999) AS i;
\set id '''7HR5CJB221201AYD0CQBPXDZ1K'''
SELECT md5('777')::uuid::concord.ulid::text = :id AS id_is_that_of_777;

-- The scans of a plan, where the rest of it is written differently from version to version.
CREATE FUNCTION scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ ' Scan ' THEN
            RETURN NEXT regexp_replace(line, '^[ >-]*', '');
        END IF;
    END LOOP;
END
$$;

-- btree
CREATE INDEX events_id ON events (id);
CREATE INDEX events_h ON events (h);
ANALYZE events;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF) SELECT n FROM events WHERE id = :id;
SELECT n FROM events WHERE id = :id ORDER BY n;
EXPLAIN (COSTS OFF) SELECT n FROM events WHERE id IN (:id, '00000000000000000000000000');
EXPLAIN (COSTS OFF) SELECT n FROM events WHERE h > '1970-01-01T00:00:10.000Z/0' AND h <= '1970-01-01T00:00:10.002Z/0';
SELECT n FROM events WHERE h > '1970-01-01T00:00:10.000Z/0' AND h <= '1970-01-01T00:00:10.002Z/0' ORDER BY h;
EXPLAIN (COSTS OFF) SELECT id FROM events ORDER BY id DESC LIMIT 1;
SELECT scans('SELECT max(h), min(id) FROM events');
SELECT max(h), min(id) = (SELECT id FROM events ORDER BY id::bytea LIMIT 1) AS smallest FROM events;
-- What the index built by sorting abbreviated keys holds is in the order of the bytes.
SELECT count(*) AS out_of_order
FROM (SELECT id, lag(id::bytea) OVER () AS before FROM (SELECT id FROM events ORDER BY id) AS by_index) AS t
WHERE before > id::bytea;
-- Equal values share their entries.
CREATE TABLE dull AS SELECT :id::concord.ulid AS id, '5'::concord.hlc AS h FROM generate_series(1, 10000);
CREATE INDEX dull_id ON dull (id);
CREATE INDEX dull_id_plain ON dull (id) WITH (deduplicate_items = off);
CREATE INDEX dull_h ON dull (h);
CREATE INDEX dull_h_plain ON dull (h) WITH (deduplicate_items = off);
SELECT pg_relation_size('dull_id') * 2 < pg_relation_size('dull_id_plain') AS ulid_deduplicates,
       pg_relation_size('dull_h') * 2 < pg_relation_size('dull_h_plain') AS hlc_deduplicates;

-- hash
CREATE TABLE hashed WITH (autovacuum_enabled = off) AS SELECT * FROM events;
ANALYZE hashed;
CREATE INDEX hashed_id ON hashed USING hash (id);
CREATE INDEX hashed_h ON hashed USING hash (h);
EXPLAIN (COSTS OFF) SELECT n FROM hashed WHERE id = :id;
SELECT n FROM hashed WHERE id = :id ORDER BY n;
EXPLAIN (COSTS OFF) SELECT n FROM hashed WHERE h = '1970-01-01T00:00:10.000Z/0';
SELECT n FROM hashed WHERE h = '1970-01-01T00:00:10.000Z/0';

-- BRIN: each kind finds what is there.
CREATE TABLE heap WITH (autovacuum_enabled = off) AS SELECT * FROM events ORDER BY n;
ANALYZE heap;
SET enable_bitmapscan = on;
CREATE INDEX heap_brin ON heap USING brin (h, id) WITH (pages_per_range = 2);
EXPLAIN (COSTS OFF) SELECT n FROM heap WHERE h = '1970-01-01T00:00:10.000Z/0';
SELECT n FROM heap WHERE h = '1970-01-01T00:00:10.000Z/0';
SELECT count(*) FROM heap WHERE id < :id AND h < '1970-01-01T00:00:10.000Z/0';
DROP INDEX heap_brin;
CREATE INDEX heap_brin ON heap USING brin (h concord.hlc_minmax_multi_ops, id concord.ulid_minmax_multi_ops)
    WITH (pages_per_range = 2);
EXPLAIN (COSTS OFF) SELECT n FROM heap WHERE id = :id;
SELECT n FROM heap WHERE id = :id ORDER BY n;
SELECT count(*) FROM heap WHERE id < :id AND h < '1970-01-01T00:00:10.000Z/0';
DROP INDEX heap_brin;
CREATE INDEX heap_brin ON heap USING brin (h concord.hlc_bloom_ops, id concord.ulid_bloom_ops)
    WITH (pages_per_range = 2);
EXPLAIN (COSTS OFF) SELECT n FROM heap WHERE id = :id;
SELECT n FROM heap WHERE id = :id ORDER BY n;
SELECT n FROM heap WHERE h = '1970-01-01T00:00:10.000Z/0';
DROP INDEX heap_brin;
SET enable_seqscan = on;
SELECT count(*) FROM heap WHERE id < :id AND h < '1970-01-01T00:00:10.000Z/0';

-- GIN over arrays
CREATE TABLE dependents WITH (autovacuum_enabled = off) AS SELECT n, ARRAY[id, id] AS ids FROM events;
ANALYZE dependents;
CREATE INDEX dependents_ids ON dependents USING gin (ids);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM dependents WHERE ids @> ARRAY[:id::concord.ulid];
SELECT n FROM dependents WHERE ids @> ARRAY[:id::concord.ulid] ORDER BY n;

-- Joins and grouping, each in its two ways, with one result.
SET enable_seqscan = on;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM events JOIN hashed USING (id);
SELECT count(*) FROM events JOIN hashed USING (id);
SELECT count(*) FROM events JOIN hashed USING (h);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM events JOIN hashed USING (id);
SELECT count(*) FROM events JOIN hashed USING (id);
SELECT count(*) FROM events JOIN hashed USING (h);
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM hashed GROUP BY id;
SELECT count(*) FROM (SELECT id FROM hashed GROUP BY id) AS t;
SET enable_sort = on;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT id FROM hashed GROUP BY id;
SELECT count(*) FROM (SELECT id FROM hashed GROUP BY id) AS t;
RESET ALL;

-- Aggregates in parallel.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT min(id), max(id), min(h), max(h) FROM heap;
SELECT min(id) = min(id::text COLLATE "C")::concord.ulid AS min_id, max(id) = max(id::text COLLATE "C")::concord.ulid AS max_id,
       min(h), max(h)
FROM heap;
RESET ALL;

-- Hash partitions: rows are found where they were put.
CREATE TABLE parts (id concord.ulid PRIMARY KEY, h concord.hlc) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO parts SELECT DISTINCT ON (id) id, h FROM events ORDER BY id, h;
SELECT tableoid::regclass, count(*) BETWEEN 4500 AND 5500 AS about_a_third FROM parts GROUP BY 1 ORDER BY 1;
EXPLAIN (COSTS OFF) SELECT h FROM parts WHERE id = :id;
SELECT h FROM parts WHERE id = :id;
CREATE TABLE parts_by_hlc (h concord.hlc PRIMARY KEY) PARTITION BY HASH (h);
CREATE TABLE parts_by_hlc_0 PARTITION OF parts_by_hlc FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_by_hlc_1 PARTITION OF parts_by_hlc FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts_by_hlc SELECT h FROM events;
SELECT tableoid::regclass, count(*) BETWEEN 9500 AND 10500 AS about_a_half FROM parts_by_hlc GROUP BY 1 ORDER BY 1;

-- Range partitions by time, foreign keys, and expression indexes over the casts.
CREATE TABLE ranged (h concord.hlc) PARTITION BY RANGE (h);
CREATE TABLE ranged_2024 PARTITION OF ranged
    FOR VALUES FROM ('2024-01-01T00:00:00.000Z/0') TO ('2025-01-01T00:00:00.000Z/0');
INSERT INTO ranged VALUES ('2024-12-31T23:59:59.999Z/65535');
INSERT INTO ranged VALUES ('2025-01-01T00:00:00.000Z/0');
CREATE TABLE children (parent concord.ulid REFERENCES parts);
INSERT INTO children VALUES (:id);
INSERT INTO children VALUES ('00000000000000000000000000');
CREATE TABLE texts (id text);
CREATE INDEX ON texts ((id::concord.ulid));
CREATE INDEX ON events ((id::timestamptz), (h::timestamptz), (id::uuid), (id::bytea), (h::bigint), (h::text));

-- What stands in pg_catalog goes with the extension.
SET client_min_messages = warning;
DROP EXTENSION concord CASCADE;
SELECT count(*) AS operators_left FROM pg_operator
WHERE oprname IN ('<', '<=', '=', '<>', '>=', '>') AND NOT EXISTS (SELECT FROM pg_type WHERE pg_type.oid = oprleft);
SELECT count(*) AS aggregates_left FROM pg_proc
WHERE proname IN ('min', 'max') AND NOT EXISTS (SELECT FROM pg_type WHERE pg_type.oid = prorettype);
