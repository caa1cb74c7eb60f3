-- The highest number of this node up to which the log has all.
CREATE FUNCTION concord._contiguous_sequence(node_id concord.ulid) RETURNS bigint
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT f.floor + count(*) FILTER (WHERE e.node_sequence = f.floor + e.place)
        FROM (SELECT COALESCE((SELECT i.contiguous_sequence FROM concord.identity i
                               WHERE i.node_id = $1), 0) AS floor) f
        LEFT JOIN LATERAL (
            SELECT c.node_sequence, row_number() OVER (ORDER BY c.node_sequence) AS place
            FROM concord.change_events c
            WHERE c.origin_node_id = $1 AND c.node_sequence > f.floor) e ON true
        GROUP BY f.floor
    $$;

CREATE FUNCTION concord.vector() RETURNS jsonb
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT COALESCE(jsonb_object_agg(v.node_id::text, v.sequence) FILTER (WHERE v.sequence > 0), '{}')
        FROM (SELECT n.node_id,
                     CASE WHEN n.node_id = concord.node_id()
                          THEN concord._contiguous_sequence(n.node_id)
                          ELSE n.applied_sequence END AS sequence
              FROM concord.nodes n) v
    $$;

-- Refuses what is not a vector.
CREATE FUNCTION concord._check_vector(vector jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        entry record;
    BEGIN
        IF vector IS NULL OR jsonb_typeof(vector) <> 'object' THEN
            RAISE EXCEPTION 'vector % is not a JSON object', COALESCE(vector::text, 'null')
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Pass the result of concord.vector() on the node that is to get the events, or {} for all events.';
        END IF;
        FOR entry IN SELECT * FROM jsonb_each(vector) LOOP
            IF NOT concord.ulid_is_valid(entry.key) OR jsonb_typeof(entry.value) <> 'number'
               OR entry.value::text !~ '^[0-9]{1,18}$' THEN
                RAISE EXCEPTION 'vector entry "%": % is not a node id with a number', entry.key, entry.value
                    USING ERRCODE = 'invalid_parameter_value',
                          HINT = 'Pass the result of concord.vector() on the node that is to get the events.';
            END IF;
        END LOOP;
    END
    $$;

CREATE FUNCTION concord._raw_size(value jsonb) RETURNS bigint
    LANGUAGE c STRICT STABLE AS 'MODULE_PATHNAME', 'concord_raw_size';

-- Whole groups, in the order of events; one that is larger than asked for comes in parts.
CREATE FUNCTION concord.export_events(since jsonb = '{}', max_events integer = 10000, max_bytes bigint = 67108864)
    RETURNS SETOF jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
    AS $$
    BEGIN
        PERFORM concord._check_vector(since);
        IF max_events IS NULL OR max_events < 1 THEN
            RAISE EXCEPTION 'invalid value for max_events: %', COALESCE(max_events::text, 'null')
                USING ERRCODE = 'invalid_parameter_value', HINT = 'The value must be greater than zero.';
        END IF;
        IF max_bytes IS NULL OR max_bytes < 1 THEN
            RAISE EXCEPTION 'invalid value for max_bytes: %', COALESCE(max_bytes::text, 'null')
                USING ERRCODE = 'invalid_parameter_value', HINT = 'The value must be greater than zero.';
        END IF;
        RETURN QUERY
            WITH batch AS MATERIALIZED (
                SELECT e.*, row_number() OVER w AS place,
                       sum(COALESCE(concord._raw_size(e.old_values), 0) + COALESCE(concord._raw_size(e.new_values), 0)
                           + COALESCE(concord._raw_size(e.metadata), 0)) OVER w AS size
                FROM concord._events_after(since, max_events) e
                WINDOW w AS (ORDER BY e.hlc, e.origin_node_id, e.node_sequence)),
            -- One event goes, however large.
            fitting AS (SELECT * FROM batch b WHERE b.place = 1 OR b.size <= max_bytes),
            -- Of the groups in a batch only the last can be cut.
            whole AS (
                SELECT max(b.place) AS last FROM fitting b
                WHERE b.node_sequence = b.group_sequence + b.group_size - 1)
            SELECT to_jsonb(b) - '{place,size}'::text[]
            FROM fitting b CROSS JOIN whole w
            WHERE b.place <= COALESCE(w.last, max_events)
            ORDER BY b.place;
    END
    $$;

COMMENT ON FUNCTION concord._contiguous_sequence(concord.ulid) IS
    'Internal: the number up to which the log has all events of an identity of this node';
COMMENT ON FUNCTION concord._check_vector(jsonb) IS 'Internal: refuses what is no vector';
COMMENT ON FUNCTION concord.vector() IS 'What this node has: per node, the number up to which it has all events';
COMMENT ON FUNCTION concord._raw_size(jsonb) IS 'Internal: the size of a value before it was compressed';
COMMENT ON FUNCTION concord.export_events(jsonb, integer, bigint) IS
    'Events that a node with the given vector lacks, as JSON objects keyed by the columns of the log';
