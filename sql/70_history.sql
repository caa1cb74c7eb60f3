-- The records that a record was before its key changed, or became after, this one included.
CREATE FUNCTION concord.record_names(relation regclass, record_id text)
    RETURNS TABLE (table_schema text, table_name text, record_id text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        WITH RECURSIVE
        tables(table_schema, table_name) AS (
            SELECT n.nspname::text COLLATE "C", c.relname::text COLLATE "C"
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
            UNION
            SELECT (e.metadata -> 'renamed_from' ->> 0) COLLATE "C",
                   (e.metadata -> 'renamed_from' ->> 1) COLLATE "C"
            FROM tables t
            JOIN concord.change_events e
              ON e.record_id IS NULL AND e.table_name = t.table_name
             AND e.table_schema = t.table_schema AND e.operation = 'DDL'
             AND e.metadata ? 'renamed_from'),
        records(record_id) AS (
            SELECT $2 COLLATE "C"
            UNION
            SELECT m.record_id COLLATE "C"
            FROM records r
            JOIN tables t ON true
            JOIN concord.change_events e
              ON e.record_id = r.record_id AND e.table_name = t.table_name
             AND e.table_schema = t.table_schema
            CROSS JOIN LATERAL (VALUES (e.metadata ->> 'moved_from'),
                                       (e.metadata ->> 'moved_to')) m(record_id)
            WHERE m.record_id IS NOT NULL)
        SELECT t.table_schema, t.table_name, r.record_id FROM tables t CROSS JOIN records r
    $$;

CREATE FUNCTION concord.history(relation regclass, record_id text) RETURNS SETOF concord.change_events
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT e.*
        FROM concord.record_names($1, $2) n
        JOIN concord.change_events e USING (record_id, table_name, table_schema)
        ORDER BY e.hlc, e.origin_node_id, e.node_sequence
    $$;

COMMENT ON FUNCTION concord.history(regclass, text) IS
    'The events of one record, oldest first; follows changed keys and renamed tables';

CREATE FUNCTION concord.row_now(relation regclass, record_id text) RETURNS jsonb
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'row_now';

-- Before a record's first event it was what that event found; without any event it is what it is.
CREATE FUNCTION concord.row_at_hlc(relation regclass, record_id text, at concord.hlc) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        WITH events AS (
            SELECT e.hlc, e.origin_node_id, e.node_sequence, e.operation, e.old_values, e.new_values
            FROM concord.record_names($1, $2) n
            JOIN concord.change_events e USING (table_schema, table_name)
            WHERE e.record_id = $2
              AND e.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'))
        SELECT CASE
            WHEN EXISTS (SELECT FROM events e WHERE e.hlc <= $3) THEN
                (SELECT e.new_values FROM events e WHERE e.hlc <= $3
                 ORDER BY e.hlc DESC, e.origin_node_id DESC, e.node_sequence DESC LIMIT 1)
            WHEN EXISTS (SELECT FROM events) THEN
                (SELECT e.old_values FROM events e
                 ORDER BY e.hlc, e.origin_node_id, e.node_sequence LIMIT 1)
            ELSE concord.row_now($1, $2)
        END
    $$;

CREATE FUNCTION concord.row_at(relation regclass, record_id text, at timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT concord.row_at_hlc($1, $2, concord.hlc($3, 65535)) $$;

COMMENT ON FUNCTION concord.row_at(regclass, text, timestamptz) IS
    'The image of a row as it was at a moment; null where it did not exist';
