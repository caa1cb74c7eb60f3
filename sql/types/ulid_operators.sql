-- Comparison, operator classes and min/max of concord.ulid. What indexes, sorts and hashes call are
-- PostgreSQL's own functions for uuid.
--
-- Operators and aggregates are found by search_path, which need not contain concord: they stand in
-- pg_catalog, so that `WHERE id = $1` works wherever the application looks for its own tables.

CREATE FUNCTION concord.ulid_lt(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_lt';
CREATE FUNCTION concord.ulid_le(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_le';
CREATE FUNCTION concord.ulid_eq(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_eq';
CREATE FUNCTION concord.ulid_ne(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_ne';
CREATE FUNCTION concord.ulid_ge(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_ge';
CREATE FUNCTION concord.ulid_gt(concord.ulid, concord.ulid) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_ulid_gt';
CREATE FUNCTION concord.ulid_cmp(concord.ulid, concord.ulid) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'uuid_cmp';
CREATE FUNCTION concord.ulid_hash(concord.ulid) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'uuid_hash';
CREATE FUNCTION concord.ulid_hash_extended(concord.ulid, bigint) RETURNS bigint
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'uuid_hash_extended';

CREATE OPERATOR pg_catalog.< (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_lt,
    COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_le,
    COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.= (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_ge,
    COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR pg_catalog.> (
    LEFTARG = concord.ulid, RIGHTARG = concord.ulid, FUNCTION = concord.ulid_gt,
    COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE OPERATOR CLASS concord.ulid_ops DEFAULT FOR TYPE concord.ulid USING btree AS
    OPERATOR 1 pg_catalog.<,
    OPERATOR 2 pg_catalog.<=,
    OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=,
    OPERATOR 5 pg_catalog.>,
    FUNCTION 1 concord.ulid_cmp(concord.ulid, concord.ulid),
    FUNCTION 2 pg_catalog.uuid_sortsupport(internal),
    FUNCTION 4 pg_catalog.btequalimage(oid);

CREATE OPERATOR CLASS concord.ulid_ops DEFAULT FOR TYPE concord.ulid USING hash AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 concord.ulid_hash(concord.ulid),
    FUNCTION 2 concord.ulid_hash_extended(concord.ulid, bigint);

CREATE OPERATOR CLASS concord.ulid_minmax_ops DEFAULT FOR TYPE concord.ulid USING brin AS
    OPERATOR 1 pg_catalog.<,
    OPERATOR 2 pg_catalog.<=,
    OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=,
    OPERATOR 5 pg_catalog.>,
    FUNCTION 1 pg_catalog.brin_minmax_opcinfo(internal),
    FUNCTION 2 pg_catalog.brin_minmax_add_value(internal, internal, internal, internal),
    FUNCTION 3 pg_catalog.brin_minmax_consistent(internal, internal, internal),
    FUNCTION 4 pg_catalog.brin_minmax_union(internal, internal, internal);

CREATE OPERATOR CLASS concord.ulid_minmax_multi_ops FOR TYPE concord.ulid USING brin AS
    OPERATOR 1 pg_catalog.<,
    OPERATOR 2 pg_catalog.<=,
    OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=,
    OPERATOR 5 pg_catalog.>,
    FUNCTION 1 pg_catalog.brin_minmax_multi_opcinfo(internal),
    FUNCTION 2 pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal),
    FUNCTION 3 pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, integer),
    FUNCTION 4 pg_catalog.brin_minmax_multi_union(internal, internal, internal),
    FUNCTION 5 pg_catalog.brin_minmax_multi_options(internal),
    FUNCTION 11 pg_catalog.brin_minmax_multi_distance_uuid(internal, internal);

CREATE OPERATOR CLASS concord.ulid_bloom_ops FOR TYPE concord.ulid USING brin AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 pg_catalog.brin_bloom_opcinfo(internal),
    FUNCTION 2 pg_catalog.brin_bloom_add_value(internal, internal, internal, internal),
    FUNCTION 3 pg_catalog.brin_bloom_consistent(internal, internal, internal, integer),
    FUNCTION 4 pg_catalog.brin_bloom_union(internal, internal, internal),
    FUNCTION 5 pg_catalog.brin_bloom_options(internal),
    FUNCTION 11 concord.ulid_hash(concord.ulid);

-- PostgreSQL has no uuid_larger.
CREATE FUNCTION concord.ulid_larger(concord.ulid, concord.ulid) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_larger_wrapper';
CREATE FUNCTION concord.ulid_smaller(concord.ulid, concord.ulid) RETURNS concord.ulid
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_ulid_smaller_wrapper';
CREATE AGGREGATE pg_catalog.max(concord.ulid) (
    SFUNC = concord.ulid_larger, STYPE = concord.ulid, COMBINEFUNC = concord.ulid_larger,
    SORTOP = OPERATOR(pg_catalog.>), PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.min(concord.ulid) (
    SFUNC = concord.ulid_smaller, STYPE = concord.ulid, COMBINEFUNC = concord.ulid_smaller,
    SORTOP = OPERATOR(pg_catalog.<), PARALLEL = SAFE
);

COMMENT ON OPERATOR pg_catalog.< (concord.ulid, concord.ulid) IS 'Less than';
COMMENT ON OPERATOR pg_catalog.<= (concord.ulid, concord.ulid) IS 'Less than or equal';
COMMENT ON OPERATOR pg_catalog.= (concord.ulid, concord.ulid) IS 'Equal';
COMMENT ON OPERATOR pg_catalog.<> (concord.ulid, concord.ulid) IS 'Not equal';
COMMENT ON OPERATOR pg_catalog.>= (concord.ulid, concord.ulid) IS 'Greater than or equal';
COMMENT ON OPERATOR pg_catalog.> (concord.ulid, concord.ulid) IS 'Greater than';
COMMENT ON FUNCTION concord.ulid_lt(concord.ulid, concord.ulid) IS 'Implementation of operator <';
COMMENT ON FUNCTION concord.ulid_le(concord.ulid, concord.ulid) IS 'Implementation of operator <=';
COMMENT ON FUNCTION concord.ulid_eq(concord.ulid, concord.ulid) IS 'Implementation of operator =';
COMMENT ON FUNCTION concord.ulid_ne(concord.ulid, concord.ulid) IS 'Implementation of operator <>';
COMMENT ON FUNCTION concord.ulid_ge(concord.ulid, concord.ulid) IS 'Implementation of operator >=';
COMMENT ON FUNCTION concord.ulid_gt(concord.ulid, concord.ulid) IS 'Implementation of operator >';
COMMENT ON FUNCTION concord.ulid_cmp(concord.ulid, concord.ulid) IS
    'Compares two values: less than, equal to or greater than 0';
COMMENT ON FUNCTION concord.ulid_hash(concord.ulid) IS 'Hash of a value';
COMMENT ON FUNCTION concord.ulid_hash_extended(concord.ulid, bigint) IS 'Hash of a value, with a seed';
COMMENT ON FUNCTION concord.ulid_larger(concord.ulid, concord.ulid) IS 'Larger of two values';
COMMENT ON FUNCTION concord.ulid_smaller(concord.ulid, concord.ulid) IS 'Smaller of two values';
COMMENT ON AGGREGATE pg_catalog.max(concord.ulid) IS 'Maximum of all ulid values';
COMMENT ON AGGREGATE pg_catalog.min(concord.ulid) IS 'Minimum of all ulid values';
COMMENT ON OPERATOR CLASS concord.ulid_ops USING btree IS 'B-tree index support for ulid';
COMMENT ON OPERATOR FAMILY concord.ulid_ops USING btree IS 'B-tree index support for ulid';
COMMENT ON OPERATOR CLASS concord.ulid_ops USING hash IS 'Hash index support for ulid';
COMMENT ON OPERATOR FAMILY concord.ulid_ops USING hash IS 'Hash index support for ulid';
COMMENT ON OPERATOR CLASS concord.ulid_minmax_ops USING brin IS 'BRIN support by minimum and maximum for ulid';
COMMENT ON OPERATOR FAMILY concord.ulid_minmax_ops USING brin IS 'BRIN support by minimum and maximum for ulid';
COMMENT ON OPERATOR CLASS concord.ulid_minmax_multi_ops USING brin IS
    'BRIN support by several minima and maxima for ulid';
COMMENT ON OPERATOR FAMILY concord.ulid_minmax_multi_ops USING brin IS
    'BRIN support by several minima and maxima for ulid';
COMMENT ON OPERATOR CLASS concord.ulid_bloom_ops USING brin IS 'BRIN support by a Bloom filter for ulid';
COMMENT ON OPERATOR FAMILY concord.ulid_bloom_ops USING brin IS 'BRIN support by a Bloom filter for ulid';
