-- Rows that move between partitions, and the application's triggers beside them: the log tells what became of each row.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE ticket (id int, state text, title text, PRIMARY KEY (id, state)) PARTITION BY LIST (state);
CREATE TABLE ticket_open PARTITION OF ticket FOR VALUES IN ('open');
CREATE TABLE ticket_done PARTITION OF ticket FOR VALUES IN ('done');
CREATE TRIGGER concord_capture AFTER INSERT OR UPDATE OR DELETE ON ticket
    FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('record_key=id');
CREATE TABLE page (id int, lang text, title text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE page_de PARTITION OF page FOR VALUES IN ('de');
CREATE TABLE page_en PARTITION OF page FOR VALUES IN ('en');
SELECT concord.track('page', version_column => NULL);

-- A trigger that writes the same table between the two halves of a move.
CREATE FUNCTION insert_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %s VALUES ($1.id + 1000, $2, ''by trigger'')', tg_argv[0]) USING old, tg_argv[1];
    RETURN NULL;
END
$$;
CREATE TRIGGER a_insert_more AFTER DELETE ON ticket FOR EACH ROW WHEN (old.id < 1000) EXECUTE FUNCTION insert_more('ticket', 'open');
CREATE TRIGGER zz_insert_more AFTER DELETE ON page FOR EACH ROW WHEN (old.id < 1000) EXECUTE FUNCTION insert_more('page', 'en');
INSERT INTO ticket VALUES (1, 'open', 'move me');
INSERT INTO page VALUES (1, 'de', 'move me');
SELECT count(*) FROM news();
UPDATE ticket SET state = 'done' WHERE id = 1;
SELECT record, operation, old, new, metadata FROM news() ORDER BY record, n;
UPDATE page SET lang = 'en' WHERE id = 1;
SELECT record, operation, old, new, metadata FROM news() ORDER BY record, n;
DROP TRIGGER a_insert_more ON ticket;
DROP TRIGGER zz_insert_more ON page;

-- One that keeps the row out of its new partition: the row is gone.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON page_de FOR EACH ROW WHEN (new.title = 'move me') EXECUTE FUNCTION refuse();
UPDATE page SET lang = 'de' WHERE id = 1;
SELECT * FROM page WHERE id = 1;
SELECT record, operation, old, new, metadata FROM news();
INSERT INTO page VALUES (2, 'de', 'unrelated'), (3, 'en', 'unrelated');
SELECT record, operation, old, new, metadata FROM news();
BEGIN;
UPDATE page SET title = 'move me', lang = 'de' WHERE id = 3;
INSERT INTO page VALUES (4, 'de', 'unrelated, too');
COMMIT;
SELECT record, operation, old, new, metadata FROM news();
DROP TRIGGER refuse ON page_de;

-- One that fails, within a block that goes on: the row never moved.
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER zz_fail AFTER DELETE ON page FOR EACH ROW EXECUTE FUNCTION fail();
DO $$
BEGIN
    BEGIN
        UPDATE page SET lang = 'en' WHERE id = 2;
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'failed';
    END;
    INSERT INTO page VALUES (5, 'en', 'after the failure');
END
$$;
SELECT record, operation, old, new, metadata FROM news();
DROP TRIGGER zz_fail ON page;

-- The log's last word on each record is what the table has.
SELECT e.record_id, concord.row_at_hlc('page', e.record_id, concord.hlc_now()) AS last, concord._row_now('page', e.record_id)
FROM (SELECT DISTINCT record_id FROM concord.change_events WHERE table_name = 'page') e
WHERE concord.row_at_hlc('page', e.record_id, concord.hlc_now()) IS DISTINCT FROM concord._row_now('page', e.record_id)
ORDER BY e.record_id;
