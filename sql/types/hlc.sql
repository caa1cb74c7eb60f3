-- concord.hlc: a hybrid logical clock's value in the layout of int8, 48 bits of Unix milliseconds above
-- a 16-bit counter, never negative.

CREATE TYPE concord.hlc;

CREATE FUNCTION concord.hlc_in(cstring) RETURNS concord.hlc
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_in_wrapper';
CREATE FUNCTION concord.hlc_out(concord.hlc) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_out_wrapper';
CREATE FUNCTION concord.hlc_recv(internal) RETURNS concord.hlc
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_recv_wrapper';
CREATE FUNCTION concord.hlc_send(concord.hlc) RETURNS bytea
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int8send';

CREATE TYPE concord.hlc (
    INPUT   = concord.hlc_in,
    OUTPUT  = concord.hlc_out,
    RECEIVE = concord.hlc_recv,
    SEND    = concord.hlc_send,
    LIKE    = pg_catalog.int8
);
COMMENT ON TYPE concord.hlc IS
    'Hybrid logical clock: Unix milliseconds and a counter, as in 2024-01-24T12:40:00.000Z/5';
COMMENT ON FUNCTION concord.hlc_in(cstring) IS 'Text input of type hlc';
COMMENT ON FUNCTION concord.hlc_out(concord.hlc) IS 'Text output of type hlc';
COMMENT ON FUNCTION concord.hlc_recv(internal) IS 'Binary input of type hlc';
COMMENT ON FUNCTION concord.hlc_send(concord.hlc) IS 'Binary output of type hlc';

CREATE FUNCTION concord.hlc(bigint) RETURNS concord.hlc
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_from_bigint_wrapper';
COMMENT ON FUNCTION concord.hlc(bigint) IS 'Converts (milliseconds << 16) | counter to hlc';

CREATE FUNCTION concord.hlc(timestamptz, counter integer DEFAULT 0) RETURNS concord.hlc
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_from_time_wrapper';
COMMENT ON FUNCTION concord.hlc(timestamptz, integer) IS
    'Makes a clock value of a time, cut to milliseconds, and a counter';

CREATE FUNCTION concord.hlc_time(concord.hlc) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_time_wrapper';
COMMENT ON FUNCTION concord.hlc_time(concord.hlc) IS 'Time of a clock value';

CREATE FUNCTION concord.hlc_counter(concord.hlc) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_counter_wrapper';
COMMENT ON FUNCTION concord.hlc_counter(concord.hlc) IS 'Counter of a clock value';

-- Not STRICT: a null remote means a local tick.
CREATE FUNCTION concord.hlc_step(last concord.hlc, remote concord.hlc, wall_ms bigint) RETURNS concord.hlc
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_step_wrapper';
COMMENT ON FUNCTION concord.hlc_step(concord.hlc, concord.hlc, bigint) IS
    'Rule of the clock: the greatest of last + 1, remote + 1 (unless null) and the wall clock';
