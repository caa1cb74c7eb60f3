-- concord.hlc: text, binary form, casts, functions and every refusal.
-- The schema concord is not on search_path: operators and aggregates must be found all the same.
CREATE EXTENSION concord;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- Text: the value, and the integer it stands for.
SELECT text, text::concord.hlc AS hlc, text::concord.hlc::bigint AS bits
FROM (VALUES ('2024-01-24T12:40:00.000Z/5'), ('111810969600000005'),
             ('1970-01-01T00:00:00.000Z/0'), ('0'), ('65535'), ('65536'),
             ('6429-10-17T02:45:55.327Z/65535'), ('9223372036854775807'),
             ('2000-02-29T23:59:59.999Z/0'), ('2100-03-01T00:00:00.000Z/1'),
             ('0007'), ('1970-01-01T00:00:00.001Z/00007')) AS t (text);

-- The calendar is PostgreSQL's, and everything reads back, over the whole range.
SELECT count(*) AS hlcs,
       count(*) FILTER (WHERE h::text <> to_char(h::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"/')
                                         || concord.hlc_counter(h)) AS shown_otherwise,
       count(*) FILTER (WHERE h::text::concord.hlc <> h) AS read_otherwise,
       count(*) FILTER (WHERE concord.hlc(h::timestamptz, concord.hlc_counter(h)) <> h) AS made_otherwise
FROM (SELECT concord.hlc(i * 92233720368547) AS h FROM generate_series(0, 100000) AS i) AS t;

-- Text that is refused, by reason.
SELECT ''::concord.hlc;
SELECT 'now'::concord.hlc;
SELECT '-1'::concord.hlc;
SELECT '2024-01-24T12:40:00.000Z'::concord.hlc;
SELECT '2024-01-24T12:40:00Z/5'::concord.hlc;
SELECT '2024-01-24 12:40:00.000Z/5'::concord.hlc;
SELECT '2024-01-24T12:40:00.000+01/5'::concord.hlc;
SELECT '2024-01-24T12:40:00.000Z/5 '::concord.hlc;
SELECT '2024-02-31T12:40:00.000Z/5'::concord.hlc;
SELECT '2023-02-29T12:40:00.000Z/5'::concord.hlc;
SELECT '2024-01-24T24:00:00.000Z/5'::concord.hlc;
SELECT '1969-12-31T23:59:59.999Z/5'::concord.hlc;
SELECT '2024-01-24T12:40:00.000Z/65536'::concord.hlc;
SELECT '6429-10-17T02:45:55.328Z/0'::concord.hlc;
SELECT '9223372036854775808'::concord.hlc;

-- Casts are explicit.
SELECT 111810969600000005::concord.hlc AS from_bigint,
       '2024-01-24T12:40:00.123Z/5'::concord.hlc::timestamptz AS to_timestamptz,
       '2024-01-24T12:40:00.123Z/5'::concord.hlc::text::varchar(24) AS to_text;
SELECT (-1)::bigint::concord.hlc;
SELECT '5'::concord.hlc = 5::bigint;
SELECT '5'::concord.hlc + 1;
CREATE TEMPORARY TABLE plain (n bigint, at timestamptz);
INSERT INTO plain (n) VALUES ('5'::concord.hlc);
INSERT INTO plain (at) VALUES ('5'::concord.hlc);
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod, castfunc::regprocedure
FROM pg_cast
WHERE 'concord.hlc'::regtype IN (castsource, casttarget)
ORDER BY castsource::regtype::text, casttarget::regtype::text;

-- Of a time: cut to milliseconds, whatever the session's time zone.
SELECT concord.hlc('2024-01-24 12:40:00.999999Z'::timestamptz) AS without_counter,
       concord.hlc('2024-01-24 14:40:00.123456+02'::timestamptz, 65535) AS with_counter,
       concord.hlc('2024-01-24 12:40Z'::timestamptz, counter => 7) AS by_name,
       concord.hlc(NULL::timestamptz, 1) IS NULL AS of_null;
SET timezone = 'America/St_Johns';
SELECT concord.hlc('2024-01-24 12:40:00'::timestamptz) AS hlc,
       concord.hlc('2024-01-24 12:40:00'::timestamptz)::timestamptz;
SET timezone = 'UTC';
SELECT concord.hlc('6429-10-17 02:45:55.327999Z'::timestamptz, 65535) AS last;
SELECT concord.hlc('6429-10-17 02:45:55.328Z'::timestamptz, 0);
SELECT concord.hlc('1969-12-31 23:59:59.999999Z'::timestamptz, 0);
SELECT concord.hlc('4713-01-01 00:00Z BC'::timestamptz, 0);
SELECT concord.hlc('infinity'::timestamptz, 0);
SELECT concord.hlc('-infinity'::timestamptz, 0);
SELECT concord.hlc('2024-01-24 12:40Z'::timestamptz, -1);
SELECT concord.hlc('2024-01-24 12:40Z'::timestamptz, 65536);

-- The clock's rule.
SELECT what, concord.hlc_step(last, remote, wall_ms) AS next
FROM (VALUES ('wall is ahead',        '5'::concord.hlc, NULL::concord.hlc, 1::bigint),
             ('wall is behind',       '65541', NULL, 0),
             ('wall stands',          '65541', NULL, 1),
             ('remote is ahead',      '65541', '131072', 1),
             ('remote is behind',     '131072', '5', 1),
             ('remote is equal',      '131072', '131072', 1),
             ('counter overflows',    '1970-01-01T00:00:01.000Z/65535', NULL, 1000),
             ('remote''s overflows',  '0', '1970-01-01T00:00:01.000Z/65535', 7),
             ('no last',              NULL, '5', 1),
             ('no wall',              '5', NULL, NULL)) AS t (what, last, remote, wall_ms);
SELECT concord.hlc_step('5', NULL, -1);
SELECT concord.hlc_step('5', NULL, 140737488355328);
SELECT concord.hlc_step('9223372036854775807', NULL, 1);
SELECT concord.hlc_step('5', '9223372036854775807', 1);

-- Order, minimum and maximum; a scalar, an array and a row as JSON.
CREATE TABLE ticks (id int PRIMARY KEY, h concord.hlc);
INSERT INTO ticks
SELECT i, concord.hlc('2024-01-24 12:40Z'::timestamptz + i % 100 * interval '1 ms', i / 100)
FROM generate_series(0, 999) AS i;
INSERT INTO ticks VALUES (1000, NULL);
SELECT min(h), max(h), count(DISTINCT h) FROM ticks;
SELECT count(*) AS out_of_order
FROM (SELECT row_number() OVER (ORDER BY h) AS by_hlc, row_number() OVER (ORDER BY h::bigint) AS by_bits
      FROM ticks) AS t
WHERE by_hlc <> by_bits;
-- Every operator, on pairs that are less, equal and greater, as bigint has it.
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (a < b) = (a::bigint < b::bigint) AND (a <= b) = (a::bigint <= b::bigint)
                              AND (a = b) = (a::bigint = b::bigint) AND (a <> b) = (a::bigint <> b::bigint)
                              AND (a >= b) = (a::bigint >= b::bigint) AND (a > b) = (a::bigint > b::bigint)) AS agree
FROM (SELECT a.h AS a, b.h AS b FROM ticks AS a, ticks AS b WHERE a.id < 30 AND b.id < 30) AS t;
SELECT to_jsonb(h) AS scalar, jsonb_typeof(to_jsonb(h)), to_jsonb(ARRAY[h]) AS array, to_jsonb(t) AS row
FROM ticks AS t WHERE id = 205;
SELECT (jsonb_populate_record(NULL::ticks, to_jsonb(t))).h = h AS reads_back FROM ticks AS t WHERE id = 205;

-- Binary.
SELECT concord.hlc_send('2024-01-24T12:40:00.000Z/5');
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/hlc.binary'
COPY ticks TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE ticks);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*) AS different FROM ticks FULL JOIN copied USING (id) WHERE ticks.h IS DISTINCT FROM copied.h;
COPY (SELECT 1, -1::bigint) TO :'file' (FORMAT binary);
COPY copied FROM :'file' (FORMAT binary);
COPY (SELECT 1, 1::smallint) TO :'file' (FORMAT binary);
COPY copied FROM :'file' (FORMAT binary);

-- Only a superuser can forge a negative one, with a function that lies; it is not shown as if it were right.
CREATE FUNCTION pg_temp.forge(bigint) RETURNS concord.hlc LANGUAGE internal IMMUTABLE STRICT AS 'int8up';
SELECT pg_temp.forge(5);
SELECT pg_temp.forge(-1);
