-- concord.ulid: 16 bytes in the layout of uuid, ordered bytewise; 26 characters of Crockford's base 32
-- as text.

CREATE TYPE concord.ulid;

CREATE FUNCTION concord.ulid_in(cstring) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_in_wrapper';
CREATE FUNCTION concord.ulid_out(concord.ulid) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_out_wrapper';
CREATE FUNCTION concord.ulid_recv(internal) RETURNS concord.ulid
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'uuid_recv';
CREATE FUNCTION concord.ulid_send(concord.ulid) RETURNS bytea
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'uuid_send';

CREATE TYPE concord.ulid (
    INPUT   = concord.ulid_in,
    OUTPUT  = concord.ulid_out,
    RECEIVE = concord.ulid_recv,
    SEND    = concord.ulid_send,
    LIKE    = pg_catalog.uuid
);
COMMENT ON TYPE concord.ulid IS
    'ULID: 48 bits of Unix milliseconds and 80 bits that keep them apart, as in 01ARZ3NDEKTSV4RRFFQ69G5FAV';

CREATE FUNCTION concord.ulid_normalize(text) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_normalize_wrapper';
COMMENT ON FUNCTION concord.ulid_normalize(text) IS
    'Reads a ULID as Crockford means it to be read: I and L are 1, O is 0, hyphens are skipped';

CREATE FUNCTION concord.ulid_is_valid(text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_is_valid_wrapper';
COMMENT ON FUNCTION concord.ulid_is_valid(text) IS 'Whether a text can be cast to ulid';

CREATE FUNCTION concord.ulid(bytea) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_from_bytea_wrapper';
COMMENT ON FUNCTION concord.ulid(bytea) IS 'The ULID that 16 bytes are';

CREATE FUNCTION concord.ulid_time(concord.ulid) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_time_wrapper';
COMMENT ON FUNCTION concord.ulid_time(concord.ulid) IS 'The time in a ULID';
