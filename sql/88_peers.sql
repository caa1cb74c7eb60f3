-- How far apart this node and each other one are, by what has come from it.
CREATE VIEW concord.peers AS
WITH own AS (
    SELECT o.node_id, concord._contiguous_sequence(o.node_id) AS last,
           (SELECT n.key_space FROM concord.nodes n WHERE n.node_id = o.node_id) AS key_space,
           pg_catalog.jsonb_array_length(concord._unspread_sequences()) > 0 AS strays
    FROM (SELECT concord.node_id() AS node_id) o),
said AS (
    SELECT s.key::concord.ulid AS node_id, pg_catalog.max(s.value::bigint) AS last
    FROM (SELECT n.observed FROM concord.nodes n
          UNION ALL
          SELECT r.observed FROM concord.received_events r WHERE r.reason <> 'forked_origin') v
    CROSS JOIN LATERAL pg_catalog.jsonb_each_text(v.observed) s GROUP BY 1),
waiting AS (
    SELECT r.origin_node_id AS node_id, pg_catalog.max(r.group_sequence + r.group_size - 1) AS last,
           pg_catalog.min(r.wall_timestamp) AS oldest
    FROM concord.received_events r WHERE r.reason <> 'forked_origin' GROUP BY 1),
apart AS (
    SELECT n.*, w.oldest, o.key_space AS own_key_space, o.strays,
           GREATEST(n.applied_sequence, s.last, w.last) - n.applied_sequence AS lacking_here,
           GREATEST(o.last - COALESCE((n.observed ->> o.node_id::text)::bigint, 0), 0) AS lacking_there,
           (SELECT e.wall_timestamp FROM concord.change_events e
            WHERE e.origin_node_id = o.node_id
              AND e.node_sequence = COALESCE((n.observed ->> o.node_id::text)::bigint, 0) + 1) AS unseen_since
    FROM concord._other_nodes n
    CROSS JOIN own o
    LEFT JOIN said s ON s.node_id = n.node_id
    LEFT JOIN waiting w ON w.node_id = n.node_id),
lags AS (
SELECT a.node_id, a.name, a.status, a.last_heartbeat,
       a.lacking_here,
       CASE WHEN a.lacking_here > 0
            THEN GREATEST(pg_catalog.clock_timestamp() - LEAST(a.oldest, COALESCE(a.last_heartbeat, a.registered_at)), '0')
            ELSE '0' END AS lag_here,
       a.lacking_there,
       CASE WHEN a.lacking_there > 0
            THEN GREATEST(pg_catalog.clock_timestamp() - a.unseen_since, '0') ELSE '0' END AS lag_there,
       a.strays OR COALESCE(concord._key_spaces_meet(a.key_space, a.own_key_space), false) AS same_keys
FROM apart a)
SELECT l.*,
       CASE WHEN l.status IN ('retired', 'forked') THEN l.status
            WHEN COALESCE(l.last_heartbeat < pg_catalog.clock_timestamp() - s.patience, true) THEN 'silent'
            WHEN l.lag_here > s.patience THEN 'behind'
            WHEN l.lag_there > s.patience THEN 'unconfirmed'
            ELSE 'flowing' END AS flow
FROM lags l
CROSS JOIN (SELECT pg_catalog.current_setting('concord.node_stale_after')::interval AS patience) s;

COMMENT ON VIEW concord.peers IS 'Other nodes, and how far each and this one are apart';

COMMENT ON COLUMN concord.peers.last_heartbeat IS 'Time of the node''s last event here';
COMMENT ON COLUMN concord.peers.lacking_here IS
    'Number of the node''s events that are known to exist and are not in the log here';
COMMENT ON COLUMN concord.peers.lag_here IS 'How old the oldest of these is, as far as is known';
COMMENT ON COLUMN concord.peers.lacking_there IS
    'Number of this node''s events that the other had not applied when it wrote its last event here';
COMMENT ON COLUMN concord.peers.lag_there IS 'How old the first of these is';
COMMENT ON COLUMN concord.peers.flow IS
    'Whether events flow: flowing; silent (nothing comes), behind (what comes lags) or unconfirmed (the node is not seen to take in) for concord.node_stale_after; retired; forked';
COMMENT ON COLUMN concord.peers.same_keys IS 'Whether the sequences of both nodes can give the same values';
