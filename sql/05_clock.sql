CREATE FUNCTION concord.hlc_now() RETURNS concord.hlc
    LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_hlc_now';
CREATE FUNCTION concord.hlc_observe(remote concord.hlc) RETURNS concord.hlc
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'concord_hlc_observe';
CREATE FUNCTION concord.hlc_reset() RETURNS concord.hlc
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'concord_hlc_reset';
CREATE FUNCTION concord.gen_ulid() RETURNS concord.ulid
    LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_gen_ulid';

COMMENT ON FUNCTION concord.hlc_now() IS 'Ticks the hybrid logical clock of this server';
COMMENT ON FUNCTION concord.hlc_observe(concord.hlc) IS 'Takes in an HLC from elsewhere and ticks beyond it';
COMMENT ON FUNCTION concord.hlc_reset() IS 'Sets a poisoned clock back; the database goes on as a new node';
COMMENT ON FUNCTION concord.gen_ulid() IS 'A new ULID, greater than every one made before on this server';
