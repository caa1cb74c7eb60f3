-- Every kind of DDL command on tables of every kind: afterwards a row is written, and its change was captured, or the
-- command was refused, or a window shows that it was not. No write fails.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION concord;
CREATE TABLE commands (n serial, kind text, command text);
CREATE TABLE outcomes (n int, command text, kind text, refused text, written text, captured boolean, told text, window_of text);

-- A table t in schema m, with what belongs to it.
CREATE PROCEDURE make(kind text) LANGUAGE plpgsql AS $$
BEGIN
    CREATE SCHEMA m;
    CREATE SCHEMA n;
    CREATE TYPE m.colour AS ENUM ('red', 'blue');
    CREATE TYPE m.pair AS (id int, title text, extra text);
    CREATE DOMAIN m.label AS text;
    CREATE FUNCTION m.next() RETURNS int LANGUAGE sql AS 'SELECT 7';
    CREATE FUNCTION m.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
    CREATE FUNCTION m.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE SEQUENCE m.ids;
    CREATE TABLE m.parent (id int);
    CREATE TABLE m.root (id int, title text) PARTITION BY RANGE (id);
    CASE kind
        WHEN 'plain', 'inherited', 'typed' THEN
            IF kind = 'typed' THEN
                CREATE TABLE m.t OF m.pair (PRIMARY KEY (id), id DEFAULT nextval('m.ids'));
            ELSE
                CREATE TABLE m.t (id int DEFAULT nextval('m.ids') PRIMARY KEY, title text DEFAULT 'x',
                                  colour m.colour DEFAULT 'red', label m.label DEFAULT 'l', other int NOT NULL DEFAULT nextval('m.ids'),
                                  "row" int DEFAULT m.next(), doubled int GENERATED ALWAYS AS (m.twice(3)) STORED);
            END IF;
            IF kind = 'inherited' THEN
                CREATE TABLE m.child (more int) INHERITS (m.parent);
            END IF;
        WHEN 'partitioned' THEN
            CREATE TABLE m.t (id int DEFAULT nextval('m.ids') PRIMARY KEY, title text DEFAULT 'x', colour m.colour DEFAULT 'red',
                              label m.label DEFAULT 'l', other int NOT NULL DEFAULT nextval('m.ids'), "row" int DEFAULT m.next(),
                              doubled int GENERATED ALWAYS AS (m.twice(3)) STORED) PARTITION BY RANGE (id);
            CREATE TABLE m.t1 PARTITION OF m.t FOR VALUES FROM (0) TO (500);
            CREATE TABLE m.t2 PARTITION OF m.t FOR VALUES FROM (500) TO (1000);
        WHEN 'enum key' THEN
            CREATE TABLE m.t (colour m.colour DEFAULT 'red', id int DEFAULT nextval('m.ids'), PRIMARY KEY (colour, id));
        WHEN 'domain key' THEN
            CREATE TABLE m.t (id m.label DEFAULT nextval('m.ids')::text PRIMARY KEY, title text);
        WHEN 'record key' THEN
            CREATE TABLE m.t (id int DEFAULT nextval('m.ids') UNIQUE NOT NULL, title text);
    END CASE;
    PERFORM concord.track('m.t', version_column => CASE WHEN kind <> 'typed' THEN 'row_version' END, record_key => CASE WHEN kind = 'record key' THEN '{id}'::name[] END);
END
$$;

CREATE PROCEDURE try(n int, kind text, command text) LANGUAGE plpgsql AS $$
DECLARE
    relation oid;
    outcome outcomes;
    last bigint;
BEGIN
    CALL make(kind);
    COMMIT;
    relation := 'm.t'::regclass;
    last := (SELECT max(e.node_sequence) FROM concord.change_events e);
    outcome.n := n;
    outcome.kind := kind;
    outcome.command := command;
    BEGIN
        EXECUTE command;
    EXCEPTION WHEN OTHERS THEN
        outcome.refused := SQLSTATE || ' ' || SQLERRM;
    END;
    COMMIT;
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
        BEGIN
            EXECUTE format('INSERT INTO %s DEFAULT VALUES', relation::regclass);
            outcome.written := 'written';
        EXCEPTION WHEN OTHERS THEN
            outcome.written := SQLSTATE || ' ' || SQLERRM;
        END;
    ELSE
        outcome.written := 'gone';
    END IF;
    COMMIT;
    outcome.captured := EXISTS (
        SELECT FROM concord.change_events e
        WHERE e.node_sequence > COALESCE(last, 0) AND e.operation = 'INSERT'
          AND format('%I.%I', e.table_schema, e.table_name)::regclass = relation);
    outcome.told := (
        SELECT string_agg(COALESCE(e.metadata ->> 'change', e.operation), ', ' ORDER BY e.node_sequence)
        FROM concord.change_events e WHERE e.node_sequence > COALESCE(last, 0) AND e.operation NOT IN ('INSERT', 'UPDATE'));
    outcome.window_of := (SELECT string_agg(w.reason || CASE WHEN w.closed_at IS NULL THEN ' (open)' ELSE '' END, ', ') FROM concord.capture_windows w);
    INSERT INTO outcomes SELECT outcome.*;
    DROP SCHEMA IF EXISTS m, m2, n, o CASCADE;
    DELETE FROM concord.capture_windows;
    COMMIT;
END
$$;

INSERT INTO commands (kind, command) SELECT k.kind, c.command FROM (VALUES
    -- What belongs to the table goes, or is called otherwise.
    (1, 'DROP TYPE m.colour CASCADE'),
    (2, 'ALTER TYPE m.colour RENAME VALUE ''red'' TO ''crimson'''),
    (3, 'ALTER TYPE m.colour ADD VALUE ''green'''),
    (4, 'ALTER TYPE m.colour RENAME TO color'),
    (5, 'DROP DOMAIN m.label CASCADE'),
    (6, 'ALTER DOMAIN m.label ADD CHECK (value <> ''no'')'),
    (7, 'DROP FUNCTION m.next() CASCADE'),
    (8, 'DROP FUNCTION m.twice(int) CASCADE'),
    (9, 'DROP SEQUENCE m.ids CASCADE; ALTER TABLE m.t ALTER COLUMN id SET DEFAULT 7, ALTER COLUMN other SET DEFAULT 8'),
    -- Commands for other kinds of objects, on a table.
    (10, 'ALTER VIEW m.t RENAME TO u'),
    (11, 'ALTER INDEX m.t RENAME TO u'),
    (12, 'ALTER SEQUENCE m.t RENAME TO u'),
    (13, 'ALTER MATERIALIZED VIEW m.t RENAME TO u'),
    (14, 'ALTER FOREIGN TABLE m.t RENAME TO u'),
    (15, 'ALTER INDEX m.t_pkey RENAME TO p'),
    (16, 'ALTER VIEW m.t RENAME COLUMN other TO another'),
    -- Names.
    (20, 'ALTER TABLE m.t RENAME TO u'),
    (21, 'ALTER TABLE m.t SET SCHEMA n'),
    (22, 'ALTER SCHEMA m RENAME TO m2'),
    (23, 'ALTER TABLE m.t RENAME COLUMN id TO ident'),
    (24, 'ALTER TABLE m.t RENAME COLUMN row_version TO rev'),
    (25, 'ALTER TABLE m.t DROP COLUMN row_version'),
    (26, 'ALTER TABLE m.t DROP COLUMN other'),
    (27, 'ALTER TABLE m.t ADD COLUMN z int DEFAULT 1'),
    -- The key.
    (30, 'ALTER TABLE m.t DROP CONSTRAINT t_pkey'),
    (31, 'ALTER TABLE m.t DROP COLUMN id'),
    (32, 'ALTER TABLE m.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (other)'),
    (33, 'ALTER TABLE m.t DROP CONSTRAINT t_pkey; ALTER TABLE m.t ADD PRIMARY KEY (id)'),
    (34, 'ALTER TABLE m.t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX k ON m.t (id); ALTER TABLE m.t REPLICA IDENTITY USING INDEX k'),
    (35, 'ALTER TABLE m.t ALTER COLUMN id TYPE bigint'),
    (36, 'ALTER TABLE m.t ALTER COLUMN id TYPE real'),
    (37, 'ALTER TABLE m.t ALTER COLUMN row_version TYPE bigint USING 1'),
    -- Storage, inheritance, partitions.
    (40, 'ALTER TABLE m.t SET UNLOGGED'),
    (401, 'ALTER TABLE m.t1 SET UNLOGGED'),
    (402, 'CREATE UNLOGGED TABLE m.t3 PARTITION OF m.t DEFAULT'),
    (41, 'CREATE TABLE m.heir () INHERITS (m.t)'),
    (42, 'ALTER TABLE m.t INHERIT m.parent'),
    (43, 'CREATE TABLE m.like_it (LIKE m.t INCLUDING ALL); ALTER TABLE m.like_it INHERIT m.t'),
    (44, 'ALTER TABLE m.root DROP COLUMN title; ALTER TABLE m.root ADD title text, ADD colour m.colour, ADD label m.label, ADD other int NOT NULL, ADD "row" int, ADD doubled int GENERATED ALWAYS AS (m.twice(3)) STORED, ADD row_version concord.hlc; ALTER TABLE m.root ATTACH PARTITION m.t DEFAULT'),
    (45, 'CREATE SCHEMA o CREATE TABLE p PARTITION OF m.t FOR VALUES FROM (1000) TO (1500)'),
    (46, 'ALTER TABLE m.t DETACH PARTITION m.t2'),
    (47, 'DROP TABLE m.t2'),
    (48, 'CREATE TABLE m.sub PARTITION OF m.t FOR VALUES FROM (1000) TO (1500) PARTITION BY RANGE (id); CREATE TABLE m.sub1 PARTITION OF m.sub DEFAULT'),
    (49, 'ALTER TABLE m.t CLUSTER ON t_pkey; ALTER TABLE m.t SET (fillfactor = 50); ALTER TABLE m.t ENABLE ROW LEVEL SECURITY'),
    -- Triggers.
    (50, 'ALTER TABLE m.t DISABLE TRIGGER ALL'),
    (51, 'ALTER TABLE m.t DISABLE TRIGGER ALL; ALTER TABLE m.t ENABLE TRIGGER ALL'),
    (52, 'ALTER TABLE m.t DISABLE TRIGGER USER; ALTER TABLE m.t ENABLE REPLICA TRIGGER concord_capture'),
    (53, 'DROP TRIGGER concord_capture ON m.t'),
    (54, 'ALTER TRIGGER concord_capture ON m.t RENAME TO mine'),
    (55, 'CREATE OR REPLACE TRIGGER concord_capture AFTER INSERT OR UPDATE OR DELETE ON m.t FOR EACH ROW WHEN (false) EXECUTE FUNCTION concord.capture_trigger()'),
    (56, 'CREATE OR REPLACE TRIGGER concord_capture AFTER DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger()'),
    (57, 'CREATE OR REPLACE TRIGGER concord_capture AFTER INSERT OR UPDATE OF id OR DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger()'),
    (58, 'CREATE OR REPLACE TRIGGER concord_capture AFTER INSERT OR UPDATE OR DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger(''exclude=other'')'),
    (59, 'CREATE OR REPLACE TRIGGER concord_capture AFTER INSERT OR UPDATE OR DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger(''exclude=none'')'),
    (60, 'CREATE OR REPLACE TRIGGER concord_capture AFTER INSERT OR UPDATE OR DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION m.noop()'),
    (61, 'CREATE TRIGGER second AFTER INSERT OR UPDATE OR DELETE ON m.t FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger()'),
    (62, 'CREATE TRIGGER second AFTER INSERT OR UPDATE OR DELETE ON m.t1 FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger()'),
    (63, 'CREATE SCHEMA o CREATE TABLE q (id int PRIMARY KEY) CREATE TRIGGER wrong AFTER INSERT ON q FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger(''bad=1'')'),
    (64, 'DROP TRIGGER zz_concord_version ON m.t'),
    (65, 'ALTER TABLE m.t DISABLE TRIGGER zz_concord_version'),
    (66, 'DROP TRIGGER concord_truncate ON m.t'),
    (67, 'DROP TRIGGER concord_truncate ON m.t1'),
    (68, 'CREATE OR REPLACE TRIGGER concord_truncate BEFORE TRUNCATE ON m.t FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION concord.truncate_trigger()'),
    (69, 'ALTER TABLE m.t1 DISABLE TRIGGER concord_capture'),
    (70, 'SELECT concord.track(''m.t'', exclude => ''{other}'')'),
    (71, 'SELECT concord.track(''m.t'', version_column => NULL)'),
    (72, 'DROP TABLE m.t'),
    (73, 'DROP SCHEMA m CASCADE')
    ) c(n, command), unnest('{plain,partitioned,inherited}'::text[]) k(kind)
WHERE (k.kind = 'partitioned') >= (c.n IN (401, 402, 45, 46, 47, 48, 62, 67, 69))
  AND (k.kind <> 'inherited' OR c.n IN (1, 20, 30, 41, 43, 50))
ORDER BY c.n, k.kind DESC;
INSERT INTO commands (kind, command) VALUES
    ('enum key', 'ALTER TYPE m.colour RENAME VALUE ''red'' TO ''crimson'''),
    ('enum key', 'DROP TYPE m.colour CASCADE'),
    ('domain key', 'DROP DOMAIN m.label CASCADE; ALTER TABLE m.t ALTER COLUMN title SET DEFAULT 1'),
    ('domain key', 'DROP DOMAIN m.label CASCADE; ALTER TABLE m.t ADD COLUMN id int PRIMARY KEY DEFAULT 7'),
    ('typed', 'ALTER TYPE m.pair RENAME ATTRIBUTE title TO name CASCADE'),
    ('typed', 'ALTER TYPE m.pair RENAME ATTRIBUTE id TO ident CASCADE'),
    ('typed', 'ALTER TYPE m.pair DROP ATTRIBUTE id CASCADE'),
    ('typed', 'ALTER TYPE m.pair ADD ATTRIBUTE more int CASCADE'),
    ('typed', 'ALTER TYPE m.pair ALTER ATTRIBUTE title TYPE varchar CASCADE'),
    ('typed', 'DROP TYPE m.pair CASCADE'),
    ('record key', 'ALTER TABLE m.t DROP CONSTRAINT t_id_key'),
    ('record key', 'ALTER TABLE m.t DROP CONSTRAINT t_id_key; ALTER TABLE m.t ADD UNIQUE (id)'),
    ('record key', 'ALTER TABLE m.t ALTER COLUMN id DROP NOT NULL'),
    ('record key', 'ALTER TABLE m.t RENAME COLUMN id TO ident'),
    ('record key', 'ALTER TABLE m.t DROP COLUMN id');

SELECT format('CALL try(%s, %L, %L)', n, kind, command) FROM commands ORDER BY n \gexec
\set ECHO all
-- Nothing is silent, and no write fails.
SELECT command, kind, written FROM outcomes
WHERE written NOT IN ('written', 'gone')
   OR written = 'written' AND refused IS NULL AND NOT captured AND COALESCE(window_of, '') !~ 'open'
   OR refused IS NOT NULL AND NOT captured
ORDER BY n;
\pset format unaligned
SELECT kind, command, COALESCE(refused, '-') AS refused, CASE WHEN captured THEN 'captured' ELSE '-' END AS row,
       COALESCE(told, '-') AS told, COALESCE(window_of, '-') AS windows
FROM outcomes ORDER BY n;
SELECT count(*) AS watched FROM concord._watched_tables;
