-- To PUBLIC: the schema, the types with their functions, and what an application needs that only
-- writes. Everything else is granted by whoever owns the database.
GRANT USAGE ON SCHEMA concord TO PUBLIC;
REVOKE EXECUTE ON FUNCTION
    concord.hlc_observe(concord.hlc), concord.hlc_reset(), concord.heartbeat(), concord.tick(),
    concord.flush(), concord._identity_written(), concord.track, concord._track_with_text, concord.untrack(regclass),
    concord.track_schema, concord._tracking_obstacle(oid),
    concord.track_tree(regclass, name, name, name, name), concord.untrack_tree(regclass),
    concord._trigger_options(bytea), concord.record_names(regclass, text), concord.table_names(regclass),
    concord.history(regclass, text), concord.row_at_hlc(regclass, text, concord.hlc),
    concord.row_at(regclass, text, timestamptz), concord._row_now(regclass, text, boolean),
    concord.digest(regclass), concord._events_after(jsonb, integer),
    concord.consume(text, integer, boolean), concord.acknowledge(text, concord.ulid),
    concord._contiguous_sequence(concord.ulid), concord.apply_events(jsonb[]), concord.retry_pending(),
    concord.gaps(), concord.vector(), concord.received_vector(), concord.fold_events(concord.ulid[]),
    concord._check_vector(jsonb), concord._raw_size(jsonb),
    concord.export_events(jsonb, integer, bigint), concord.resolve_conflict(concord.ulid, text, jsonb),
    concord.reopen_conflict(concord.ulid), concord._notify_conflict(), concord._watch_ddl(),
    concord._clock_facts(), concord._is_arriving(), concord._receive_trigger(), concord._enter_trigger(),
    concord.create_publication(name),
    concord.subscription_commands(name, text, boolean, name), concord._key_spaces_meet(jsonb, jsonb),
    concord._claim_key_space(jsonb), concord._choose_key_space(), concord._check_place(integer, integer),
    concord._sequence_value(regclass), concord._is_overtaken(regclass), concord._repair_sequences(),
    concord._unspread_sequences(), concord._plan_spread(regclass, jsonb), concord._spread_sequence(regclass, jsonb),
    concord.spread_sequences(integer, integer),
    concord._conflict_columns(concord.ulid), concord.conflict_diff(concord.ulid), concord.report()
FROM PUBLIC;

-- pg_dump keeps what the extension's script does not make again.
DO $$
DECLARE
    kept regclass;
BEGIN
    FOREACH kept IN ARRAY ARRAY['concord.change_events', 'concord.identity', 'concord.nodes',
                                'concord.conflicts', 'concord.consumers',
                                'concord.received_events', 'concord.pending_rows', 'concord._claims',
                                'concord.capture_windows', 'concord.trees',
                                'concord._publications']::regclass[] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(kept, '');
    END LOOP;
END
$$;

-- Mints the identity, or refuses with what to do where the library was not loaded with the server.
SELECT concord.node_id();
