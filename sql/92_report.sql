-- Conflicts as people read them. The report itself is written in Rust (src/report).

-- All columns that any image of a conflict has, in the table's order where the table is here. A column that is
-- absent is null, one without a value JSON's null. `silent` are those in which nodes may differ, `settable` those that
-- can be given to resolve_conflict; `about` is null where the images tell which columns matter.
CREATE FUNCTION concord._conflict_columns(conflict_id concord.ulid)
    RETURNS TABLE (column_name text, base jsonb, local jsonb, remote jsonb, applied jsonb, silent boolean,
                   settable boolean, about boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT k.name, c.base_values -> k.name, c.local_values -> k.name, c.remote_values -> k.name,
               c.applied_values -> k.name,
               COALESCE(k.name = ANY (l.silent) OR k.name = ANY (r.silent), false),
               COALESCE(here.attgenerated = '', false),
               CASE WHEN c.conflict_type IN ('unique_key', 'tree')
                    THEN COALESCE(c.detail -> 'columns' ? k.name, false)
                    WHEN c.conflict_type = 'foreign_key' THEN here.refers END
        FROM concord.conflicts c
        LEFT JOIN concord.change_events l ON l.event_id = c.local_event_id
        LEFT JOIN concord.change_events r ON r.event_id = c.remote_event_id
        CROSS JOIN LATERAL (
            SELECT DISTINCT jsonb_object_keys(i.image) COLLATE "C" AS name
            FROM (VALUES (c.base_values), (c.local_values), (c.remote_values), (c.applied_values)) i(image)
            WHERE jsonb_typeof(i.image) = 'object') k
        LEFT JOIN LATERAL (
            SELECT a.attnum, a.attgenerated,
                   EXISTS (SELECT FROM pg_constraint o
                           WHERE o.conrelid = t.oid AND o.conname = c.detail ->> 'constraint'
                             AND a.attnum = ANY (o.conkey)) AS refers
            FROM pg_namespace n
            JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = c.table_name
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = k.name AND a.attnum > 0
            WHERE n.nspname = c.table_schema) here ON true
        WHERE c.conflict_id = $1
        ORDER BY here.attnum NULLS LAST, k.name
    $$;

CREATE FUNCTION concord.conflict_diff(conflict_id concord.ulid)
    RETURNS TABLE (column_name text, base text, local text, remote text, applied text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM concord.conflicts c WHERE c.conflict_id = $1) THEN
            RAISE EXCEPTION 'conflict % does not exist', COALESCE('"' || $1::text || '"', 'null')
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'concord.conflicts lists the conflicts that this node knows.';
        END IF;
        RETURN QUERY
            SELECT c.column_name, c.base #>> '{}', c.local #>> '{}', c.remote #>> '{}', c.applied #>> '{}'
            FROM concord._conflict_columns($1) c;
    END
    $$;

COMMENT ON FUNCTION concord._conflict_columns(concord.ulid) IS 'Internal: the images of a conflict, column by column';
COMMENT ON FUNCTION concord.conflict_diff(concord.ulid) IS
    'A conflict column by column: what both sides began with, what stands, what lost, and what is shown';

-- What a side is compared with where it has no row is what both began with: so the columns are those that the other
-- side changed.
CREATE VIEW concord.open_conflicts AS
SELECT c.conflict_id, c.table_schema, c.table_name, c.record_id, c.conflict_type, c.conflict_policy,
       GREATEST(pg_catalog.clock_timestamp() - c.detected_at, '0') AS age,
       COALESCE(d.columns, '{}') AS columns,
       CASE WHEN c.conflict_type = 'tree' THEN NULL
            WHEN c.local_values IS NULL THEN '(no row)' ELSE d.local END AS local,
       CASE WHEN c.conflict_type = 'tree' THEN NULL
            WHEN c.remote_values IS NULL THEN '(no row)' ELSE d.remote END AS remote,
       c.detail
FROM concord.conflicts c
LEFT JOIN concord.change_events l ON l.event_id = c.local_event_id
LEFT JOIN concord.change_events r ON r.event_id = c.remote_event_id
CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(k.name ORDER BY k.name) AS columns,
           pg_catalog.string_agg(k.name || ': ' || short.local, '; ' ORDER BY k.name) AS local,
           pg_catalog.string_agg(k.name || ': ' || short.remote, '; ' ORDER BY k.name) AS remote
    FROM (
        SELECT pg_catalog.jsonb_array_elements_text(c.detail -> 'columns') COLLATE "C" AS name
        WHERE c.conflict_type IN ('unique_key', 'tree')
        UNION ALL
        SELECT a.attname::text COLLATE "C"
        FROM pg_catalog.pg_namespace n
        JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = c.table_name
        JOIN pg_catalog.pg_constraint o ON o.conrelid = t.oid AND o.conname = c.detail ->> 'constraint'
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (o.conkey)
        WHERE c.conflict_type = 'foreign_key' AND n.nspname = c.table_schema
        UNION ALL
        SELECT COALESCE(x.key, y.key) COLLATE "C"
        FROM pg_catalog.jsonb_each(COALESCE(c.local_values, c.base_values, '{}')) x
        FULL JOIN pg_catalog.jsonb_each(COALESCE(c.remote_values, c.base_values, '{}')) y ON y.key = x.key
        WHERE c.conflict_type NOT IN ('unique_key', 'foreign_key', 'tree')
          AND x.value IS DISTINCT FROM y.value
          AND NOT (COALESCE(x.key, y.key) = ANY (COALESCE(l.silent, '{}'))
                   OR COALESCE(x.key, y.key) = ANY (COALESCE(r.silent, '{}')))) k
    CROSS JOIN LATERAL (
        SELECT c.local_values ->> k.name AS local, c.remote_values ->> k.name AS remote) v
    CROSS JOIN LATERAL (
        SELECT COALESCE(CASE WHEN pg_catalog.length(v.local) > 40 THEN pg_catalog.left(v.local, 39) || '…'
                             ELSE v.local END, 'null') AS local,
               COALESCE(CASE WHEN pg_catalog.length(v.remote) > 40 THEN pg_catalog.left(v.remote, 39) || '…'
                             ELSE v.remote END, 'null') AS remote) short) d
WHERE c.resolved_at IS NULL;

CREATE VIEW concord.conflict_summary AS
SELECT c.table_schema, c.table_name, c.conflict_type, c.conflict_policy,
       pg_catalog.count(*) FILTER (WHERE c.resolved_at IS NULL) AS open,
       pg_catalog.count(c.resolved_at) AS resolved,
       pg_catalog.max(GREATEST(pg_catalog.clock_timestamp() - c.detected_at, '0'))
           FILTER (WHERE c.resolved_at IS NULL) AS oldest_open,
       pg_catalog.max(c.detected_at) AS last_detected_at
FROM concord.conflicts c
GROUP BY c.table_schema, c.table_name, c.conflict_type, c.conflict_policy;

COMMENT ON VIEW concord.open_conflicts IS 'Conflicts that wait for a decision, and what differs';
COMMENT ON VIEW concord.conflict_summary IS 'How many conflicts there are, by table, type and policy';
COMMENT ON COLUMN concord.open_conflicts.age IS 'Time since this node found the conflict';
COMMENT ON COLUMN concord.open_conflicts.columns IS 'Columns in which the two sides differ';
COMMENT ON COLUMN concord.open_conflicts.local IS
    'Values of these columns on the side that stands, cut at 40 characters';
COMMENT ON COLUMN concord.open_conflicts.remote IS
    'Values of these columns on the side that lost, cut at 40 characters';
COMMENT ON COLUMN concord.conflict_summary.open IS 'Number of open conflicts';
COMMENT ON COLUMN concord.conflict_summary.resolved IS 'Number of resolved conflicts';
COMMENT ON COLUMN concord.conflict_summary.oldest_open IS
    'Time since this node found the oldest open conflict; null if there is none';
COMMENT ON COLUMN concord.conflict_summary.last_detected_at IS 'When this node found the latest conflict';

CREATE FUNCTION concord.report() RETURNS text
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'concord_report_wrapper';

COMMENT ON FUNCTION concord.report() IS
    'State of this node as an HTML page: nodes, what is missing, and open conflicts side by side';
