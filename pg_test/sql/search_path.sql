-- A role with rights on a tracked table and a schema of its own first on the search_path, full of things named like
-- PostgreSQL's and concord's: nothing of it is ever called by concord.
CREATE EXTENSION concord;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN word AS text CHECK (value <> '');
CREATE TABLE page (id int, lang text, n numeric, at timestamptz, doc jsonb, tags text[], mood mood, pair pair, word word, f float8,
                   PRIMARY KEY (id, lang));
CREATE TABLE part (id int PRIMARY KEY, title text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
CREATE ROLE regress_attacker;
GRANT ALL ON page, part TO regress_attacker;
CREATE SCHEMA trap AUTHORIZATION regress_attacker;

SET ROLE regress_attacker;
CREATE TABLE trap.victims (who text, what text);
GRANT ALL ON trap.victims TO PUBLIC;
-- One function that takes note of its caller, behind everything else.
CREATE FUNCTION trap.spring(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trap.victims VALUES (current_user, what);
    RETURN true;
END
$$;
-- Functions and aggregates with the names of PostgreSQL's and concord's, for all the types that concord works with.
DO $$
DECLARE
    f record;
    operator record;
    t text;
BEGIN
    FOR f IN
        SELECT DISTINCT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, p.pronargs
        FROM pg_proc p
        WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'concord'::regnamespace) AND p.prokind IN ('f', 'a') AND p.provariadic = 0
              AND p.proargnames IS NULL AND NOT EXISTS (
                  SELECT FROM unnest(p.proargtypes) a JOIN pg_type ON pg_type.oid = a
                  WHERE typtype = 'p' AND typname NOT IN ('anyelement', 'anyarray', 'anycompatible', 'anycompatiblearray', 'anyenum', 'anynonarray'))
              AND (p.proname ~ '^(to_json|to_jsonb|row_to_json|now|clock_timestamp|transaction_timestamp|statement_timestamp|text|name|int[248]|numeric|max|min|count|coalesce|concat|format|quote_.*|current_.*|set_config|pg_has_role|has_.*_privilege|jsonb_.*|json_.*|array_.*|regclass.*|to_reg.*|md5|random|unnest|row_number|pg_get_.*|pg_partition.*|pg_event_trigger.*|make_interval|obj_description|version|length|lower|upper|replace|substr.*|.*eq|.*lt|.*gt|.*ne|.*le|.*ge|hash.*|gen_.*|node_id|hlc.*|ulid.*|_row_now|row_at.*|record_names|_events_after|_trigger_options)$')
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS text LANGUAGE plpgsql AS $f$BEGIN PERFORM trap.spring(%L); RETURN NULL; END$f$',
                           f.name, f.arguments, f.name);
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE '%(%): %', f.name, f.arguments, sqlerrm;
        END;
    END LOOP;
    -- All operators that compare or take apart.
    FOR operator IN
        SELECT oprname AS name, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result
        FROM pg_operator
        WHERE oprleft <> 0 AND oprnamespace IN ('pg_catalog'::regnamespace, 'concord'::regnamespace)
              AND oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '->', '->>', '?', '@>', '<@', '-', '+', '~', '~~')
              AND oprleft::regtype::text IN ('text', 'name', 'integer', 'bigint', 'oid', 'boolean', '"char"', 'jsonb', 'json', 'timestamp with time zone',
                                             'interval', 'numeric', 'double precision', 'concord.hlc', 'concord.ulid', 'uuid', 'anyarray', 'text[]', 'inet', 'bytea')
              AND oprright <> 'anycompatible'::regtype AND oprleft <> 'anyarray'::regtype
    LOOP
        t := format('op_%s', md5(operator::text));
        EXECUTE format('CREATE FUNCTION trap.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$BEGIN PERFORM trap.spring(%L); RETURN NULL; END$f$',
                       t, operator.l, operator.r, operator.result, operator.name);
        EXECUTE format('CREATE OPERATOR trap.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = trap.%I)', operator.name, operator.l, operator.r, t);
    END LOOP;
    -- Types and tables.
    FOREACH t IN ARRAY '{text,jsonb,json,name,int4,int8,oid,regclass,numeric,timestamptz,inet,bytea,hlc,ulid}'::text[] LOOP
        EXECUTE format('CREATE DOMAIN trap.%I AS pg_catalog.text CHECK (trap.spring(%1$L))', t);
    END LOOP;
    FOREACH t IN ARRAY '{change_events,nodes,identity,conflicts,consumers,_watched_tables,capture_windows,tracked_tables,pg_class,pg_namespace,pg_trigger,pg_proc,pg_attribute,pg_inherits,pg_index,pg_type,pg_stat_activity}'::text[] LOOP
        EXECUTE format('CREATE VIEW trap.%I AS SELECT trap.spring(%1$L)', t);
    END LOOP;
END
$$;
SELECT count(*) > 500 AS many_functions FROM pg_proc WHERE pronamespace = 'trap'::regnamespace;
SELECT count(*) > 100 AS many_operators FROM pg_operator WHERE oprnamespace = 'trap'::regnamespace;
RESET ROLE;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
-- The traps work.
SET search_path = trap, pg_catalog, public;
SELECT now();
SELECT 1::pg_catalog.int4 = 2;
SELECT what FROM trap.victims;
RESET search_path;
DELETE FROM trap.victims;

-- Everything that a superuser does with concord, under that search_path.
SET search_path = trap, pg_catalog, public;
SELECT concord.track('public.page', redact => '{word}', conflict_policy => 'merge');
SELECT concord.track('public.part');
SELECT concord.track('public.part', on_stale => 'overwrite', record_key => '{id}');
RESET search_path;
SELECT count(*) FROM trap.victims;

-- The attacker writes, in every way.
SELECT concord.heartbeat();
SELECT event_id AS known FROM concord.change_events LIMIT 1 \gset
\c -
\set VERBOSITY terse
SET search_path = trap, pg_catalog, public;
SET ROLE regress_attacker;
BEGIN;
SELECT concord.set_context(user_id => 'attacker', ip => '10.0.0.1', metadata => '{"a": 1}', depends_on => ARRAY[:'known']::concord.ulid[]);
INSERT INTO public.page VALUES (1, 'en', 1.50, '2024-01-01 00:00+00', '{"a": [1]}', '{a,b}', 'sad', '(1,x)', 'secret', 0.1);
COMMIT;
SET concord.metadata = '{"b": 2}';
UPDATE public.page SET n = 2.50;
UPDATE public.page SET n = 2.50;
UPDATE public.page SET lang = 'de';
UPDATE public.page SET word = 'other', row_version = '5';
INSERT INTO public.page (id, lang, row_version) VALUES (1, 'de', '5') ON CONFLICT (id, lang) DO UPDATE SET n = 3, row_version = excluded.row_version;
DELETE FROM public.page;
INSERT INTO public.part VALUES (1, 'one'), (11, 'eleven');
UPDATE public.part SET id = 12 WHERE id OPERATOR(pg_catalog.=) 1;
UPDATE public.part SET title = 'x', row_version = '5';
COPY public.part (id, title) FROM stdin;
2	two
\.
TRUNCATE public.part;
TRUNCATE public.page;
SELECT concord.node_id() IS NULL, concord.gen_ulid() IS NULL, concord.hlc_now() IS NULL;
RESET ROLE;
RESET search_path;
SELECT what FROM trap.victims;
SELECT table_name, operation, count(*) FROM concord.change_events GROUP BY table_name, operation ORDER BY 1, 2;

-- And the rest, as superuser.
INSERT INTO page VALUES (9, 'en', 1);
INSERT INTO part VALUES (9, 'nine');
SET search_path = trap, pg_catalog, public;
SELECT concord.flush(), concord.heartbeat(), concord.tick();
SELECT concord.hlc_observe('5') IS NULL;
SELECT record_id FROM concord.history('public.page', '[9, "en"]');
SELECT concord.row_at_hlc('public.page', '[9, "en"]', concord.hlc_now()) IS NULL, concord.row_at_hlc('public.page', '[7, "en"]', concord.hlc_now()) IS NULL;
SELECT concord.row_at('public.part', '9', pg_catalog.now()) IS NULL;
SELECT concord._row_now('public.part', '9') IS NULL, concord._row_now('public.page', '[9, "en"]') IS NULL;
SELECT event_id AS last FROM concord.consume('reader', 1000) OFFSET 3 LIMIT 1 \gset
SELECT concord.acknowledge('reader', :'last');
SELECT node_id IS NULL, tracked_tables FROM concord.status;
SELECT version_column FROM concord.tracked_tables;
SELECT concord.untrack('public.page');
ALTER TABLE public.part ADD COLUMN more pg_catalog.int4;
ALTER TABLE public.part DISABLE TRIGGER concord_capture;
ALTER TABLE public.part ENABLE ALWAYS TRIGGER concord_capture;
CREATE TABLE public.part_3 PARTITION OF public.part FOR VALUES FROM (20) TO (30);
ALTER TABLE public.part DETACH PARTITION public.part_1;
ALTER TABLE public.part RENAME TO renamed;
DROP TABLE public.renamed;
RESET search_path;
SELECT what FROM trap.victims;

SET client_min_messages = warning;
DROP OWNED BY regress_attacker CASCADE;
DROP ROLE regress_attacker;
