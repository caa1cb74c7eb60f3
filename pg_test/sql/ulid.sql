-- concord.ulid: text, binary form, casts, functions and every refusal.
-- The schema concord is not on search_path: operators and aggregates must be found all the same.
CREATE EXTENSION concord;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- Text, in either case.
SELECT text::concord.ulid AS ulid, text::concord.ulid::uuid, text::concord.ulid::timestamptz
FROM (VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV'), ('01arz3ndektsv4rrffq69g5fav'),
             ('00000000000000000000000000'), ('7zzzzzzzzzzzzzzzzzzzzzzzzz'),
             ('0123456789ABCDEFGHJKMNPQRS'), ('7tvwxyzTVWXYZ0000000000000')) AS t (text);

-- Text that is refused, by reason.
SELECT ''::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FA'::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAVV'::concord.ulid;
SELECT ' 01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid;
SELECT '01563e3a-b5d3-d676-4c61-efb99302bd5b'::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAI'::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAl'::concord.ulid;
SELECT 'O1ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid;
SELECT '01ARZ3NDEKTSU4RRFFQ69G5FAV'::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FA!'::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FA '::concord.ulid;
SELECT U&'01ARZ3NDEKTSV4RRFFQ69G5FA\00E9'::concord.ulid;
SELECT '81ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid;
SELECT 'zzzzzzzzzzzzzzzzzzzzzzzzzz'::concord.ulid;

-- Crockford's aliases and hyphens, on request only.
SELECT text, concord.ulid_normalize(text), concord.ulid_is_valid(text)
FROM (VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV'), ('oIl00000000000000000000000'),
             ('01ARZ-3NDEK-TSV4R-RFFQ6-9G5FA-V'), (NULL)) AS t (text);
SELECT text, concord.ulid_is_valid(text)
FROM (VALUES ('01ARZ3NDEKTSU4RRFFQ69G5FAV'), ('81ARZ3NDEKTSV4RRFFQ69G5FAV'), (''), ('01ARZ3')) AS t (text);
SELECT concord.ulid_normalize('U1ARZ3NDEKTSV4RRFFQ69G5FAV');
SELECT concord.ulid_normalize('8-1ARZ3NDEKTSV4RRFFQ69G5FAV');
SELECT concord.ulid_normalize('01ARZ-3NDEK');

-- Casts are explicit.
SELECT u::text AS text, u::char(26) AS char, u::bytea AS bytea, u::uuid AS uuid, u::timestamptz AS time,
       u::text::concord.ulid = u AND u::char(26)::concord.ulid = u AND u::bytea::concord.ulid = u
       AND u::uuid::concord.ulid = u AS read_back
FROM (SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid) AS t (u);
SELECT '\x01563e3ab5d3d6764c61efb99302bd'::bytea::concord.ulid;
SELECT '\x01563e3ab5d3d6764c61efb99302bd5b00'::bytea::concord.ulid;
SELECT ''::bytea::concord.ulid;
SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid = '01563e3a-b5d3-d676-4c61-efb99302bd5b'::uuid;
CREATE TEMPORARY TABLE plain (u uuid, b bytea, at timestamptz);
INSERT INTO plain (u) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid);
INSERT INTO plain (b) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid);
INSERT INTO plain (at) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV'::concord.ulid);
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod, castfunc::regprocedure
FROM pg_cast
WHERE 'concord.ulid'::regtype IN (castsource, casttarget)
ORDER BY castsource::regtype::text, casttarget::regtype::text;

-- Ten thousand of them: text, bytes and uuid read back; the order is that of bytes, uuid and text.
CREATE TABLE ids AS
SELECT i AS n, md5(i::text)::uuid::concord.ulid AS id FROM generate_series(1, 10000) AS i;
SELECT count(*) FILTER (WHERE id::text::concord.ulid <> id) AS by_text,
       count(*) FILTER (WHERE lower(id::text)::concord.ulid <> id) AS by_lower_case,
       count(*) FILTER (WHERE id::bytea::concord.ulid <> id) AS by_bytea,
       count(*) FILTER (WHERE encode(id::bytea, 'hex') <> md5(n::text)) AS by_uuid,
       count(*) FILTER (WHERE id::text !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$') AS out_of_shape
FROM ids;
SELECT count(*) AS out_of_order
FROM (SELECT row_number() OVER (ORDER BY id) AS by_ulid, row_number() OVER (ORDER BY id::bytea) AS by_bytea,
             row_number() OVER (ORDER BY id::uuid) AS by_uuid,
             row_number() OVER (ORDER BY id::text COLLATE "C") AS by_text
      FROM ids) AS t
WHERE by_ulid <> by_bytea OR by_ulid <> by_uuid OR by_ulid <> by_text;
SELECT min(id), max(id), min(id)::bytea = min(id::text COLLATE "C")::concord.ulid::bytea AS smallest_text FROM ids;
-- Every operator, on pairs that are less, equal and greater, as bytea has it.
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (a < b) = (a::bytea < b::bytea) AND (a <= b) = (a::bytea <= b::bytea)
                              AND (a = b) = (a::bytea = b::bytea) AND (a <> b) = (a::bytea <> b::bytea)
                              AND (a >= b) = (a::bytea >= b::bytea) AND (a > b) = (a::bytea > b::bytea)) AS agree
FROM (SELECT a.id AS a, b.id AS b FROM ids AS a, ids AS b WHERE a.n <= 30 AND b.n <= 30) AS t;

-- JSON: strings.
SELECT to_jsonb(id) AS scalar, jsonb_typeof(to_jsonb(id)), to_jsonb(ARRAY[id]) AS array, to_jsonb(t) AS row
FROM ids AS t WHERE n = 1;
SELECT (jsonb_populate_record(NULL::ids, to_jsonb(t))).id = id AS reads_back FROM ids AS t WHERE n = 1;

-- Binary.
SELECT concord.ulid_send('01ARZ3NDEKTSV4RRFFQ69G5FAV');
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/ulid.binary'
COPY ids TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE ids);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*) AS different FROM ids FULL JOIN copied USING (n) WHERE ids.id IS DISTINCT FROM copied.id;
COPY (SELECT 1, 1::bigint) TO :'file' (FORMAT binary);
COPY copied FROM :'file' (FORMAT binary);
