-- Record keys: which types can be one, how record_id shows them, and which keys are refused.
CREATE EXTENSION concord;
SET client_min_messages = warning;

CREATE TYPE mood AS ENUM ('sad', 'don''t "know"');
CREATE DOMAIN slug AS text CHECK (value <> '');
CREATE DOMAIN price AS numeric NOT NULL;
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN numbers AS int[];
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- For each type a table with the values as keys. Rows are updated and deleted under other settings than they were inserted
-- under: their record_id must stay the same, and find the row.
CREATE TABLE result (type text, value text, record_id text, found boolean);
CREATE PROCEDURE try_key(type text, VARIADIC inputs text[]) LANGUAGE plpgsql AS $$
DECLARE
    name text := 'key of ' || type;
BEGIN
    EXECUTE format('CREATE TABLE %I (k %s PRIMARY KEY, n int, changed boolean)', name, type);
    PERFORM concord.track(quote_ident(name)::regclass, version_column => NULL);
    FOR n IN 1..cardinality(inputs) LOOP
        EXECUTE format('INSERT INTO %I VALUES (%L, %s)', name, inputs[n], n);
    END LOOP;
    COMMIT;
    PERFORM set_config(setting, value, true)
    FROM (VALUES ('datestyle', 'SQL, DMY'), ('timezone', 'Asia/Tokyo'), ('bytea_output', 'escape'), ('lc_monetary', 'C'),
                 ('extra_float_digits', '-15'), ('intervalstyle', 'sql_standard')) v (setting, value);
    EXECUTE format('UPDATE %I SET changed = true', name);
    COMMIT;
    INSERT INTO result
    SELECT type, inputs[(e.new_values ->> 'n')::int], e.record_id,
           concord._row_now(quote_ident(name)::regclass, e.record_id) = e.new_values
    FROM concord.change_events e
    WHERE e.table_name = name AND e.operation = 'UPDATE' ORDER BY e.node_sequence;
    EXECUTE format('DELETE FROM %I', name);
    COMMIT;
    IF (SELECT count(DISTINCT record_id) <> cardinality(inputs) OR count(*) <> 3 * cardinality(inputs)
        FROM concord.change_events WHERE table_name = name) THEN
        RAISE WARNING 'records of type % have several ids', type;
    END IF;
END
$$;
CALL try_key('smallint', '-32768');
CALL try_key('integer', '0', '2147483647');
CALL try_key('bigint', '-9223372036854775808');
CALL try_key('oid', '4294967295');
CALL try_key('boolean', 't', 'f');
CALL try_key('numeric', '1.0', '1000', '-0.10', 'NaN', '-Infinity', '1e20', '0.00');
CALL try_key('price', '10.00');
CALL try_key('numeric(10,3)', '1.5');
CALL try_key('real', '0.1', '-0', '1e30', 'NaN', 'Infinity');
CALL try_key('double precision', '0.1', '-0', '1e-7', '-Infinity', '0.30000000000000004');
CALL try_key('text', 'plain', '', ' with "quotes", \ and ' || E'\t tab\n', '["not", "json"]', 'ß', E'a\u0001b');
CALL try_key('varchar(5)', 'abc');
CALL try_key('name', 'abc');
CALL try_key('"char"', 'x');
CALL try_key('slug', 'a-b');
CALL try_key('mood', 'sad', 'don''t "know"');
CALL try_key('uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
CALL try_key('concord.ulid', '01arz3ndektsv4rrffq69g5fav');
CALL try_key('concord.hlc', '111810969600000005');
CALL try_key('bytea', '\x00ff', '');
CALL try_key('date', '2024-02-29', 'infinity', '0044-03-15 BC');
CALL try_key('time', '23:59:59.999999', '24:00');
CALL try_key('timetz', '12:00+02', '11:00+01');
CALL try_key('timestamp', '2024-02-29 12:00', '0044-03-15 12:00 BC', '-infinity');
CALL try_key('timestamptz', '2024-02-29 12:00+02', 'infinity');
CALL try_key('inet', '10.0.0.1', '10.0.0.1/8', '::1');
CALL try_key('cidr', '10.0.0.0/8');
CALL try_key('macaddr', '08-00-2b-01-02-03');
CALL try_key('macaddr8', '08-00-2b-01-02-03-04-05');
CALL try_key('bit(4)', '0101');
CALL try_key('varbit', '01', '010');
CALL try_key('money', '-12.30');
CALL try_key('pg_lsn', '0/1A');
CALL try_key('xid8', '12345678901');
CALL try_key('tid', '(1,2)');
CALL try_key('regtype', 'mood', 'integer');
SELECT * FROM result;

-- The same record under equal keys that are written differently.
CREATE TABLE by_number (n numeric PRIMARY KEY, f float8 UNIQUE, note text);
SELECT concord.track('by_number', version_column => NULL);
INSERT INTO by_number VALUES (1.0, 0, 'a');
UPDATE by_number SET n = 1.00, note = 'b';
UPDATE by_number SET n = 1, note = 'c';
DELETE FROM by_number;
INSERT INTO by_number VALUES (100, 1, 'd'), (0.10, 2, 'e');
UPDATE by_number SET n = 1e2 WHERE n = 100;
SELECT record_id, operation, new_values, metadata FROM concord.change_events WHERE table_name = 'by_number' ORDER BY node_sequence;
SELECT concord._row_now('by_number', '100.00') ->> 'note' AS found;
CREATE TABLE by_float (f float8 PRIMARY KEY, note text);
SELECT concord.track('by_float', version_column => NULL);
INSERT INTO by_float VALUES (0, 'a');
UPDATE by_float SET f = '-0';
SELECT record_id, operation, new_values FROM concord.change_events WHERE table_name = 'by_float' ORDER BY node_sequence;

-- Composite keys are JSON arrays in the key's order, as jsonb prints them; numbers and booleans stand bare.
CREATE TABLE by_many (note text, lang text, n numeric, at timestamptz, deep boolean, id uuid, f float4,
                      PRIMARY KEY (n, lang, deep, at, id, f));
SELECT concord.track('by_many', version_column => NULL);
INSERT INTO by_many VALUES ('x', 'de "x" \ ü' || E'\u007f\t\u0001/', 1.50, '2024-01-01 12:00+00', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 0.5),
                           ('y', '', 'NaN', 'infinity', false, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'Infinity');
SELECT record_id, record_id = record_id::jsonb::text AS as_jsonb, concord._row_now('by_many', record_id) = new_values AS found
FROM concord.change_events WHERE table_name = 'by_many' ORDER BY node_sequence;
-- In whatever order the key's columns are in the table.
CREATE TABLE crossed (b text, dropped int, a int, PRIMARY KEY (a, b));
ALTER TABLE crossed DROP COLUMN dropped;
SELECT concord.track('crossed', version_column => NULL);
INSERT INTO crossed VALUES ('b', 1);
SELECT record_id FROM concord.change_events WHERE table_name = 'crossed';
-- INCLUDE'd columns are no part of it.
CREATE TABLE covering (id int, title text, PRIMARY KEY (id) INCLUDE (title));
SELECT concord.track('covering', version_column => NULL);
INSERT INTO covering VALUES (1, 'x');
UPDATE covering SET title = 'y';
SELECT record_id, operation FROM concord.change_events WHERE table_name = 'covering' ORDER BY node_sequence;

-- The replica identity serves where there is no primary key; record_key names another unique key.
CREATE TABLE no_key (a int NOT NULL, b int NOT NULL, c int, note text);
SELECT concord.track('no_key');
CREATE UNIQUE INDEX no_key_b ON no_key (b);
SELECT concord.track('no_key');
ALTER TABLE no_key REPLICA IDENTITY USING INDEX no_key_b;
SELECT concord.track('no_key', version_column => NULL);
INSERT INTO no_key VALUES (1, 2, 3, 'by b');
CREATE UNIQUE INDEX ON no_key (b, a);
SELECT concord.track('no_key', version_column => NULL, record_key => '{a,b}');
INSERT INTO no_key VALUES (4, 5, 6, 'by a and b');
SELECT record_id, operation FROM concord.change_events WHERE table_name = 'no_key' ORDER BY node_sequence;
ALTER TABLE no_key REPLICA IDENTITY FULL;
SELECT concord.track('no_key', version_column => NULL);

-- What record_key refuses.
CREATE UNIQUE INDEX ON no_key (c);
CREATE UNIQUE INDEX ON no_key (a) WHERE b > 0;
CREATE UNIQUE INDEX ON no_key (abs(a));
CREATE UNIQUE INDEX ON no_key (b) INCLUDE (a);
SELECT concord.track('no_key', record_key => '{nowhere}');
SELECT concord.track('no_key', record_key => '{c}');
SELECT concord.track('no_key', record_key => '{a}');
SELECT concord.track('no_key', record_key => '{b,b}');
SELECT concord.track('no_key', record_key => '{b}', exclude => '{b}');
SELECT concord.track('no_key', record_key => '{b}', redact => '{b}', redact_default => '{"b": 0}');
SELECT concord.track('no_key', record_key => '{ctid}');
SELECT relation, record_key FROM concord.tracked_tables WHERE relation = 'no_key'::regclass;
-- A unique constraint that is checked at the commit lets two rows have one key meanwhile.
CREATE TABLE late (id int PRIMARY KEY DEFERRABLE, code int NOT NULL UNIQUE DEFERRABLE);
\set VERBOSITY sqlstate
SELECT concord.track('late');
\set VERBOSITY verbose
SELECT concord.track('late', record_key => '{code}');
-- A key that can be null after all: triggers made by hand are not checked before they fire.
CREATE TABLE by_hand (id int, note text);
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON by_hand
    FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('record_key=id');
INSERT INTO by_hand VALUES (NULL, 'nobody');
INSERT INTO by_hand VALUES (1, 'somebody');
SELECT record_id FROM concord.change_events WHERE table_name = 'by_hand';

-- Types whose equal values can print differently, and types that are made of others.
CREATE EXTENSION citext;
CREATE TABLE r_interval (k interval PRIMARY KEY);
SELECT concord.track('r_interval');
CREATE TABLE r_jsonb (k jsonb PRIMARY KEY);
SELECT concord.track('r_jsonb');
CREATE TABLE r_citext (k citext PRIMARY KEY);
SELECT concord.track('r_citext');
CREATE TABLE r_collation (k text COLLATE ignore_case PRIMARY KEY);
SELECT concord.track('r_collation');
CREATE TABLE r_array (k int[] PRIMARY KEY);
SELECT concord.track('r_array');
CREATE TABLE r_domain (k numbers PRIMARY KEY);
SELECT concord.track('r_domain');
CREATE TABLE r_range (k int4range PRIMARY KEY);
SELECT concord.track('r_range');
CREATE TABLE r_multirange (k int4multirange PRIMARY KEY);
SELECT concord.track('r_multirange');
CREATE TABLE r_composite (k pair PRIMARY KEY);
SELECT concord.track('r_composite');
CREATE TABLE r_tsvector (k tsvector PRIMARY KEY);
SELECT concord.track('r_tsvector');
-- In a composite key, too, and as record_key.
CREATE TABLE r_composite_key (a int, b interval, c int NOT NULL UNIQUE, PRIMARY KEY (a, b));
SELECT concord.track('r_composite_key');
SELECT concord.track('r_composite_key', version_column => NULL, record_key => '{c}');
-- bpchar keeps trailing blanks that do not count.
CREATE TABLE r_bpchar (k bpchar PRIMARY KEY);
SELECT concord.track('r_bpchar');

-- The longest key goes into the log's indexes beside the longest name; one byte more does not.
CREATE TABLE a_name_as_long_as_names_can_be_which_is_sixty_three_bytes_of_it (k text PRIMARY KEY);
SELECT concord.track('a_name_as_long_as_names_can_be_which_is_sixty_three_bytes_of_it', version_column => NULL);
INSERT INTO a_name_as_long_as_names_can_be_which_is_sixty_three_bytes_of_it
SELECT string_agg(md5(i::text), '') FROM generate_series(1, 78) i;
SELECT length(record_id), length(table_name) FROM concord.change_events ORDER BY node_sequence DESC LIMIT 1;
INSERT INTO a_name_as_long_as_names_can_be_which_is_sixty_three_bytes_of_it
SELECT 'x' || string_agg(md5(i::text), '') FROM generate_series(1, 78) i;
