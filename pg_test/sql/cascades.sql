-- What changes tracked rows without the statement saying so: foreign keys' actions, deferred constraints, and the
-- application's own triggers.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE page (id int PRIMARY KEY, title text, parent int REFERENCES page ON DELETE CASCADE);
CREATE TABLE media (id int PRIMARY KEY, page_id int REFERENCES page ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE route (slug text PRIMARY KEY, page_id int DEFAULT 0 REFERENCES page ON DELETE SET DEFAULT ON UPDATE CASCADE);
CREATE TABLE untracked (page_id int REFERENCES page ON DELETE CASCADE ON UPDATE CASCADE);
SELECT concord.track(t, version_column => NULL) FROM unnest('{page,media,route}'::regclass[]) t;
INSERT INTO page VALUES (0, 'home', NULL), (1, 'parent', NULL), (2, 'child', 1), (3, 'grandchild', 2);
INSERT INTO media VALUES (7, 2), (8, NULL);
INSERT INTO route VALUES ('/child', 2);
INSERT INTO untracked VALUES (3);
SELECT count(*) FROM news();

-- A delete and its cascades are one group, parents first.
DELETE FROM page WHERE id = 1;
SELECT * FROM news();

-- ON UPDATE CASCADE follows a key.
INSERT INTO media VALUES (9, 0);
UPDATE page SET id = 5 WHERE id = 0;
SELECT * FROM news();

-- The foreign keys' own triggers are silent under session_replication_role = replica, capture is not.
INSERT INTO page VALUES (0, 'home', 5);
SET session_replication_role = replica;
DELETE FROM page WHERE id = 5;
RESET session_replication_role;
SELECT * FROM news();

-- A BEFORE trigger's work is in the image, whatever its name; one that returns NULL leaves no event.
CREATE TABLE note (id int PRIMARY KEY, body text, changed_by text, words int);
CREATE FUNCTION finish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.body = 'skip' THEN
        RETURN NULL;
    END IF;
    new.changed_by := tg_name;
    new.words := array_length(string_to_array(new.body, ' '), 1);
    RETURN new;
END
$$;
CREATE TRIGGER a_finish BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION finish();
SELECT concord.track('note', version_column => NULL);
CREATE TRIGGER zzzz_finish BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION finish();
INSERT INTO note (id, body) VALUES (1, 'in three words'), (2, 'skip');
UPDATE note SET body = 'two words' WHERE id = 1;
UPDATE note SET body = 'skip' WHERE id = 1;
SELECT * FROM news();

-- A BEFORE DELETE trigger that keeps the row and marks it instead.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE note SET body = 'deleted' WHERE id = old.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION keep();
DELETE FROM note;
SELECT * FROM news();
DROP TABLE note;

-- An AFTER trigger that writes another tracked table, and one that writes there again in turn.
CREATE TABLE entry (id int PRIMARY KEY, title text);
CREATE TABLE counter (name text PRIMARY KEY, count int);
CREATE TABLE journal (line int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
SELECT concord.track(t, version_column => NULL) FROM unnest('{entry,counter,journal}'::regclass[]) t;
INSERT INTO counter VALUES ('entries', 0);
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE counter SET count = count + 1 WHERE name = 'entries';
    RETURN NULL;
END
$$;
CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journal (what) VALUES (format('%s to %s', old.count, new.count));
    RETURN NULL;
END
$$;
CREATE TRIGGER z_count_up AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION count_up();
CREATE TRIGGER z_write_down AFTER UPDATE ON counter FOR EACH ROW EXECUTE FUNCTION write_down();
SELECT count(*) FROM news();
INSERT INTO entry VALUES (1, 'one'), (2, 'two');
SELECT "group", "table", record, operation, old, new FROM news() ORDER BY "table", record, n;

-- An AFTER trigger that changes the very row: the log has the changes in the order in which they happened, whatever
-- the trigger's name, so that the last event shows the row as it is.
CREATE FUNCTION give_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE entry SET title = title || '/' || tg_name WHERE id = new.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A path" AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION give_path();
CREATE TRIGGER zz_path AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION give_path();
DROP TRIGGER z_count_up ON entry;
SELECT count(*) FROM news();
INSERT INTO entry VALUES (3, 'three');
SELECT "group", record, operation, old, new FROM news() ORDER BY n;
SELECT concord.row_at_hlc('entry', '3', concord.hlc_now()) = to_jsonb(entry) AS agree FROM entry WHERE id = 3;
DROP TRIGGER "A path" ON entry;
DROP TRIGGER zz_path ON entry;
-- Siblings that point at each other, inserted by one statement: the trigger of the first changes the second.
CREATE TABLE leaf (id int PRIMARY KEY, previous int);
CREATE FUNCTION link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leaf SET previous = new.id WHERE id = new.id + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER z_link AFTER INSERT ON leaf FOR EACH ROW EXECUTE FUNCTION link();
SELECT concord.track('leaf', version_column => NULL);
INSERT INTO leaf VALUES (1), (2), (3);
SELECT "group", record, operation, old, new FROM news() ORDER BY record, n;
SELECT count(*) AS rows, count(*) FILTER (WHERE concord.row_at_hlc('leaf', id::text, concord.hlc_now()) = to_jsonb(leaf)) AS agree
FROM leaf;

-- A statement trigger that changes rows of the statement, and one with a transition table.
CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entry WHERE title = 'sweep me';
    INSERT INTO journal (what) SELECT format('%s deleted', count(*)) FROM gone;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A sweep" AFTER DELETE ON entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION sweep();
UPDATE entry SET title = 'sweep me' WHERE id = 2;
SELECT count(*) FROM news();
DELETE FROM entry WHERE id = 1;
SELECT * FROM news();

-- A deferred constraint trigger that writes tracked tables: at the commit, and still in the group.
CREATE FUNCTION count_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE counter SET count = (SELECT count(*) FROM entry) WHERE name = 'entries';
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER count_entries AFTER INSERT OR DELETE ON entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION count_entries();
SELECT count(*) FROM news();
BEGIN;
INSERT INTO entry VALUES (4, 'four');
INSERT INTO journal (what) VALUES ('before the commit');
COMMIT;
SELECT * FROM news();
-- One that fails at the commit takes the events along; the constraint may be set immediate before.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no entry %', new.id;
END
$$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (new.id = 13) EXECUTE FUNCTION refuse();
BEGIN;
INSERT INTO journal (what) VALUES ('lost');
INSERT INTO entry VALUES (13, 'thirteen');
COMMIT;
SELECT * FROM news();
BEGIN;
INSERT INTO entry VALUES (5, 'five');
SET CONSTRAINTS ALL IMMEDIATE;
SAVEPOINT s;
INSERT INTO entry VALUES (13, 'thirteen');
ROLLBACK TO s;
COMMIT;
SELECT * FROM news();

-- The log agrees with the tables, row by row.
SELECT t.relation, e.record_id, concord.row_at_hlc(t.relation, e.record_id, concord.hlc_now()) AS last, concord._row_now(t.relation, e.record_id)
FROM concord.tracked_tables t
JOIN (SELECT DISTINCT table_name, record_id FROM concord.change_events WHERE record_id IS NOT NULL) e USING (table_name)
WHERE concord.row_at_hlc(t.relation, e.record_id, concord.hlc_now()) IS DISTINCT FROM concord._row_now(t.relation, e.record_id)
ORDER BY e.table_name, e.record_id;
