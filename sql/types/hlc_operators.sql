-- Comparison, operator classes and min/max of concord.hlc. What indexes, sorts and hashes call are
-- PostgreSQL's own functions for int8.
--
-- Operators and aggregates are found by search_path, which need not contain concord: they stand in
-- pg_catalog, so that `WHERE id = $1` works wherever the application looks for its own tables.

CREATE FUNCTION concord.hlc_lt(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_lt';
CREATE FUNCTION concord.hlc_le(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_le';
CREATE FUNCTION concord.hlc_eq(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_eq';
CREATE FUNCTION concord.hlc_ne(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_ne';
CREATE FUNCTION concord.hlc_ge(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_ge';
CREATE FUNCTION concord.hlc_gt(concord.hlc, concord.hlc) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'concord_hlc_gt';
CREATE FUNCTION concord.hlc_cmp(concord.hlc, concord.hlc) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'btint8cmp';
CREATE FUNCTION concord.hlc_hash(concord.hlc) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'hashint8';
CREATE FUNCTION concord.hlc_hash_extended(concord.hlc, bigint) RETURNS bigint
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'hashint8extended';

CREATE OPERATOR pg_catalog.< (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_lt,
    COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR pg_catalog.<= (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_le,
    COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR pg_catalog.= (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR pg_catalog.>= (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_ge,
    COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR pg_catalog.> (
    LEFTARG = concord.hlc, RIGHTARG = concord.hlc, FUNCTION = concord.hlc_gt,
    COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE OPERATOR CLASS concord.hlc_ops DEFAULT FOR TYPE concord.hlc USING btree AS
    OPERATOR 1 pg_catalog.<,
    OPERATOR 2 pg_catalog.<=,
    OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=,
    OPERATOR 5 pg_catalog.>,
    FUNCTION 1 concord.hlc_cmp(concord.hlc, concord.hlc),
    FUNCTION 2 pg_catalog.btint8sortsupport(internal),
    FUNCTION 4 pg_catalog.btequalimage(oid);

CREATE OPERATOR CLASS concord.hlc_ops DEFAULT FOR TYPE concord.hlc USING hash AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 concord.hlc_hash(concord.hlc),
    FUNCTION 2 concord.hlc_hash_extended(concord.hlc, bigint);

CREATE OPERATOR CLASS concord.hlc_minmax_ops DEFAULT FOR TYPE concord.hlc USING brin AS
    OPERATOR 1 pg_catalog.<,
    OPERATOR 2 pg_catalog.<=,
    OPERATOR 3 pg_catalog.=,
    OPERATOR 4 pg_catalog.>=,
    OPERATOR 5 pg_catalog.>,
    FUNCTION 1 pg_catalog.brin_minmax_opcinfo(internal),
    FUNCTION 2 pg_catalog.brin_minmax_add_value(internal, internal, internal, internal),
    FUNCTION 3 pg_catalog.brin_minmax_consistent(internal, internal, internal),
    FUNCTION 4 pg_catalog.brin_minmax_union(internal, internal, internal);

CREATE OPERATOR CLASS concord.hlc_minmax_multi_ops FOR TYPE concord.hlc USING brin AS
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
    FUNCTION 11 pg_catalog.brin_minmax_multi_distance_int8(internal, internal);

CREATE OPERATOR CLASS concord.hlc_bloom_ops FOR TYPE concord.hlc USING brin AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 pg_catalog.brin_bloom_opcinfo(internal),
    FUNCTION 2 pg_catalog.brin_bloom_add_value(internal, internal, internal, internal),
    FUNCTION 3 pg_catalog.brin_bloom_consistent(internal, internal, internal, integer),
    FUNCTION 4 pg_catalog.brin_bloom_union(internal, internal, internal),
    FUNCTION 5 pg_catalog.brin_bloom_options(internal),
    FUNCTION 11 concord.hlc_hash(concord.hlc);

CREATE FUNCTION concord.hlc_larger(concord.hlc, concord.hlc) RETURNS concord.hlc
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int8larger';
CREATE FUNCTION concord.hlc_smaller(concord.hlc, concord.hlc) RETURNS concord.hlc
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int8smaller';
CREATE AGGREGATE pg_catalog.max(concord.hlc) (
    SFUNC = concord.hlc_larger, STYPE = concord.hlc, COMBINEFUNC = concord.hlc_larger,
    SORTOP = OPERATOR(pg_catalog.>), PARALLEL = SAFE
);
CREATE AGGREGATE pg_catalog.min(concord.hlc) (
    SFUNC = concord.hlc_smaller, STYPE = concord.hlc, COMBINEFUNC = concord.hlc_smaller,
    SORTOP = OPERATOR(pg_catalog.<), PARALLEL = SAFE
);

COMMENT ON OPERATOR pg_catalog.< (concord.hlc, concord.hlc) IS 'Less than';
COMMENT ON OPERATOR pg_catalog.<= (concord.hlc, concord.hlc) IS 'Less than or equal';
COMMENT ON OPERATOR pg_catalog.= (concord.hlc, concord.hlc) IS 'Equal';
COMMENT ON OPERATOR pg_catalog.<> (concord.hlc, concord.hlc) IS 'Not equal';
COMMENT ON OPERATOR pg_catalog.>= (concord.hlc, concord.hlc) IS 'Greater than or equal';
COMMENT ON OPERATOR pg_catalog.> (concord.hlc, concord.hlc) IS 'Greater than';
COMMENT ON FUNCTION concord.hlc_lt(concord.hlc, concord.hlc) IS 'Implementation of operator <';
COMMENT ON FUNCTION concord.hlc_le(concord.hlc, concord.hlc) IS 'Implementation of operator <=';
COMMENT ON FUNCTION concord.hlc_eq(concord.hlc, concord.hlc) IS 'Implementation of operator =';
COMMENT ON FUNCTION concord.hlc_ne(concord.hlc, concord.hlc) IS 'Implementation of operator <>';
COMMENT ON FUNCTION concord.hlc_ge(concord.hlc, concord.hlc) IS 'Implementation of operator >=';
COMMENT ON FUNCTION concord.hlc_gt(concord.hlc, concord.hlc) IS 'Implementation of operator >';
COMMENT ON FUNCTION concord.hlc_cmp(concord.hlc, concord.hlc) IS
    'Compares two values: less than, equal to or greater than 0';
COMMENT ON FUNCTION concord.hlc_hash(concord.hlc) IS 'Hash of a value';
COMMENT ON FUNCTION concord.hlc_hash_extended(concord.hlc, bigint) IS 'Hash of a value, with a seed';
COMMENT ON FUNCTION concord.hlc_larger(concord.hlc, concord.hlc) IS 'Larger of two values';
COMMENT ON FUNCTION concord.hlc_smaller(concord.hlc, concord.hlc) IS 'Smaller of two values';
COMMENT ON AGGREGATE pg_catalog.max(concord.hlc) IS 'Maximum of all hlc values';
COMMENT ON AGGREGATE pg_catalog.min(concord.hlc) IS 'Minimum of all hlc values';
COMMENT ON OPERATOR CLASS concord.hlc_ops USING btree IS 'B-tree index support for hlc';
COMMENT ON OPERATOR FAMILY concord.hlc_ops USING btree IS 'B-tree index support for hlc';
COMMENT ON OPERATOR CLASS concord.hlc_ops USING hash IS 'Hash index support for hlc';
COMMENT ON OPERATOR FAMILY concord.hlc_ops USING hash IS 'Hash index support for hlc';
COMMENT ON OPERATOR CLASS concord.hlc_minmax_ops USING brin IS 'BRIN support by minimum and maximum for hlc';
COMMENT ON OPERATOR FAMILY concord.hlc_minmax_ops USING brin IS 'BRIN support by minimum and maximum for hlc';
COMMENT ON OPERATOR CLASS concord.hlc_minmax_multi_ops USING brin IS
    'BRIN support by several minima and maxima for hlc';
COMMENT ON OPERATOR FAMILY concord.hlc_minmax_multi_ops USING brin IS
    'BRIN support by several minima and maxima for hlc';
COMMENT ON OPERATOR CLASS concord.hlc_bloom_ops USING brin IS 'BRIN support by a Bloom filter for hlc';
COMMENT ON OPERATOR FAMILY concord.hlc_bloom_ops USING brin IS 'BRIN support by a Bloom filter for hlc';
