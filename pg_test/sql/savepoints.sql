-- Savepoints, nested and not, PL/pgSQL's exception blocks, and a transaction that outgrows work_mem: what was rolled back
-- never was, the rest keeps its order.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE page (id int PRIMARY KEY, title text);
CREATE TABLE tag (page_id int, name text, PRIMARY KEY (page_id, name));
SELECT concord.track('page', version_column => NULL), concord.track('tag', version_column => NULL);

-- One transaction inserts, updates twice, rolls back to a savepoint, and deletes.
BEGIN;
INSERT INTO page VALUES (1, 'draft');
UPDATE page SET title = 'first' WHERE id = 1;
SAVEPOINT s;
INSERT INTO page VALUES (2, 'undone');
UPDATE page SET title = 'undone' WHERE id = 1;
DELETE FROM page WHERE id = 1;
ROLLBACK TO s;
UPDATE page SET title = 'second' WHERE id = 1;
DELETE FROM page WHERE id = 1;
COMMIT;
SELECT * FROM news();

-- Nested: inner ones go with the outer, released or not.
BEGIN;
INSERT INTO page VALUES (10, 'kept');
SAVEPOINT a;
INSERT INTO page VALUES (11, 'a');
SAVEPOINT b;
INSERT INTO page VALUES (12, 'b');
RELEASE b;
SAVEPOINT c;
INSERT INTO page VALUES (13, 'c');
ROLLBACK TO a;
INSERT INTO page VALUES (14, 'kept');
SAVEPOINT d;
INSERT INTO page VALUES (15, 'kept');
SAVEPOINT e;
INSERT INTO page VALUES (16, 'e');
ROLLBACK TO e;
INSERT INTO page VALUES (17, 'kept');
RELEASE d;
INSERT INTO page VALUES (18, 'kept');
COMMIT;
SELECT * FROM news();

-- A savepoint released into one that is rolled back; a name used twice; the same savepoint rolled back to again and again.
BEGIN;
SAVEPOINT outer_one;
SAVEPOINT inner_one;
INSERT INTO page VALUES (20, 'lost');
RELEASE inner_one;
ROLLBACK TO outer_one;
SAVEPOINT outer_one;
INSERT INTO page VALUES (21, 'kept');
SAVEPOINT again;
INSERT INTO page VALUES (22, 'lost');
ROLLBACK TO again;
INSERT INTO page VALUES (22, 'lost, too');
ROLLBACK TO again;
INSERT INTO page VALUES (22, 'kept');
COMMIT;
SELECT * FROM news();

-- A savepoint whose only content is rolled back, and nothing else: no event, no number.
BEGIN;
SAVEPOINT s;
INSERT INTO page VALUES (30, 'lost');
ROLLBACK TO s;
COMMIT;
INSERT INTO page VALUES (31, 'next');
SELECT * FROM news();

-- A failed statement in a savepoint; a failed statement of many rows.
BEGIN;
INSERT INTO page VALUES (40, 'kept');
SAVEPOINT s;
INSERT INTO page VALUES (41, 'lost'), (40, 'duplicate');
ROLLBACK TO s;
INSERT INTO page VALUES (42, 'kept');
COMMIT;
SELECT * FROM news();

-- PL/pgSQL: a block with EXCEPTION is a savepoint. Blocks in blocks, in a loop, in a function.
CREATE FUNCTION save(page_id int, title text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tag VALUES (page_id, 'before');
    BEGIN
        INSERT INTO tag VALUES (page_id, 'within');
        INSERT INTO page VALUES (page_id, title);
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO tag VALUES (page_id, 'failed');
        RETURN 'failed';
    END;
    RETURN 'saved';
END
$$;
SELECT id, save(id, 'by function') FROM (VALUES (50), (40), (51)) v (id);
SELECT * FROM news();
DO $$
BEGIN
    FOR i IN 60..63 LOOP
        BEGIN
            INSERT INTO page VALUES (i, 'in a loop');
            IF i % 2 = 1 THEN
                RAISE EXCEPTION 'odd';
            END IF;
        EXCEPTION WHEN raise_exception THEN
            NULL;
        END;
    END LOOP;
END
$$;
SELECT * FROM news();

-- Transactions within a procedure: each has its group.
CREATE PROCEDURE batches() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 70..73 LOOP
        INSERT INTO page VALUES (i, 'batch');
        IF i = 71 THEN COMMIT; END IF;
        IF i = 72 THEN ROLLBACK; END IF;
    END LOOP;
END
$$;
CALL batches();
SELECT * FROM news();

-- Far more than work_mem holds, with savepoints rolled back before and after events have gone to disk.
SET work_mem = '64kB';
BEGIN;
INSERT INTO page SELECT i, repeat('x', 100) FROM generate_series(1000, 2999) i;
SAVEPOINT s;
INSERT INTO page SELECT i, repeat('y', 100) FROM generate_series(3000, 6999) i;
ROLLBACK TO s;
INSERT INTO page SELECT i, repeat('z', 100) FROM generate_series(7000, 7999) i;
SAVEPOINT t;
INSERT INTO page VALUES (9000, 'lost');
ROLLBACK TO t;
UPDATE page SET title = 'short' WHERE id BETWEEN 1000 AND 1999;
SAVEPOINT u;
DELETE FROM page WHERE id BETWEEN 7000 AND 7499;
SAVEPOINT v;
DELETE FROM page WHERE id BETWEEN 7500 AND 7999;
ROLLBACK TO v;
RELEASE u;
COMMIT;
RESET work_mem;
SELECT "table", operation, count(*), min(record::int), max(record::int), min(n), max(n), min("group"), max("group"),
       count(DISTINCT left(COALESCE(new, old) ->> 'title', 1)) AS titles
FROM news()
GROUP BY "table", operation
ORDER BY min(n);
SELECT count(*) AS rows,
       count(*) FILTER (WHERE id < 1000) AS before,
       count(*) FILTER (WHERE concord.row_at_hlc('page', id::text, concord.hlc_now()) = to_jsonb(page)) AS agree
FROM page;
-- No temporary file stays open.
SELECT count(*) FROM pg_ls_tmpdir();

-- One event larger than work_mem by far; a rollback after the spill leaves nothing.
SET work_mem = '64kB';
BEGIN;
INSERT INTO page VALUES (10000, repeat('large ', 100000));
INSERT INTO page VALUES (10001, 'small');
INSERT INTO page VALUES (10002, repeat('large ', 200000));
COMMIT;
BEGIN;
INSERT INTO page SELECT i, repeat('x', 100) FROM generate_series(20000, 29999) i;
ROLLBACK;
INSERT INTO page VALUES (10003, 'after');
RESET work_mem;
SELECT n, "group", record, operation, length(new ->> 'title') FROM news();
SELECT count(*) FROM pg_ls_tmpdir();
-- A disk that is full, or a limit that is reached, fails the statement, and so the change.
SET work_mem = '64kB';
SET temp_file_limit = '200kB';
INSERT INTO page SELECT i, repeat('x', 100) FROM generate_series(20000, 29999) i;
RESET temp_file_limit;
RESET work_mem;
SELECT count(*) FROM page WHERE id >= 20000;
INSERT INTO page VALUES (10004, 'next');
SELECT n, "group", record, operation FROM news();
SELECT count(*) = max(node_sequence) AS dense FROM concord.change_events;
