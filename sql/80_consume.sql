-- Events that are safe to read: per origin, the numbers after `after` up to the first hole.
CREATE FUNCTION concord._events_after(after jsonb, max_events integer)
    RETURNS SETOF concord.change_events
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT (e.event).*
        FROM concord.nodes n
        CROSS JOIN LATERAL (
            SELECT c AS event, pg_catalog.row_number() OVER (ORDER BY c.node_sequence) AS place
            FROM (SELECT * FROM concord.change_events c
                  WHERE c.origin_node_id = n.node_id
                    AND c.node_sequence > COALESCE(($1 ->> n.node_id::text)::bigint, 0)
                  ORDER BY c.node_sequence LIMIT $2) c) e
        WHERE (e.event).node_sequence = COALESCE(($1 ->> n.node_id::text)::bigint, 0) + e.place
        ORDER BY (e.event).hlc, (e.event).origin_node_id, (e.event).node_sequence
        LIMIT $2
    $$;

CREATE FUNCTION concord.consume(consumer text, max_events integer = 1000, from_now boolean = false)
    RETURNS SETOF concord.change_events
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        cursor_of concord.consumers;
    BEGIN
        IF consumer IS NULL OR consumer = '' THEN
            RAISE EXCEPTION 'consumer name must not be empty'
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Specify a name that no other consumer uses.';
        END IF;
        IF max_events IS NULL OR max_events < 1 THEN
            RAISE EXCEPTION 'invalid value for max_events: %', COALESCE(max_events::text, 'null')
                USING ERRCODE = 'invalid_parameter_value', HINT = 'The value must be greater than zero.';
        END IF;
        IF from_now IS NULL THEN
            RAISE EXCEPTION 'from_now must not be null'
                USING ERRCODE = 'null_value_not_allowed', HINT = 'Omit the argument to use its default.';
        END IF;
        -- Only for a new one does "now" mean anything.
        IF from_now AND NOT EXISTS (SELECT FROM concord.consumers c WHERE c.consumer = $1) THEN
            INSERT INTO concord.consumers AS c (consumer, acknowledged) VALUES ($1, concord.vector())
                ON CONFLICT ON CONSTRAINT consumers_pkey DO NOTHING;
        END IF;
        INSERT INTO concord.consumers AS c (consumer, last_read) VALUES ($1, clock_timestamp())
            ON CONFLICT ON CONSTRAINT consumers_pkey DO UPDATE SET last_read = clock_timestamp()
            RETURNING * INTO cursor_of;
        RETURN QUERY
            WITH batch AS MATERIALIZED (
                SELECT * FROM concord._events_after(cursor_of.acknowledged, max_events)),
            remembered AS (
                UPDATE concord.consumers c
                -- An earlier call can have delivered more.
                SET delivered = (
                    SELECT COALESCE(jsonb_object_agg(d.origin, d.last), '{}')
                    FROM (SELECT a.origin, max(a.last) AS last
                          FROM (SELECT b.origin_node_id::text AS origin, b.node_sequence AS last
                                FROM batch b
                                UNION ALL
                                SELECT o.key, o.value::bigint
                                FROM jsonb_each_text(c.delivered) o) a
                          GROUP BY a.origin) d)
                WHERE c.consumer = $1)
            SELECT * FROM batch b ORDER BY b.hlc, b.origin_node_id, b.node_sequence;
    END
    $$;

CREATE FUNCTION concord.acknowledge(consumer text, upto concord.ulid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        cursor_of concord.consumers;
        last concord.change_events;
    BEGIN
        SELECT * INTO cursor_of FROM concord.consumers c WHERE c.consumer = $1 FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'consumer "%" does not exist', consumer
                USING ERRCODE = 'undefined_object',
                      HINT = 'A consumer is created by its first call of concord.consume().';
        END IF;
        SELECT * INTO last FROM concord.change_events e WHERE e.event_id = upto;
        IF NOT FOUND OR last.node_sequence
                > COALESCE((cursor_of.delivered ->> last.origin_node_id::text)::bigint, 0) THEN
            RAISE EXCEPTION 'event "%" was not delivered to consumer "%"', upto, consumer
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Acknowledge the event_id of an event that concord.consume() returned.';
        END IF;
        -- All that was delivered up to this event in the order of delivery, and nothing else: an
        -- event that came in between was not delivered yet.
        UPDATE concord.consumers c
        SET acknowledged = c.acknowledged || (
            SELECT COALESCE(jsonb_object_agg(d.origin, d.upto), '{}')
            FROM (SELECT o.key AS origin, max(e.node_sequence) AS upto
                  FROM jsonb_each_text(c.delivered) o
                  JOIN concord.change_events e
                    ON e.origin_node_id = o.key::concord.ulid
                   AND e.node_sequence > COALESCE((c.acknowledged ->> o.key)::bigint, 0)
                   AND e.node_sequence <= o.value::bigint
                   AND (e.hlc, e.origin_node_id, e.node_sequence)
                       <= (last.hlc, last.origin_node_id, last.node_sequence)
                  GROUP BY o.key) d)
        WHERE c.consumer = $1;
    END
    $$;

COMMENT ON FUNCTION concord._events_after(jsonb, integer) IS
    'Internal: events after a vector, up to each node''s first hole';
COMMENT ON FUNCTION concord.consume(text, integer, boolean) IS
    'Next events that a reader has not acknowledged; the same ones again until it has';
COMMENT ON FUNCTION concord.acknowledge(text, concord.ulid) IS
    'Moves a reader''s cursor past an event that it was given';
