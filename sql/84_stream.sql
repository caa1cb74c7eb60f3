-- Events over PostgreSQL's logical replication. What arrives in the log is taken by a trigger that
-- fires in replication alone, and entered once the replicated transaction is here.
CREATE FUNCTION concord._receive_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_receive_trigger';
CREATE FUNCTION concord._enter_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_enter_trigger';

CREATE FUNCTION concord._is_arriving() RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_is_arriving';

CREATE TRIGGER receive BEFORE INSERT ON concord.change_events
    FOR EACH ROW WHEN (concord._is_arriving()) EXECUTE FUNCTION concord._receive_trigger();
ALTER TABLE concord.change_events ENABLE REPLICA TRIGGER receive;
CREATE CONSTRAINT TRIGGER enter AFTER INSERT ON concord.received_events
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.reason IN ('arriving', 'forked_origin') AND concord._is_arriving())
    EXECUTE FUNCTION concord._enter_trigger();
ALTER TABLE concord.received_events ENABLE REPLICA TRIGGER enter;
-- A group that may enter at once passes straight into the log.
CREATE CONSTRAINT TRIGGER enter AFTER INSERT ON concord.change_events
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.node_sequence = NEW.group_sequence AND concord._is_arriving())
    EXECUTE FUNCTION concord._enter_trigger();
ALTER TABLE concord.change_events ENABLE REPLICA TRIGGER enter;

COMMENT ON FUNCTION concord._is_arriving() IS 'Internal: whether a row comes by logical replication';
COMMENT ON FUNCTION concord._receive_trigger() IS 'Internal: takes the events that logical replication brings';
COMMENT ON FUNCTION concord._enter_trigger() IS 'Internal: lets enter what a replicated transaction has brought';

-- Publications of the log, for a restore, which makes them again without it.
CREATE TABLE concord._publications (
    name text PRIMARY KEY
);
COMMENT ON TABLE concord._publications IS 'Internal: publications that publish the log';

-- Refuses what cannot be a publication of the log by this name: any other is somebody else's.
CREATE FUNCTION concord.create_publication(name name = 'concord') RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        publication pg_publication;
        colliding record;
        space jsonb;
        plan record;
    BEGIN
        IF COALESCE(create_publication.name, '') = '' THEN
            RAISE EXCEPTION 'publication name must not be empty'
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Omit the argument to use the name "concord".';
        END IF;
        SELECT * INTO publication FROM pg_publication p WHERE p.pubname = create_publication.name;
        IF FOUND THEN
            IF publication.pubinsert AND NOT publication.puballtables
               AND ARRAY(SELECT r.prrelid FROM pg_publication_rel r WHERE r.prpubid = publication.oid
                         AND r.prqual IS NULL AND r.prattrs IS NULL)
                   = ARRAY['concord.change_events'::regclass::oid]
               AND NOT EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = publication.oid) THEN
                RAISE NOTICE 'publication "%" already publishes the log, skipping', create_publication.name;
                RETURN;
            END IF;
            RAISE EXCEPTION 'publication "%" already exists and publishes something else', create_publication.name
                USING ERRCODE = 'duplicate_object', HINT = 'Choose another name, or drop the publication first.';
        END IF;
        FOR colliding IN SELECT * FROM concord._key_sequences k WHERE NOT k.spread
                         ORDER BY k.relation::text, k.column_name LOOP
            space := COALESCE(space, concord._choose_key_space());
            plan := concord._plan_spread(colliding.sequence, space);
            IF plan.obstacle IS NOT NULL THEN
                RAISE WARNING 'column "%" of % takes its values from sequence %, as on other nodes',
                              colliding.column_name, colliding.relation, colliding.sequence
                    USING ERRCODE = plan.state, DETAIL = 'It cannot be spread: ' || plan.obstacle || '.', HINT = plan.hint;
                CONTINUE;
            END IF;
            RAISE EXCEPTION 'column "%" of % takes its values from sequence %, as on other nodes',
                            colliding.column_name, colliding.relation, colliding.sequence
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = 'Two nodes would give the same key to two records.',
                      HINT = 'Use SELECT * FROM concord.spread_sequences() first.';
        END LOOP;
        EXECUTE format('CREATE PUBLICATION %I FOR TABLE concord.change_events WITH (publish = %L)',
                       create_publication.name, 'insert');
    END
    $$;

-- The slot is named by this node and the peer: two subscribers must never share one.
CREATE FUNCTION concord.subscription_commands(
    peer name, conninfo text, copy_data boolean = true, publication name = 'concord')
    RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        slot text;
    BEGIN
        IF COALESCE(peer, '') = '' OR octet_length(peer) > 55 THEN
            RAISE EXCEPTION 'invalid peer name: "%"', COALESCE(peer, '')
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Any name of 1 to 55 bytes is valid; the subscription will be named concord_ followed by it.';
        END IF;
        IF conninfo IS NULL OR conninfo !~ '^\s*(postgres(ql)?://|\w+\s*=)' THEN
            RAISE EXCEPTION 'invalid connection string: "%"', COALESCE(conninfo, '')
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Specify the database of the other node, as in ''host=oslo dbname=cms user=replicator''.';
        END IF;
        IF copy_data IS NULL OR publication IS NULL THEN
            RAISE EXCEPTION '% must not be null', CASE WHEN copy_data IS NULL THEN 'copy_data' ELSE 'publication' END
                USING ERRCODE = 'null_value_not_allowed', HINT = 'Omit the argument to use its default.';
        END IF;
        slot := format('concord_%s_%s', lower(concord.node_id()::text), left(md5(peer), 8));
        RETURN NEXT format(
            'CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %I '
            'WITH (slot_name = %L, copy_data = %s, streaming = off, two_phase = false)',
            'concord_' || peer, conninfo, publication, slot, copy_data::text);
    END
    $$;

COMMENT ON FUNCTION concord.create_publication(name) IS 'Publishes the log, so that other nodes can subscribe to it';
COMMENT ON FUNCTION concord.subscription_commands(name, text, boolean, name) IS
    'Commands with which this node subscribes to the log of another, for \gexec in psql';
