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
    'ULID: 48 bits of Unix milliseconds and 80 random or counting bits, as in 01ARZ3NDEKTSV4RRFFQ69G5FAV';
COMMENT ON FUNCTION concord.ulid_in(cstring) IS 'Text input of type ulid';
COMMENT ON FUNCTION concord.ulid_out(concord.ulid) IS 'Text output of type ulid';
COMMENT ON FUNCTION concord.ulid_recv(internal) IS 'Binary input of type ulid';
COMMENT ON FUNCTION concord.ulid_send(concord.ulid) IS 'Binary output of type ulid';

CREATE FUNCTION concord.ulid_normalize(text) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_normalize_wrapper';
COMMENT ON FUNCTION concord.ulid_normalize(text) IS
    'Reads a ULID leniently: I and L are 1, O is 0, hyphens are skipped';

CREATE FUNCTION concord.ulid_is_valid(text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_is_valid_wrapper';
COMMENT ON FUNCTION concord.ulid_is_valid(text) IS 'Whether a text can be cast to ulid';

CREATE FUNCTION concord.ulid(bytea) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_from_bytea_wrapper';
COMMENT ON FUNCTION concord.ulid(bytea) IS 'Converts 16 bytes to ulid';

CREATE FUNCTION concord.ulid_time(concord.ulid) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_time_wrapper';
COMMENT ON FUNCTION concord.ulid_time(concord.ulid) IS 'Time of a ULID';
