CREATE FUNCTION concord.apply_events(
    events jsonb[], OUT applied bigint, OUT duplicate bigint, OUT received bigint,
    OUT pending bigint, OUT conflicts bigint)
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_apply_events';

CREATE FUNCTION concord.retry_pending(
    OUT applied bigint, OUT duplicate bigint, OUT received bigint,
    OUT pending bigint, OUT conflicts bigint)
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_retry_pending';

COMMENT ON FUNCTION concord.apply_events(jsonb[]) IS
    'Applies events that another node exported, in any order and any number of times';
COMMENT ON FUNCTION concord.retry_pending() IS
    'Tries again what waits: received groups, and rows that could not be shown';

-- As the vector, but what waits counts as well: what a node with this vector lacks need not be sent it
-- again, and of a group that comes in parts it is sent the rest.
CREATE FUNCTION concord.received_vector() RETURNS jsonb
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT v.vector || COALESCE((
            SELECT jsonb_object_agg(r.node, r.last)
            FROM (SELECT w.node, max(w.node_sequence) AS last
                  FROM (SELECT e.origin_node_id::text AS node, e.node_sequence, s.last AS entered,
                               row_number() OVER (PARTITION BY e.origin_node_id
                                                  ORDER BY e.node_sequence) AS place
                        FROM concord.received_events e
                        CROSS JOIN LATERAL (
                            SELECT COALESCE((v.vector ->> e.origin_node_id::text)::bigint, 0) AS last) s
                        WHERE e.reason <> 'forked_origin' AND e.node_sequence > s.last) w
                  WHERE w.node_sequence = w.entered + w.place
                  GROUP BY w.node) r), '{}')
        FROM (SELECT concord.vector() AS vector) v
    $$;

COMMENT ON FUNCTION concord.received_vector() IS
    'What need not be sent to this node: its vector, with waiting events counted';

-- Ranges known to exist, because something after them is here or somebody has seen them, and not here.
CREATE FUNCTION concord.gaps()
    RETURNS TABLE (origin_node_id concord.ulid, first_missing bigint, last_missing bigint)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
        WITH known AS (
            SELECT r.origin_node_id AS node_id, max(r.group_sequence + r.group_size - 1) AS last
            FROM concord.received_events r WHERE r.reason <> 'forked_origin' GROUP BY 1
            UNION ALL
            SELECT o.key::concord.ulid, max(o.value::bigint)
            FROM concord.received_events r CROSS JOIN LATERAL jsonb_each_text(r.observed) o
            WHERE r.reason <> 'forked_origin' GROUP BY 1
            UNION ALL
            SELECT o.key::concord.ulid, max(o.value::bigint)
            FROM concord.nodes n CROSS JOIN LATERAL jsonb_each_text(n.observed) o GROUP BY 1
            UNION ALL
            -- A copy can hold later numbers of its predecessor without one that was on its way.
            SELECT i.node_id, (SELECT e.node_sequence FROM concord.change_events e
                               WHERE e.origin_node_id = i.node_id
                               ORDER BY e.node_sequence DESC LIMIT 1)
            FROM concord.identity i),
        ends AS (
            SELECT k.node_id, max(k.last) AS last,
                   COALESCE((SELECT n.applied_sequence FROM concord.nodes n
                             WHERE n.node_id = k.node_id), 0) AS applied
            FROM known k WHERE k.node_id <> concord.node_id() GROUP BY k.node_id),
        marks AS (
            SELECT e.node_id, e.applied AS sequence FROM ends e
            UNION
            SELECT r.origin_node_id, r.node_sequence
            FROM concord.received_events r JOIN ends e ON e.node_id = r.origin_node_id
            WHERE r.node_sequence > e.applied AND r.reason <> 'forked_origin'
            UNION
            SELECT c.origin_node_id, c.node_sequence
            FROM concord.change_events c JOIN ends e ON e.node_id = c.origin_node_id
            WHERE c.node_sequence > e.applied
            UNION
            SELECT e.node_id, e.last + 1 FROM ends e WHERE e.last > e.applied),
        steps AS (
            SELECT m.node_id, m.sequence,
                   lead(m.sequence) OVER (PARTITION BY m.node_id ORDER BY m.sequence) AS next
            FROM marks m)
        SELECT s.node_id, s.sequence + 1, s.next - 1 FROM steps s
        WHERE s.next > s.sequence + 1 ORDER BY 1, 2
    $$;

COMMENT ON FUNCTION concord.gaps() IS 'Ranges of other nodes'' numbers that exist and have not been received';
