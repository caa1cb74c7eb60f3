-- Keys from sequences. A key space is a residue: a node's sequences give values that leave the
-- remainder `place` when divided by the count of `places` (`small_places` for integer and smallint).

-- What a sequence stands at, whether that was given out or is next: both have the remainder.
CREATE FUNCTION concord._sequence_value(sequence regclass) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        value bigint;
    BEGIN
        EXECUTE format('SELECT last_value FROM %s', sequence) INTO value;
        RETURN value;
    END
    $$;

-- Every column of a tracked table that is part of a unique index and takes its values from a sequence.
CREATE VIEW concord._key_sequences AS
WITH space AS (
    SELECT n.key_space AS own FROM concord.nodes n WHERE n.node_id = concord.node_id()),
feeding AS (
    SELECT t.relation, a.attname AS column_name, a.atttypid, f.sequence,
           -- A default can name any sequence, whosever it is.
           pg_catalog.pg_has_role(r.relowner, q.relowner, 'USAGE') AS permitted
    FROM concord.tracked_tables t
    JOIN pg_catalog.pg_class r ON r.oid = t.relation
    JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL (
        SELECT d.objid AS sequence FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i'
          AND d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
        UNION
        SELECT d.refobjid FROM pg_catalog.pg_attrdef v
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = v.oid
                                   AND d.refclassid = 'pg_catalog.pg_class'::regclass
        WHERE v.adrelid = a.attrelid AND v.adnum = a.attnum) f
    JOIN pg_catalog.pg_class q ON q.oid = f.sequence AND q.relkind = 'S'
    WHERE EXISTS (SELECT FROM pg_catalog.pg_index i
                  WHERE i.indrelid = t.relation AND i.indisunique AND a.attnum = ANY (i.indkey::int2[]))),
reaching AS (
    SELECT f.*, s.seqincrement, s.seqstart, s.seqcycle,
           LEAST(s.seqmax, CASE f.atttypid WHEN 'int2'::regtype THEN 32767
                                           WHEN 'int4'::regtype THEN 2147483647 ELSE s.seqmax END) AS top
    FROM feeding f JOIN pg_catalog.pg_sequence s ON s.seqrelid = f.sequence),
bounded AS (
    -- One sequence can feed several columns. Those whose owner has no right to it do not bound it.
    SELECT r.*, COALESCE(pg_catalog.min(r.top) FILTER (WHERE r.permitted) OVER of_one,
                         pg_catalog.min(r.top) OVER of_one) AS highest
    FROM reaching r WINDOW of_one AS (PARTITION BY r.sequence)),
stepping AS (
    SELECT b.*, (p.own ->> 'place')::bigint AS place,
           (p.own ->> CASE WHEN b.highest > 2147483647 THEN 'places' ELSE 'small_places' END)::bigint AS places
    FROM bounded b CROSS JOIN space p)
SELECT s.relation, s.column_name, s.atttypid::regtype AS column_type, s.sequence::regclass AS sequence,
       s.seqincrement AS increment, s.seqcycle AS cycle, s.highest, s.place, s.places, s.permitted,
       COALESCE(s.seqincrement = s.places
                AND (concord._sequence_value(s.sequence::regclass) - s.place) % s.places = 0, false) AS spread
FROM stepping s;

COMMENT ON VIEW concord._key_sequences IS 'Internal: sequences behind the keys of tracked tables';

-- Whether two key spaces have a value in common.
CREATE FUNCTION concord._key_spaces_meet(one jsonb, other jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT ((one ->> 'place')::bigint - (other ->> 'place')::bigint)
               % gcd((one ->> 'small_places')::bigint, (other ->> 'small_places')::bigint) = 0
    $$;

CREATE FUNCTION concord._claim_key_space(key_space jsonb) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'concord_claim_key_space_wrapper';

-- The node's own key space: the one that it has, or else one made of its id that no known node has.
-- Of two nodes that took the same without knowing of each other, the one with the greater id moves.
CREATE FUNCTION concord._choose_key_space() RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        places CONSTANT bigint := 1048576;
        me CONSTANT concord.ulid := concord.node_id();
        space jsonb := (SELECT n.key_space FROM concord.nodes n WHERE n.node_id = me);
        first bigint := ('x' || right(encode(me::bytea, 'hex'), 5))::bit(20)::integer;
        rival concord.ulid;
    BEGIN
        IF space IS NOT NULL
           AND (space ? 'given'
                OR NOT EXISTS (SELECT FROM concord.nodes n
                               WHERE n.node_id < me AND n.status <> 'retired'
                                 AND concord._key_spaces_meet(n.key_space, space))) THEN
            RETURN space;
        END IF;
        FOR i IN 0..4095 LOOP
            space := jsonb_build_object('place', (first + i) % places, 'places', places, 'small_places', 4096);
            SELECT n.node_id INTO rival FROM concord.nodes n
            WHERE n.node_id <> me AND n.status <> 'retired' AND concord._key_spaces_meet(n.key_space, space)
            LIMIT 1;
            IF NOT FOUND THEN
                RETURN space;
            END IF;
        END LOOP;
        RAISE EXCEPTION 'no key space is left besides that of node "%"', rival
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Other nodes have numbered places; give this node one as well, as in SELECT * FROM concord.spread_sequences(3, 3).';
    END
    $$;

CREATE FUNCTION concord._check_place(place integer, places integer) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        space CONSTANT jsonb := jsonb_build_object('place', place, 'small_places', places);
        rival concord.ulid;
    BEGIN
        IF place IS NULL OR places IS NULL OR places NOT BETWEEN 1 AND 1000000 OR place NOT BETWEEN 1 AND places THEN
            RAISE EXCEPTION 'place % of % does not exist', COALESCE(place::text, 'null'), COALESCE(places::text, 'null')
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'Give each node a place of its own, and all nodes the same number of places, as in (1, 3), (2, 3), (3, 3). The maximum is 1000000.';
        END IF;
        -- Whoever this database descends from may be gone, and its place free.
        SELECT n.node_id INTO rival FROM concord._other_nodes n
        WHERE n.status <> 'retired' AND concord._key_spaces_meet(n.key_space, space);
        IF FOUND THEN
            RAISE EXCEPTION 'node "%" has a key space that overlaps place % of %', rival, place, places
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Give each node a place of its own, and all nodes the same number of places; see key_space in concord.nodes.';
        END IF;
    END
    $$;

-- Where a sequence goes on in a key space, above all that it and its columns have, and in which steps; or
-- what stands in the way.
CREATE FUNCTION concord._plan_spread(
    sequence regclass, space jsonb,
    OUT start bigint, OUT step bigint, OUT obstacle text, OUT detail text, OUT hint text, OUT state text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        fed record;
        top numeric;
        more numeric;
        first numeric;
        highest bigint;
        increment bigint;
        room numeric;
        least_room CONSTANT integer := CASE WHEN space ? 'given' THEN 1 ELSE 1000 END;
    BEGIN
        SELECT min(k.highest), min(k.increment) INTO highest, increment
        FROM concord._key_sequences k WHERE k.sequence = _plan_spread.sequence AND k.permitted;
        IF highest IS NULL THEN
            obstacle := format('sequence %s cannot be changed by the owner of any table that uses it', sequence);
            hint := 'Make the owner of the table the owner of the sequence too, or give the key another default.';
            state := '42501';
            RETURN;
        ELSIF increment < 0 THEN
            obstacle := format('sequence %s is descending', sequence);
            hint := 'Use ALTER SEQUENCE ... INCREMENT BY 1, or give the key another default.';
            state := '55000';
            RETURN;
        END IF;
        step := (space ->> CASE WHEN highest > 2147483647 THEN 'places' ELSE 'small_places' END)::bigint;
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value::numeric - 1 END FROM %s', sequence)
            INTO top;
        FOR fed IN SELECT * FROM concord._key_sequences k
                   WHERE k.sequence = _plan_spread.sequence AND k.permitted
                     AND k.column_type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) LOOP
            EXECUTE format('SELECT max(%I) FROM %s', fed.column_name, fed.relation) INTO more;
            top := greatest(top, floor(more));
        END LOOP;
        top := greatest(top, 0);
        first := top + 1 + mod(mod((space ->> 'place')::numeric - top - 1, step) + step, step);
        room := CASE WHEN first > highest THEN 0 ELSE div(highest - first, step) + 1 END;
        IF room < least_room THEN
            obstacle := format('sequence %s has room for %s values of this node only', sequence, room);
            detail := format('It may go up to %s, and would go in steps of %s from %s.', highest, step, first);
            hint := 'Change the column and the sequence to bigint, or give each node a place, as in SELECT * FROM concord.spread_sequences(1, 3).';
            state := '2200H';
            RETURN;
        END IF;
        start := first;
    END
    $$;

-- Moves one sequence into the node's key space. One that cannot be moved stays as it is, with a WARNING: a table
-- that somebody has tracked keeps nobody else's sequences from being spread.
CREATE FUNCTION concord._spread_sequence(sequence regclass, space jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        plan record := concord._plan_spread(sequence, space);
    BEGIN
        IF plan.obstacle IS NULL THEN
            -- To set what it has keeps others from the sequence until the end of the transaction: now look again.
            EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', sequence,
                           (SELECT s.seqincrement FROM pg_sequence s WHERE s.seqrelid = sequence));
            plan := concord._plan_spread(sequence, space);
        END IF;
        IF plan.obstacle IS NOT NULL THEN
            RAISE WARNING '%', plan.obstacle
                USING ERRCODE = plan.state, DETAIL = COALESCE(plan.detail, 'The sequence stays as it is.'), HINT = plan.hint;
            RETURN;
        END IF;
        EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s NO CYCLE START WITH %s RESTART WITH %s',
                       sequence, plan.step, plan.start, plan.start);
    END
    $$;

-- Whether a column has a value of this node's remainder that the sequence has yet to give. After a restore what the
-- lost server wrote comes back, and the sequences know nothing of it.
CREATE FUNCTION concord._is_overtaken(sequence regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        fed record;
        overtaken boolean;
    BEGIN
        FOR fed IN SELECT * FROM concord._key_sequences k
                   WHERE k.sequence = _is_overtaken.sequence AND k.permitted AND k.places > 0
                     AND k.column_type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %1$s WHERE %2$I > $1 AND (%2$I::bigint - $2) %% $3 = 0)',
                           fed.relation, fed.column_name)
                INTO overtaken USING concord._sequence_value(sequence), fed.place, fed.places;
            IF overtaken THEN
                RETURN true;
            END IF;
        END LOOP;
        RETURN false;
    END
    $$;

-- What a tick does: moves back what the application has moved, moves the sequences of tables that were tracked since,
-- and of a database that goes on as another node. What cannot be moved stays, and the status shows it.
CREATE FUNCTION concord._repair_sequences() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        me CONSTANT concord.ulid := concord.node_id();
        space jsonb := (SELECT n.key_space FROM concord.nodes n WHERE n.node_id = me);
        returned CONSTANT boolean := COALESCE((SELECT i.keys_returned FROM concord.identity i WHERE i.node_id = me), false);
        stray regclass;
    BEGIN
        IF space IS NULL THEN
            -- The place that somebody has given to an earlier identity is theirs to give again.
            IF COALESCE((SELECT NOT n.key_space ? 'given' FROM concord.identity i JOIN concord.nodes n USING (node_id)
                         WHERE n.key_space IS NOT NULL ORDER BY i.created_at DESC LIMIT 1), false) THEN
                PERFORM concord.spread_sequences();
            END IF;
            RETURN;
        END IF;
        FOR stray IN SELECT DISTINCT k.sequence FROM concord._key_sequences k
                     WHERE k.permitted AND (NOT k.spread OR returned AND concord._is_overtaken(k.sequence)) LOOP
            IF (concord._plan_spread(stray, space)).obstacle IS NULL THEN
                PERFORM concord._spread_sequence(stray, space);
                RAISE LOG 'concord: sequence % was not where this node''s keys are, and has been moved there', stray;
            END IF;
        END LOOP;
        IF returned THEN
            UPDATE concord.identity i SET keys_returned = false WHERE i.node_id = me;
        END IF;
    END
    $$;

CREATE FUNCTION concord._unspread_sequences() RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_unspread_sequences_wrapper';

CREATE FUNCTION concord.spread_sequences(
    place integer = NULL, places integer = NULL,
    OUT sequence regclass, OUT increment bigint, OUT start bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        space jsonb;
        known jsonb := (SELECT n.key_space FROM concord.nodes n WHERE n.node_id = concord.node_id());
    BEGIN
        IF place IS NULL AND places IS NULL THEN
            space := concord._choose_key_space();
        ELSE
            PERFORM concord._check_place(place, places);
            space := jsonb_build_object('place', place, 'places', places, 'small_places', places, 'given', true);
        END IF;
        IF space IS DISTINCT FROM known THEN
            PERFORM concord._claim_key_space(space);
        END IF;
        FOR sequence IN SELECT DISTINCT k.sequence FROM concord._key_sequences k
                        WHERE NOT k.spread
                           OR (SELECT count(*) > 1 FROM concord.identity) AND concord._is_overtaken(k.sequence) ORDER BY 1 LOOP
            PERFORM concord._spread_sequence(sequence, space);
        END LOOP;
        FOR sequence, increment IN SELECT DISTINCT k.sequence, k.increment FROM concord._key_sequences k
                                   WHERE k.spread ORDER BY 1 LOOP
            EXECUTE format('SELECT CASE WHEN is_called THEN last_value + %s ELSE last_value END FROM %s', increment, sequence)
                INTO start;
            RETURN NEXT;
        END LOOP;
    END
    $$;

COMMENT ON FUNCTION concord._sequence_value(regclass) IS 'Internal: what a sequence stands at';
COMMENT ON FUNCTION concord._is_overtaken(regclass) IS
    'Internal: whether a table has keys of this node that the sequence has yet to give';
COMMENT ON FUNCTION concord._repair_sequences() IS 'Internal: moves sequences back into the key space; a tick calls it';
COMMENT ON FUNCTION concord._unspread_sequences() IS
    'Internal: sequences that can give the keys of other nodes';
COMMENT ON FUNCTION concord._key_spaces_meet(jsonb, jsonb) IS 'Internal: whether two key spaces have a value in common';
COMMENT ON FUNCTION concord._claim_key_space(jsonb) IS 'Internal: makes a key space that of this node';
COMMENT ON FUNCTION concord._choose_key_space() IS 'Internal: a key space that no other known node has';
COMMENT ON FUNCTION concord._check_place(integer, integer) IS
    'Internal: refuses a place that does not exist or is another node''s';
COMMENT ON FUNCTION concord._plan_spread(regclass, jsonb) IS
    'Internal: where a sequence would go on in a key space, or what stands in the way';
COMMENT ON FUNCTION concord._spread_sequence(regclass, jsonb) IS 'Internal: moves one sequence into a key space';
COMMENT ON FUNCTION concord.spread_sequences(integer, integer) IS
    'Gives the sequences behind the keys of tracked tables values that no other node''s have';
