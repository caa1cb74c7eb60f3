CREATE FUNCTION concord.hlc_now() RETURNS concord.hlc
    LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_now';
CREATE FUNCTION concord.hlc_observe(remote concord.hlc) RETURNS concord.hlc
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'concord_hlc_observe';
CREATE FUNCTION concord.hlc_reset() RETURNS concord.hlc
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'concord_hlc_reset';
CREATE FUNCTION concord.gen_ulid() RETURNS concord.ulid
    LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_gen_ulid';

COMMENT ON FUNCTION concord.hlc_now() IS 'Advances the clock of this server and returns its new value';
COMMENT ON FUNCTION concord.hlc_observe(concord.hlc) IS
    'Advances the clock past a value from elsewhere and returns its new value';
COMMENT ON FUNCTION concord.hlc_reset() IS
    'Sets back a clock that ran too far ahead; the database goes on as a new node';
COMMENT ON FUNCTION concord.gen_ulid() IS 'Returns a new ULID, greater than all that were made before on this server';
