CREATE FUNCTION concord._clock_facts()
    RETURNS TABLE (hlc concord.hlc, forward_jumps bigint, backward_jumps bigint,
                   issued_sequence bigint, contiguous_sequence bigint, background_worker boolean,
                   tick_failures integer, tick_error text)
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_clock_facts_wrapper';

CREATE VIEW concord.status AS
SELECT concord.node_id() AS node_id,
       COALESCE(NULLIF(pg_catalog.current_setting('concord.node_name', true), ''),
                pg_catalog.current_database()::text) AS name,
       f.hlc,
       GREATEST(f.hlc::timestamptz - pg_catalog.clock_timestamp(), '0') AS clock_ahead,
       f.forward_jumps,
       f.backward_jumps,
       f.issued_sequence,
       f.contiguous_sequence,
       (SELECT pg_catalog.count(*) FROM concord.tracked_tables) AS tracked_tables,
       (SELECT pg_catalog.count(*) FROM concord.nodes) AS nodes,
       (SELECT pg_catalog.count(*) FROM concord.conflicts WHERE resolved_at IS NULL) AS open_conflicts,
       (SELECT pg_catalog.count(*) FROM concord.capture_windows WHERE closed_at IS NULL) AS open_windows,
       (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'table', w.table_schema || '.' || w.table_name, 'reason', w.reason,
                   'opened_at', w.opened_at, 'closed_at', w.closed_at) ORDER BY w.opened_at), '[]')
        FROM concord.capture_windows w) AS capture_windows,
       f.background_worker,
       f.tick_failures,
       f.tick_error,
       concord._unspread_sequences() AS unspread_sequences,
       -- The worst that is true of a peer.
       COALESCE((SELECT p.flow FROM concord.peers p WHERE p.flow <> 'retired'
                 ORDER BY pg_catalog.array_position('{forked,silent,behind,unconfirmed,flowing}', p.flow) LIMIT 1),
                CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_subscription_rel r
                                  WHERE r.srrelid = 'concord.change_events'::regclass)
                     THEN 'nothing has arrived' ELSE 'alone' END) AS flow,
       (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(p) ORDER BY p.node_id), '[]')
        FROM concord.peers p) AS peers
FROM concord._clock_facts() f;

COMMENT ON VIEW concord.status IS 'This node at a glance';

COMMENT ON FUNCTION concord._clock_facts() IS 'Internal: what shared memory knows of the clock and of numbers';
COMMENT ON COLUMN concord.status.node_id IS 'Identity of this node';
COMMENT ON COLUMN concord.status.name IS 'Name of this node';
COMMENT ON COLUMN concord.status.hlc IS 'Last value of the clock';
COMMENT ON COLUMN concord.status.clock_ahead IS 'How far the clock is ahead of the wall clock';
COMMENT ON COLUMN concord.status.forward_jumps IS
    'Times that the wall clock jumped forward by more than a second since the server started';
COMMENT ON COLUMN concord.status.backward_jumps IS
    'Times that the wall clock jumped back by more than a second since the server started';
COMMENT ON COLUMN concord.status.issued_sequence IS 'Highest number that an event of this node was given';
COMMENT ON COLUMN concord.status.contiguous_sequence IS
    'Number up to which the log is known to hold all events of this node';
COMMENT ON COLUMN concord.status.tracked_tables IS 'Number of tables that are tracked';
COMMENT ON COLUMN concord.status.nodes IS 'Number of nodes that are known';
COMMENT ON COLUMN concord.status.open_conflicts IS 'Number of conflicts that nobody has resolved';
COMMENT ON COLUMN concord.status.open_windows IS 'Number of capture windows that are open';
COMMENT ON COLUMN concord.status.capture_windows IS 'All capture windows, oldest first';
COMMENT ON COLUMN concord.status.background_worker IS 'Whether the launcher of the background workers runs';
COMMENT ON COLUMN concord.status.tick_failures IS 'Number of ticks in a row that have failed, up to the last one';
COMMENT ON COLUMN concord.status.tick_error IS 'What the last of these could not do, and its error';
COMMENT ON COLUMN concord.status.unspread_sequences IS
    'Sequences behind keys that can give the values of other nodes, with table and column';
COMMENT ON COLUMN concord.status.flow IS
    'Whether events flow to and from all other nodes: flowing; the worst that is true of one, see peers; nothing has arrived, over a subscription; or alone';
COMMENT ON COLUMN concord.status.peers IS 'Other nodes, and how far each and this one are apart';
