-- Partitioned tables: events go under the root's name, whichever partition a row lives in and however it gets there.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

-- Partitions whose columns stand at other places than the root's, one of them partitioned again.
CREATE TABLE page (id int, lang text, title text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE page_de (title text, dropped int, lang text NOT NULL, id int NOT NULL);
ALTER TABLE page_de DROP COLUMN dropped;
ALTER TABLE page ATTACH PARTITION page_de FOR VALUES IN ('de');
CREATE TABLE page_en PARTITION OF page FOR VALUES IN ('en') PARTITION BY RANGE (id);
CREATE TABLE page_en_low PARTITION OF page_en FOR VALUES FROM (0) TO (100);
CREATE TABLE page_en_high PARTITION OF page_en FOR VALUES FROM (100) TO (200);
SELECT concord.track('page', version_column => NULL);
SELECT relation, conflict_policy, capturing FROM concord.tracked_tables;
SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0 AS of_parent FROM pg_trigger
WHERE tgrelid::regclass::text ~ '^page' ORDER BY tgrelid, tgname;
SELECT * FROM news();

-- By way of the root and of the leaves.
INSERT INTO page VALUES (1, 'de', 'eins'), (1, 'en', 'one'), (101, 'en', 'one hundred and one');
INSERT INTO page_de VALUES ('zwei', 'de', 2);
INSERT INTO page_en VALUES (2, 'en', 'two');
UPDATE page SET title = upper(title) WHERE id = 1;
UPDATE page_en_high SET title = 'high';
DELETE FROM page WHERE id = 2;
SELECT * FROM news();
INSERT INTO page VALUES (1, 'de', 'noch eins'), (1, 'en', 'one more') ON CONFLICT (id, lang) DO UPDATE SET title = excluded.title;
MERGE INTO page USING (VALUES (1, 'merged'), (3, 'new')) s (id, title) ON page.id = s.id AND lang = 'de'
WHEN MATCHED THEN UPDATE SET title = s.title
WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'de', s.title);
COPY page FROM stdin;
4	de	kopiert
4	en	copied
\.
SELECT * FROM news();

-- A row that moves from partition to partition: its key changes with it, as the key has the partition's column.
UPDATE page SET lang = 'de', title = 'moved' WHERE id = 101;
UPDATE page SET lang = 'en', id = 150 WHERE id = 3;
SELECT * FROM news();
-- Many at once, and within a savepoint that is rolled back.
BEGIN;
SAVEPOINT s;
UPDATE page SET id = id + 100 WHERE lang = 'en' AND id < 100;
ROLLBACK TO s;
UPDATE page SET id = id + 101 WHERE lang = 'en' AND id < 99;
COMMIT;
SELECT * FROM news();

-- Of a key without the partition's column a move changes nothing: it is an UPDATE. track() refuses such a key, as no unique
-- index can prove it; triggers made by hand take it.
CREATE TABLE ticket (id int, state text, title text, PRIMARY KEY (id, state)) PARTITION BY LIST (state);
CREATE TABLE ticket_open PARTITION OF ticket FOR VALUES IN ('open');
CREATE TABLE ticket_done PARTITION OF ticket FOR VALUES IN ('done');
SELECT concord.track('ticket', version_column => NULL, record_key => '{id}');
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON ticket
    FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('record_key=id');
INSERT INTO ticket VALUES (1, 'open', 'fix'), (2, 'open', 'build'), (3, 'done', 'plan');
UPDATE ticket SET state = 'done' WHERE id = 1;
UPDATE ticket SET state = CASE state WHEN 'open' THEN 'done' ELSE 'open' END, title = title || '!';
DELETE FROM ticket WHERE state = 'open';
SELECT * FROM news();

-- TRUNCATE of a leaf, of a partition with partitions, and of the root.
INSERT INTO page VALUES (1, 'de', 'a'), (1, 'en', 'b') ON CONFLICT DO NOTHING;
INSERT INTO ticket VALUES (7, 'done', 'not truncated: its triggers were made by hand');
SELECT count(*) FROM news();
TRUNCATE page_de;
TRUNCATE page_en;
INSERT INTO page VALUES (1, 'de', 'a'), (1, 'en', 'b'), (160, 'en', 'c');
TRUNCATE page;
SELECT "group", "table", record, operation, old FROM news();

-- New partitions are captured from their first row on, their TRUNCATE included; sub-partitions, too.
CREATE TABLE page_fr PARTITION OF page FOR VALUES IN ('fr');
CREATE TABLE page_es PARTITION OF page FOR VALUES IN ('es') PARTITION BY HASH (id);
CREATE TABLE page_es_0 PARTITION OF page_es FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE page_es_1 PARTITION OF page_es FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO page VALUES (1, 'fr', 'un'), (1, 'es', 'uno'), (2, 'es', 'dos');
UPDATE page SET title = 'deux', id = 2 WHERE lang = 'fr';
TRUNCATE page_fr;
TRUNCATE page_es;
SELECT * FROM news();

-- ATTACH and DETACH: rows that come and go with the partition are not captured one by one, so the log notes it. What was
-- detached is a table of its own, and not tracked.
CREATE TABLE page_it (LIKE page INCLUDING ALL);
INSERT INTO page_it VALUES (1, 'it', 'uno');
ALTER TABLE page ATTACH PARTITION page_it FOR VALUES IN ('it');
UPDATE page SET title = 'due' WHERE lang = 'it';
TRUNCATE page_it;
INSERT INTO page VALUES (3, 'it', 'tre');
ALTER TABLE page DETACH PARTITION page_it;
INSERT INTO page_it VALUES (4, 'it', 'quattro');
UPDATE page_it SET title = 'cinque';
TRUNCATE page_it;
DROP TABLE page_fr;
SELECT "table", record, operation, old, new, metadata FROM news();
SELECT table_schema, table_name, reason, closed_at IS NOT NULL AS closed, closed_at >= opened_at AS later
FROM concord.capture_windows ORDER BY window_id;
-- DETACH CONCURRENTLY runs in two transactions.
CREATE TABLE page_pt PARTITION OF page FOR VALUES IN ('pt');
INSERT INTO page VALUES (1, 'pt', 'um');
ALTER TABLE page DETACH PARTITION page_pt CONCURRENTLY;
INSERT INTO page_pt VALUES (2, 'pt', 'dois');
TRUNCATE page_pt;
SELECT "table", record, operation, old, new, metadata FROM news();

-- A table that is tracked by itself cannot become a partition before it is untracked.
CREATE TABLE page_nl (LIKE page INCLUDING ALL);
SELECT concord.track('page_nl', version_column => NULL);
ALTER TABLE page ATTACH PARTITION page_nl FOR VALUES IN ('nl');
SELECT concord.untrack('page_nl');
ALTER TABLE page ATTACH PARTITION page_nl FOR VALUES IN ('nl');
INSERT INTO page VALUES (1, 'nl', 'een');
SELECT "table", record, operation, new FROM news();

-- Untracked: nothing is left on root and leaves.
SELECT concord.untrack('page');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'page%';
INSERT INTO page VALUES (9, 'de', 'neun');
SELECT "table", record, operation, metadata FROM news();
