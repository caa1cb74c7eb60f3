-- The names a table has had, each with the time in which it was this table's: from a rename (its own,
-- or that of a table which gave the name up) to the next. It runs with its owner's rights, because who
-- may read the log need not read the identities.
CREATE FUNCTION concord.table_names(relation regclass)
    RETURNS TABLE (table_schema text, table_name text, since concord.hlc, until concord.hlc)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        WITH RECURSIVE
        renames AS (
            SELECT ROW(e.hlc, e.origin_node_id, e.node_sequence) AS place, e.hlc,
                   e.table_schema, e.table_name,
                   (e.metadata -> 'renamed_from' ->> 0) COLLATE "C" AS old_schema,
                   (e.metadata -> 'renamed_from' ->> 1) COLLATE "C" AS old_name
            FROM concord.change_events e
            WHERE e.record_id IS NULL AND e.operation = 'DDL' AND e.metadata ? 'renamed_from'
              AND e.origin_node_id IN (SELECT i.node_id FROM concord.identity i)),
        names AS (
            SELECT n.nspname::text COLLATE "C" AS table_schema, c.relname::text COLLATE "C" AS table_name,
                   NULL::record AS until_place, NULL::concord.hlc AS until
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
            UNION ALL
            SELECT r.old_schema, r.old_name, r.place, r.hlc
            FROM names n
            JOIN LATERAL (
                SELECT * FROM renames r
                WHERE (r.table_schema, r.table_name) = (n.table_schema, n.table_name)
                  AND (n.until IS NULL OR r.place < n.until_place)
                ORDER BY r.place DESC LIMIT 1) r ON true)
        SELECT n.table_schema, n.table_name,
               COALESCE((SELECT max(r.hlc) FROM renames r
                         WHERE ((r.table_schema, r.table_name) = (n.table_schema, n.table_name)
                                OR (r.old_schema, r.old_name) = (n.table_schema, n.table_name))
                           AND (n.until IS NULL OR r.place < n.until_place)), '0'),
               COALESCE(n.until, '9223372036854775807')
        FROM names n
    $$;

-- The records that a record was before its key changed, or became after, this one included, each with
-- the time in which it was.
CREATE FUNCTION concord.record_names(relation regclass, record_id text)
    RETURNS TABLE (table_schema text, table_name text, record_id text,
                   since concord.hlc, until concord.hlc)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        WITH RECURSIVE
        tables AS MATERIALIZED (SELECT * FROM concord.table_names($1)),
        records(record_id, since, until) AS (
            SELECT $2 COLLATE "C", '0'::concord.hlc, '9223372036854775807'::concord.hlc
            UNION
            SELECT m.record_id COLLATE "C", m.since, m.until
            FROM records r
            JOIN tables t ON true
            JOIN concord.change_events e
              ON e.record_id = r.record_id AND e.table_name = t.table_name
             AND e.table_schema = t.table_schema
             AND e.hlc BETWEEN GREATEST(r.since, t.since) AND LEAST(r.until, t.until)
            CROSS JOIN LATERAL (VALUES
                (e.metadata ->> 'moved_from', '0'::concord.hlc, e.hlc),
                (e.metadata ->> 'moved_to', e.hlc, '9223372036854775807'::concord.hlc))
                m(record_id, since, until)
            WHERE m.record_id IS NOT NULL)
        SELECT t.table_schema, t.table_name, r.record_id,
               GREATEST(r.since, t.since), LEAST(r.until, t.until)
        FROM tables t CROSS JOIN records r
    $$;

CREATE FUNCTION concord.history(relation regclass, record_id text) RETURNS SETOF concord.change_events
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT e.*
        FROM concord.change_events e
        WHERE e.event_id IN (
            SELECT c.event_id
            FROM concord.record_names($1, $2) n
            JOIN concord.change_events c
              ON c.record_id = n.record_id AND c.table_name = n.table_name
             AND c.table_schema = n.table_schema AND c.hlc BETWEEN n.since AND n.until)
        ORDER BY e.hlc, e.origin_node_id, e.node_sequence
    $$;

COMMENT ON FUNCTION concord.table_names(regclass) IS 'Names that a table has had, and when';
COMMENT ON FUNCTION concord.record_names(regclass, text) IS 'Keys that a record has had, and when';
COMMENT ON FUNCTION concord.history(regclass, text) IS
    'Events of a record, oldest first, under all keys and table names that it has had';

CREATE FUNCTION concord._row_now(relation regclass, record_id text, exact boolean = false)
    RETURNS jsonb
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'concord_row_now';

CREATE FUNCTION concord.fold_events(event_ids concord.ulid[]) RETURNS jsonb
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'concord_fold_events';

-- One node's last image is the fold of its events. Before a record's first event it was what that event found; without any event it is what it is.
CREATE FUNCTION concord.row_at_hlc(relation regclass, record_id text, at concord.hlc) RETURNS jsonb
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
        WITH events AS (
            SELECT e.event_id, e.hlc, e.origin_node_id, e.node_sequence, e.old_values, e.new_values
            FROM concord.table_names($1) n
            JOIN concord.change_events e
              ON e.table_schema = n.table_schema AND e.table_name = n.table_name
             AND e.hlc BETWEEN n.since AND n.until
            WHERE e.record_id = $2
              AND e.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'))
        SELECT CASE
            WHEN past.nodes > 1 THEN concord.fold_events(past.event_ids)
            WHEN past.nodes = 1 THEN
                (SELECT e.new_values FROM events e WHERE e.hlc <= $3
                 ORDER BY e.hlc DESC, e.origin_node_id DESC, e.node_sequence DESC LIMIT 1)
            WHEN EXISTS (SELECT FROM events) THEN
                (SELECT e.old_values FROM events e
                 ORDER BY e.hlc, e.origin_node_id, e.node_sequence LIMIT 1)
            ELSE concord._row_now($1, $2, exact => true)
        END
        FROM (SELECT count(DISTINCT e.origin_node_id) AS nodes, array_agg(e.event_id) AS event_ids
              FROM events e WHERE e.hlc <= $3) past
    $$;

CREATE FUNCTION concord.row_at(relation regclass, record_id text, at timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$ SELECT concord.row_at_hlc($1, $2, concord.hlc($3, 65535)) $$;

COMMENT ON FUNCTION concord._row_now(regclass, text, boolean) IS 'Internal: the image of a row as the table shows it';
COMMENT ON FUNCTION concord.fold_events(concord.ulid[]) IS
    'What events of one record make of it together; null if it does not exist';
COMMENT ON FUNCTION concord.row_at_hlc(regclass, text, concord.hlc) IS
    'Image of a row at a clock value; null if it did not exist';
COMMENT ON FUNCTION concord.row_at(regclass, text, timestamptz) IS 'Image of a row at a time; null if it did not exist';
