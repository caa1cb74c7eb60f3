-- Each way to change a row makes the events it should, and nothing else does.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE page (id int PRIMARY KEY, title text, views int DEFAULT 0);
-- Rows that were there before have no event until they change.
INSERT INTO page VALUES (100, 'old', 7), (101, 'older', 8);
SELECT concord.track('page', version_column => NULL);
SELECT * FROM news();

-- INSERT, UPDATE, DELETE, each its own group.
INSERT INTO page VALUES (1, 'one');
UPDATE page SET title = 'eins' WHERE id = 1;
DELETE FROM page WHERE id = 1;
UPDATE page SET views = 9 WHERE id = 101;
SELECT * FROM news();

-- One statement, many rows: one group, in the order of the rows.
INSERT INTO page (id, title) VALUES (2, 'two'), (3, NULL), (4, 'four') RETURNING id;
UPDATE page SET views = views + 1 WHERE id < 4;
SELECT * FROM news();

-- What changes nothing makes no event: equal values, no row, nothing inserted.
UPDATE page SET title = title;
UPDATE page SET title = 'two', views = 1 WHERE id = 2;
UPDATE page SET title = 'x' WHERE id = 999;
INSERT INTO page VALUES (2, 'again') ON CONFLICT DO NOTHING;
INSERT INTO page SELECT * FROM page WHERE false;
INSERT INTO page VALUES (2, 'again');
SELECT * FROM page WHERE id = 2 FOR UPDATE;
SELECT * FROM news();

-- From NULL, to NULL, and to the empty text, which is not NULL.
UPDATE page SET title = 'drei' WHERE id = 3;
UPDATE page SET title = NULL WHERE id = 3;
UPDATE page SET title = '' WHERE id = 3;
SELECT * FROM news();

-- INSERT ON CONFLICT: what it did to each row, which may be nothing.
INSERT INTO page VALUES (2, 'upserted', 5), (5, 'five', 0), (4, 'four', 0)
ON CONFLICT (id) DO UPDATE SET title = excluded.title;
SELECT * FROM news();

-- MERGE
MERGE INTO page p
USING (VALUES (2, 'merged'), (4, NULL), (6, 'six')) s (id, title) ON p.id = s.id
WHEN MATCHED AND s.title IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET title = s.title
WHEN NOT MATCHED THEN INSERT (id, title) VALUES (s.id, s.title);
SELECT * FROM news();

-- COPY
COPY page (id, title) FROM stdin;
7	seven
8	\N
\.
SELECT * FROM news();

-- UPDATE with FROM takes a row once, whatever it joins; DELETE with USING.
UPDATE page SET title = 'joined' FROM generate_series(1, 3) WHERE id = 7;
DELETE FROM page USING generate_series(1, 3) WHERE id = 7;
SELECT * FROM news();

-- Through WITH, a view and a rule.
WITH gone AS (DELETE FROM page WHERE id = 8 RETURNING *)
INSERT INTO page SELECT id + 1, 'was ' || id FROM gone;
CREATE VIEW titles AS SELECT id, title FROM page;
INSERT INTO titles VALUES (10, 'by view');
UPDATE titles SET title = 'by view, too' WHERE id = 10;
CREATE TABLE inbox (id int, title text);
CREATE RULE deliver AS ON INSERT TO inbox DO INSTEAD INSERT INTO page VALUES (new.id, new.title);
INSERT INTO inbox VALUES (11, 'by rule');
SELECT * FROM news();

-- A prepared statement and a cursor.
PREPARE retitle (int, text) AS UPDATE page SET title = $2 WHERE id = $1;
EXECUTE retitle (10, 'prepared');
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM page WHERE id = 11 FOR UPDATE;
FETCH c;
UPDATE page SET views = -1 WHERE CURRENT OF c;
COMMIT;
SELECT * FROM news();

-- A bulk import sets session_replication_role; its changes are captured like any.
SET session_replication_role = replica;
INSERT INTO page VALUES (12, 'imported');
UPDATE page SET title = 'imported again' WHERE id = 12;
DELETE FROM page WHERE id = 12;
RESET session_replication_role;
SELECT * FROM news();

-- A transaction that fails leaves nothing, also where it fails at its very end.
BEGIN;
INSERT INTO page VALUES (13, 'lost');
ROLLBACK;
BEGIN;
INSERT INTO page VALUES (13, 'lost');
SELECT 1 / 0;
COMMIT;
ALTER TABLE page ADD CONSTRAINT title_once UNIQUE (title) DEFERRABLE INITIALLY DEFERRED;
SELECT * FROM news();
BEGIN;
INSERT INTO page VALUES (13, 'merged');
COMMIT;
SELECT * FROM news();
-- A unique constraint that is broken meanwhile.
BEGIN;
UPDATE page SET title = 'six' WHERE id = 5;
UPDATE page SET title = 'five' WHERE id = 6;
COMMIT;
SELECT * FROM news();

-- The record as a whole: who wrote, what was touched, when.
SELECT DISTINCT "session_user" = current_user AS by_me, touched IS NULL AS touches_all, base_version, action, user_id,
       request_id, ip, depends_on_event_ids, wall_timestamp BETWEEN now() - interval '10 minutes' AND clock_timestamp() AS timely,
       table_schema
FROM concord.change_events;
-- Every change is there, without a hole.
SELECT count(*) = max(node_sequence) AS dense, min(node_sequence), count(DISTINCT origin_node_id) AS origins FROM concord.change_events;
-- The log's last word on each row is the row.
SELECT count(*) AS rows, count(*) FILTER (WHERE concord.row_at_hlc('page', id::text, concord.hlc_now()) = to_jsonb(page)) AS agree FROM page;
