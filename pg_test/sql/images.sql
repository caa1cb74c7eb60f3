-- Images are faithful: a value of any type can be written back from them, equal to the bit, whatever the session's settings
-- were. One rule holds for all columns: (image ->> column)::type is the value.
CREATE EXTENSION concord;
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE SCHEMA elsewhere;
CREATE TYPE elsewhere.mood AS ENUM ('sad', 'so so, "la la"', '{}');
CREATE DOMAIN elsewhere.price AS numeric(12,4);
CREATE DOMAIN elsewhere.grid AS int[][];
CREATE TYPE elsewhere.inner_pair AS (at timestamptz, f float8);
CREATE TYPE elsewhere.pair AS (id int, "it's" text, m money, deep elsewhere.inner_pair, moods elsewhere.mood[]);
CREATE TYPE elsewhere.floats AS RANGE (subtype = float8, multirange_type_name = elsewhere.multifloats);
CREATE TYPE elsewhere.pairs AS RANGE (subtype = elsewhere.pair);
CREATE TABLE elsewhere."a Table" (id int);
CREATE FUNCTION elsewhere.only_one(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE ROLE "regress role";

SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET intervalstyle = postgres;
-- Values of every type, as text; for each type also an array of them, made below.
CREATE TABLE sample (type regtype, value text);
INSERT INTO sample VALUES
    ('bool', 't'), ('bool', 'f'),
    ('int2', '-32768'), ('int4', '2147483647'), ('int8', '-9223372036854775808'), ('oid', '4294967295'),
    ('numeric', '0'), ('numeric', '1.10'), ('numeric', '-0.000'), ('numeric', 'NaN'), ('numeric', 'Infinity'), ('numeric', '-Infinity'),
    ('numeric', '12345678901234567890123456789012345678901234567890.123456789012345678901234567890'), ('numeric', '1e-30'),
    ('float4', '0.1'), ('float4', '-0'), ('float4', 'NaN'), ('float4', 'Infinity'), ('float4', '-Infinity'), ('float4', '3.4028235e38'),
    ('float4', '1e-45'), ('float4', '16777217'), ('float4', '1.1754944e-38'),
    ('float8', '0.1'), ('float8', '-0'), ('float8', 'NaN'), ('float8', 'Infinity'), ('float8', '-Infinity'), ('float8', '1.7976931348623157e308'),
    ('float8', '5e-324'), ('float8', '0.30000000000000004'), ('float8', '2.2250738585072014e-308'), ('float8', '9007199254740993'),
    ('money', '-92233720368547758.08'), ('money', '0.05'), ('money', '-0.05'), ('money', '12,345.60'),
    ('text', ''), ('text', E' \t\n"quoted" \\ ''apostrophe'' {}[],: äöü 😀 \u0001\u007f'), ('text', 'null'), ('varchar', 'NULL'), ('bpchar', 'blank  '),
    ('name', 'a "Name"'), ('"char"', 'x'), ('"char"', ''), ('"char"', '\'), ('"char"', '\303'), ('citext', 'MiXed'),
    ('bytea', '\x'), ('bytea', '\x00015c27ff'),
    ('date', '2024-12-31'), ('date', '0044-03-15 BC'), ('date', 'infinity'), ('date', '-infinity'), ('date', '5874897-12-31'),
    ('time', '00:00'), ('time', '24:00'), ('time', '23:59:59.999999'),
    ('timetz', '12:00:00.5+05:30'), ('timetz', '00:00-15:59:59'),
    ('timestamp', '2024-02-03 04:05:06.000007'), ('timestamp', '4713-01-01 00:00:00 BC'), ('timestamp', '294276-12-31 23:59:59.999999'), ('timestamp', 'infinity'),
    ('timestamptz', '2024-02-03 04:05:06.000007+05:30'), ('timestamptz', '0044-03-15 12:00 BC'), ('timestamptz', '-infinity'), ('timestamptz', '1900-01-01 00:00+00'),
    ('interval', '1 year -2 mons 3 days -04:05:06.000007'), ('interval', '-178000000 years'), ('interval', '0'), ('interval', '-1 mon +1 day'), ('interval', '-00:00:00.000001'),
    ('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('concord.ulid', '01ARZ3NDEKTSV4RRFFQ69G5FAV'), ('concord.hlc', '2024-01-24T12:40:00.000Z/5'),
    ('json', '{"b" : 1,  "a":[1.0, 1.00,1e2], "b": {"b":null} }'), ('json', '"scalar"'), ('json', 'null'), ('json', E' [ ] \n'), ('json', '"\u0000 is fine here"'),
    ('jsonb', '{"b": [1, 2.50, {"c": null}], "a": "x\"y"}'), ('jsonb', '[]'), ('jsonb', '{}'), ('jsonb', '"text"'), ('jsonb', '"\"quoted\""'), ('jsonb', '""'),
    ('jsonb', 'null'), ('jsonb', 'true'), ('jsonb', 'false'), ('jsonb', '1.50'), ('jsonb', '-12345678901234567890'), ('jsonb', '"1"'), ('jsonb', '"null"'),
    ('jsonpath', '$."a"[*] ? (@ > 1)'),
    ('xml', '<a b="1">text &amp; more</a>'), ('xml', 'content <only/>'), ('xml', '<?xml version="1.0" standalone="yes"?><a/>'),
    ('bit', '1'), ('varbit', ''), ('varbit', '0101'),
    ('inet', '10.0.0.1'), ('inet', '10.0.0.1/8'), ('inet', '::ffff:10.0.0.1'), ('inet', 'fe80::1/64'), ('cidr', '10.0.0.0/8'), ('cidr', '::/0'),
    ('macaddr', '08:00:2b:01:02:03'), ('macaddr8', '08:00:2b:01:02:03:04:05'),
    ('point', '(0.1,-0)'), ('point', '(NaN,Infinity)'), ('line', '{1,-1,0.30000000000000004}'), ('lseg', '[(0,0),(1,1e-300)]'), ('box', '(2,2),(0.1,0.1)'),
    ('path', '[(0,0),(1,1)]'), ('path', '((0,0),(1,1))'), ('polygon', '((0,0),(1,1),(2,0.1))'), ('circle', '<(0.1,0.2),0.30000000000000004>'),
    ('tsvector', '''a'' ''b c'':1A,2 ''it''''s'':3'), ('tsquery', '''a'' & !( ''b'':*A | ''c'' <2> ''d'' )'),
    ('int4range', '[1,5)'), ('int4range', 'empty'), ('int4range', '(,)'), ('int8range', '[1,)'), ('numrange', '(1.50,2.0]'),
    ('tsrange', '["2024-01-02 03:04:05","infinity"]'), ('tstzrange', '["2024-01-02 03:04:05+09",)'), ('daterange', '[2024-01-02,2024-03-04)'),
    ('int4multirange', '{[1,2),[5,)}'), ('int8multirange', '{}'), ('nummultirange', '{(1.50,2.0]}'),
    ('tsmultirange', '{["2024-01-02 03:04:05","2024-01-02 03:04:06"]}'), ('tstzmultirange', '{(,"2024-01-02 03:04:05+09")}'), ('datemultirange', '{[2024-01-02,2024-03-04)}'),
    ('regclass', 'elsewhere."a Table"'), ('regtype', 'elsewhere.pair[]'), ('regtype', 'timestamp with time zone'), ('regproc', 'elsewhere.only_one'),
    ('regprocedure', 'elsewhere.only_one(int)'), ('regoper', '|/'), ('regoperator', '+(int,int)'), ('regoperator', '-(NONE,int)'), ('regrole', '"regress role"'),
    ('regnamespace', 'elsewhere'), ('regconfig', 'german'), ('regdictionary', 'german_stem'), ('regcollation', '"C"'),
    ('pg_lsn', 'FFFFFFFF/FFFFFFFF'), ('pg_snapshot', '10:20:10,14,15'), ('txid_snapshot', '10:20:10,14,15'), ('xid', '4294967295'), ('xid8', '18446744073709551615'),
    ('cid', '3'), ('tid', '(4294967294,65535)'), ('refcursor', 'a cursor'), ('aclitem', '"regress role"=r*w/postgres'), ('int2vector', '1 -2 3'), ('oidvector', '1 4294967295'),
    ('hstore', '"a"=>"1", "b c"=>NULL, "q\""=>"x,=>"'),
    ('elsewhere.mood', 'so so, "la la"'), ('elsewhere.mood', '{}'), ('elsewhere.price', '1.5'), ('elsewhere.grid', '[0:1][-1:0]={{1,NULL},{3,4}}'),
    ('elsewhere.pair', '(1,"a ""b"", (c)",-1.50,"(""2024-01-02 03:04:05.6+09"",0.30000000000000004)","{sad,""so so, \\""la la\\""""}")'), ('elsewhere.pair', '(,,,,)'),
    ('elsewhere.floats', '[0.1,0.30000000000000004)'), ('elsewhere.multifloats', '{[0.1,0.30000000000000004)}'), ('elsewhere.pairs', '["(1,,,,)","(2,,,,)")'),
    ('int4[]', '[5:6]={7,8}'), ('int4[]', '{}'), ('int4[]', '{{{1},{2}},{{3},{NULL}}}'), ('text[]', '{"",NULL,"NULL","a \"b\" \\ , {} "}'),
    ('json[]', '{"{\"a\" : 1, \"a\":2}"}'), ('float8[]', '{-0,NaN,5e-324,0.30000000000000004}'), ('money[]', '{-1.50,NULL}'), ('regclass[]', '{"elsewhere.\"a Table\""}'),
    ('elsewhere.pair[]', '{"(1,x,2.50,,)",NULL}'), ('timestamptz[]', '{"2024-01-02 03:04:05+09",infinity}');
-- Every type that PostgreSQL comes with is there, but those that nobody can write a value of.
SELECT oid::regtype
FROM pg_type
WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'e', 'd') AND typsubscript <> 'array_subscript_handler'::regproc
      AND oid NOT IN (SELECT type FROM sample)
ORDER BY oid;

-- A column for each type, and one for its arrays where it has any; the n-th row holds the n-th value of each.
CREATE TABLE source (id int PRIMARY KEY, note text);
DO $$
DECLARE
    t record;
    v record;
    col text;
BEGIN
    INSERT INTO source SELECT generate_series(1, (SELECT max(count) FROM (SELECT count(*) FROM sample GROUP BY type) c));
    FOR t IN SELECT oid, typname, typarray, format_type(oid, -1) AS type FROM pg_type WHERE oid IN (SELECT type FROM sample) LOOP
        EXECUTE format('ALTER TABLE source ADD %I %s', t.typname, t.type);
        FOR v IN SELECT value, row_number() OVER () AS id FROM sample WHERE sample.type = t.oid LOOP
            EXECUTE format('UPDATE source SET %I = %L WHERE id = %s', t.typname, v.value, v.id);
        END LOOP;
        IF t.typarray <> 0 THEN
            EXECUTE format('ALTER TABLE source ADD %I %s', t.typname || ' array', format_type(t.typarray, -1));
            EXECUTE format('UPDATE source SET %I = ARRAY[%I::text, NULL, %2$I::text]::%s WHERE %2$I IS NOT NULL',
                           t.typname || ' array', t.typname, format_type(t.typarray, -1));
        END IF;
    END LOOP;
END
$$;
-- Types with modifiers.
ALTER TABLE source ADD m1 varchar(7) DEFAULT 'seven c', ADD m2 char(7) DEFAULT 'five5', ADD m3 numeric(12,4) DEFAULT 1.5, ADD m4 bit(5) DEFAULT '01010',
    ADD m5 varbit(9) DEFAULT '010', ADD m6 timestamp(2) DEFAULT '2024-01-02 03:04:05.678', ADD m7 interval day to second(3) DEFAULT '1 02:03:04.5678',
    ADD m8 time(0) DEFAULT '12:34:56.7', ADD m9 elsewhere.price DEFAULT 2, ADD m10 interval year to month DEFAULT '1-2', ADD m11 char(3)[] DEFAULT '{a}';
SELECT count(*) AS rows, (SELECT count(*) FROM pg_attribute WHERE attrelid = 'source'::regclass AND attnum > 0) AS columns FROM source;

-- Written under settings that make values print in other ways, in every way that a row can be written.
CREATE TABLE everything (LIKE source INCLUDING ALL);
SELECT concord.track('everything', version_column => NULL);
SET extra_float_digits = -15;
SET bytea_output = escape;
SET intervalstyle = sql_standard;
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Tokyo';
SET lc_monetary = 'POSIX';
SET xmloption = document;
SET quote_all_identifiers = on;
CREATE SCHEMA "First";
CREATE TABLE "First"."a Table" ();
CREATE TYPE "First".pair AS ENUM ('pair');
SET search_path = "First", elsewhere, public, pg_catalog;
SHOW search_path;
INSERT INTO everything SELECT * FROM source;
UPDATE everything SET note = 'changed';
UPDATE everything SET note = NULL;
DELETE FROM everything WHERE id % 2 = 0;
TRUNCATE everything;
-- The session's settings are as they were.
SELECT name, setting FROM pg_settings
WHERE name IN ('extra_float_digits', 'bytea_output', 'IntervalStyle', 'DateStyle', 'TimeZone', 'lc_monetary', 'xmloption', 'search_path')
ORDER BY lower(name);
SELECT float8 '0.30000000000000004' AS float8, bytea '\x00' AS bytea, interval '1 day 02:00' AS interval, date '2024-12-31' AS date,
       timestamptz '2024-12-31 00:00+00' AS timestamptz, 'elsewhere.mood'::regtype AS regtype;
RESET ALL;

-- Each image, read back and compared by the type's binary form, or its text where it has none.
CREATE FUNCTION compare() RETURNS TABLE (type text, operation text, compared bigint, different bigint, example text) LANGUAGE plpgsql AS $$
DECLARE
    c record;
    binary_form text;
BEGIN
    FOR c IN SELECT attname, format_type(atttypid, atttypmod) AS type, typsend
             FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
             WHERE attrelid = 'source'::regclass AND attnum > 0 AND attname <> 'note'
    LOOP
        binary_form := CASE WHEN c.typsend = 0 OR c.type IN ('aclitem[]', 'refcursor') THEN '(%s)::text' ELSE c.typsend || '(%s)' END;
        RETURN QUERY EXECUTE format(
            'SELECT %L, operation, count(*), count(*) FILTER (WHERE stored IS DISTINCT FROM from_image), min(text) FILTER (WHERE stored IS DISTINCT FROM from_image)
             FROM (SELECT operation, image ->> %L AS text, %s AS stored, %s AS from_image
                   FROM concord.change_events CROSS JOIN LATERAL (VALUES (old_values), (new_values)) i (image)
                   JOIN source s ON s.id::text = record_id WHERE image IS NOT NULL) t
             GROUP BY operation',
            c.type, c.attname, format(binary_form, format('s.%I', c.attname)),
            format(binary_form, format('(image ->> %L)::%s', c.attname, c.type)));
    END LOOP;
END
$$;
SELECT operation, count(DISTINCT type) AS types, sum(compared) AS compared, sum(different) AS different FROM compare() GROUP BY operation ORDER BY operation;
SELECT * FROM compare() WHERE different > 0;
-- They read back under those settings, too. (The text of an XML document is no content, and xmloption decides which is asked for.)
SET extra_float_digits = -15;
SET bytea_output = escape;
SET intervalstyle = sql_standard;
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Tokyo';
SET search_path = "First", elsewhere, public, pg_catalog;
SELECT type, operation, different FROM compare() WHERE different > 0;
RESET ALL;

-- What images show: all values of the types that stand as themselves, and one of each of the others.
SELECT key COLLATE "C", jsonb_typeof(value) AS json, left(value::text, 100) AS value
FROM concord.change_events, jsonb_each(new_values)
WHERE operation = 'INSERT' AND key IN ('bool', 'float4', 'float8', 'int2', 'int4', 'int8', 'json', 'jsonb', 'numeric', 'price') AND value <> 'null'
ORDER BY 1, node_sequence;
SELECT key, value
FROM concord.change_events, jsonb_each(new_values)
WHERE operation = 'INSERT' AND record_id = '1' AND key !~ ' array$' AND jsonb_typeof(value) = 'string'
ORDER BY key COLLATE "C";

-- A table whose only such column is a number, and one whose images need nothing of this, under the same settings.
CREATE TABLE numbers (id int PRIMARY KEY, f4 float4, f8 float8);
CREATE TABLE pairs_of_numbers (id int PRIMARY KEY, p point);
SELECT concord.track(t, version_column => NULL) FROM unnest('{numbers,pairs_of_numbers}'::regclass[]) t;
SET extra_float_digits = -15;
INSERT INTO numbers VALUES (1, 16777217, 0.30000000000000004);
UPDATE numbers SET f8 = 0.1::float8 + 0.7::float8;
INSERT INTO pairs_of_numbers VALUES (1, '(0.30000000000000004,0.1)');
RESET extra_float_digits;
SELECT table_name, operation, new_values FROM concord.change_events WHERE table_name ~ 'numbers' ORDER BY node_sequence;

-- An error while an image is made leaves the settings as they were, within a block that goes on and at the end of a statement.
CREATE TYPE broken AS ENUM ('fine', 'gone');
CREATE TABLE fragile (at timestamptz, what regtype, f float8, id int PRIMARY KEY, b broken);
SELECT concord.track('fragile', version_column => NULL);
INSERT INTO fragile VALUES ('2024-01-02 03:04:05+00', 'elsewhere.pair', 0.1, 1, 'gone');
DELETE FROM pg_enum WHERE enumlabel = 'gone';
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Tokyo';
SET bytea_output = escape;
SET intervalstyle = sql_standard;
SET search_path = elsewhere, public;
DO $$
BEGIN
    BEGIN
        UPDATE fragile SET f = 0.2;
    EXCEPTION WHEN invalid_binary_representation THEN
        RAISE NOTICE '%: % % % %', sqlstate, timestamptz '2024-12-31 00:00+00', bytea '\x00', interval '1 day 02:00', 'elsewhere.pair'::regtype;
    END;
    RAISE NOTICE '% % % %', timestamptz '2024-12-31 00:00+00', bytea '\x00', interval '1 day 02:00', 'elsewhere.pair'::regtype;
END
$$;
\set VERBOSITY sqlstate
UPDATE fragile SET f = 0.2;
\set VERBOSITY verbose
SELECT timestamptz '2024-12-31 00:00+00' AS timestamptz, bytea '\x00' AS bytea, interval '1 day 02:00' AS interval, 'elsewhere.pair'::regtype AS regtype;
RESET ALL;
SELECT f FROM fragile;

-- A row that no image can hold is refused, unless its large column is left out.
CREATE TABLE huge (id int PRIMARY KEY, body text);
SELECT concord.track('huge', version_column => NULL);
INSERT INTO huge VALUES (1, repeat('x', 268435450));
SELECT count(*) FROM huge;
SELECT concord.track('huge', version_column => NULL, exclude => '{body}');
INSERT INTO huge VALUES (1, repeat('x', 268435450));
SELECT new_values FROM concord.change_events WHERE table_name = 'huge';
DROP TABLE huge;
DROP ROLE "regress role";
