-- TRUNCATE: an event per row that goes, with its image.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE page (id int PRIMARY KEY, title text, body text);
CREATE TABLE media (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page_id int REFERENCES page);
CREATE TABLE untracked (id int PRIMARY KEY, page_id int REFERENCES page);
ALTER TABLE page ALTER body SET STORAGE EXTERNAL;
SELECT concord.track(t, version_column => NULL) FROM unnest('{page,media}'::regclass[]) t;

INSERT INTO page VALUES (1, 'one', repeat('x', 5000)), (2, 'two', NULL), (3, 'three', 'dead');
INSERT INTO media (page_id) VALUES (1), (NULL);
DELETE FROM page WHERE id = 3;
UPDATE page SET title = 'zwei' WHERE id = 2;
SELECT count(*) FROM news();

-- All of what goes, and nothing of what had gone before; one group.
TRUNCATE media, page, untracked;
SELECT n, "group", "table", record, operation, old - 'body' AS old, length(old ->> 'body') AS body, new, metadata FROM news();
-- An empty table has nothing to tell.
TRUNCATE page, media, untracked;
SELECT * FROM news();

-- CASCADE reaches further; RESTART IDENTITY.
INSERT INTO page VALUES (1, 'one');
INSERT INTO media (page_id) VALUES (1);
TRUNCATE page RESTART IDENTITY CASCADE;
INSERT INTO media DEFAULT VALUES;
SELECT * FROM news();

-- A savepoint takes it back; rows of the same transaction go, too.
BEGIN;
SAVEPOINT s;
TRUNCATE media;
ROLLBACK TO s;
INSERT INTO media DEFAULT VALUES;
TRUNCATE media;
INSERT INTO media DEFAULT VALUES;
COMMIT;
SELECT * FROM news();
SELECT * FROM media;
BEGIN;
TRUNCATE media;
ROLLBACK;
SELECT * FROM news();

-- Under session_replication_role = replica, as all capture.
SET session_replication_role = replica;
TRUNCATE media;
RESET session_replication_role;
SELECT * FROM news();

-- More rows than work_mem holds.
SELECT count(*) FROM news();
SET work_mem = '64kB';
INSERT INTO page SELECT i, 'page ' || i, repeat('y', 50) FROM generate_series(1, 5000) i;
TRUNCATE page CASCADE;
RESET work_mem;
SELECT "group", operation, count(*), count(DISTINCT record), min(old ->> 'title'), max(length(old ->> 'body'))
FROM news() GROUP BY "group", operation ORDER BY min(n);

-- The history of a row that was truncated and came again.
INSERT INTO page VALUES (1, 'again');
SELECT operation, old_values ->> 'title' AS old, new_values ->> 'title' AS new FROM concord.history('page', '1');

-- Of an untracked table: nothing. Of one with concord.capture off: the gap, once per table and transaction.
SELECT count(*) FROM news();
TRUNCATE untracked;
BEGIN;
SET LOCAL concord.capture = off;
INSERT INTO page VALUES (2, 'not captured');
TRUNCATE page CASCADE;
COMMIT;
SELECT "table", record, operation, metadata FROM news();

-- DELETE's trigger function is no TRUNCATE's.
CREATE TRIGGER wrong BEFORE TRUNCATE ON untracked FOR EACH STATEMENT EXECUTE FUNCTION concord.capture_trigger();
TRUNCATE untracked;
DROP TRIGGER wrong ON untracked;
CREATE TRIGGER wrong AFTER TRUNCATE ON untracked FOR EACH STATEMENT EXECUTE FUNCTION concord.truncate_trigger();
TRUNCATE untracked;
