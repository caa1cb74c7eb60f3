-- The events of a transaction: one group with one HLC, numbered at its end; flush() numbers them before; what cannot be
-- prepared; and numbers whose transaction died.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

CREATE TABLE page (id int PRIMARY KEY, title text);
CREATE TABLE note (id int PRIMARY KEY, title text);
CREATE TABLE untracked (id int);
SELECT concord.track(t, version_column => NULL) FROM unnest('{page,note}'::regclass[]) t;

INSERT INTO page VALUES (1, 'one'), (2, 'two');
BEGIN;
INSERT INTO note VALUES (1, 'first');
SELECT concord.hlc_now() AS meanwhile \gset
INSERT INTO note VALUES (2, 'second');
UPDATE page SET title = 'eins' WHERE id = 1;
COMMIT;
DELETE FROM note;
SELECT * FROM news();

-- Within a group: one HLC, one wall clock, and consecutive numbers. It was ticked at the commit.
SELECT group_sequence, group_size, count(*), min(node_sequence), max(node_sequence), count(DISTINCT hlc) AS hlcs,
       count(DISTINCT wall_timestamp) AS times, min(hlc) > :'meanwhile' AS after_meanwhile
FROM concord.change_events
GROUP BY group_sequence, group_size
ORDER BY group_sequence;
-- Along the numbers: HLCs never fall and rise from group to group; event ids rise and carry the HLC; and what the node had
-- seen stands on the first event of each group, without the node itself.
SELECT count(*) AS events,
       count(*) FILTER (WHERE hlc < (last).hlc) AS hlc_falls,
       count(*) FILTER (WHERE (hlc = (last).hlc) <> (group_sequence = (last).group_sequence)) AS hlc_shared_by_groups,
       count(*) FILTER (WHERE event_id <= (last).event_id) AS id_falls,
       count(*) FILTER (WHERE concord.hlc(event_id::timestamptz) <> concord.hlc(hlc::timestamptz)) AS id_of_another_time,
       count(*) FILTER (WHERE (observed IS NOT NULL) <> (node_sequence = group_sequence)) AS observed_elsewhere,
       count(*) FILTER (WHERE observed <> '{}') AS observed_others
FROM (SELECT *, lag(change_events) OVER (ORDER BY node_sequence) AS last FROM concord.change_events) e;

-- flush() lets a transaction see its own events. It returns how many there are, also when called again.
BEGIN;
INSERT INTO page VALUES (3, 'three');
DELETE FROM page WHERE id = 2;
SELECT * FROM news();
SELECT concord.flush();
SELECT * FROM news();
SELECT concord.flush();
-- After it no tracked table can be written, not even within a savepoint; other tables can.
INSERT INTO untracked VALUES (1);
UPDATE page SET title = title;
SAVEPOINT s;
INSERT INTO page VALUES (4, 'four');
ROLLBACK TO s;
TRUNCATE note;
TRUNCATE page;
ROLLBACK TO s;
COPY note FROM stdin;
5	five
\.
ROLLBACK TO s;
COMMIT;
SELECT * FROM news();
INSERT INTO page VALUES (4, 'four');
SELECT * FROM news();

-- Nothing captured, nothing to flush, nothing refused.
BEGIN;
SELECT concord.flush();
INSERT INTO page VALUES (5, 'five');
SELECT concord.flush();
COMMIT;
SELECT * FROM news();
-- Without a transaction block it has nothing to do, either.
SELECT concord.flush();
-- Refused within a savepoint and in a block with EXCEPTION.
BEGIN;
INSERT INTO page VALUES (6, 'six');
SAVEPOINT s;
SELECT concord.flush();
ROLLBACK TO s;
RELEASE s;
DO $$
BEGIN
    PERFORM concord.flush();
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'refused: %', sqlerrm;
END
$$;
DO $$
BEGIN
    RAISE NOTICE 'flushed: %', concord.flush();
END
$$;
COMMIT;
SELECT * FROM news();
-- A deferred trigger that writes after flush() fails the commit.
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO note VALUES (new.id, 'late');
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON untracked DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION late();
BEGIN;
INSERT INTO page VALUES (7, 'seven');
INSERT INTO untracked VALUES (7);
SELECT concord.flush();
COMMIT;
SELECT count(*) FROM page WHERE id = 7;
DROP TRIGGER late ON untracked;

-- The numbers of a transaction that failed after flush() are filled, so that no number is missing.
BEGIN;
INSERT INTO page VALUES (8, 'eight'), (9, 'nine');
SELECT concord.flush();
ROLLBACK;
INSERT INTO page VALUES (10, 'ten');
CALL settle();
SELECT n, "table", record, operation, new FROM news();
SELECT count(*) AS voids,
       count(*) FILTER (WHERE record_id IS NOT NULL OR table_name IS NOT NULL OR old_values IS NOT NULL OR new_values IS NOT NULL) AS with_content,
       count(*) FILTER (WHERE hlc < (SELECT hlc FROM concord.change_events b WHERE b.node_sequence < e.node_sequence
                                     ORDER BY b.node_sequence DESC LIMIT 1)
                              OR hlc > (SELECT hlc FROM concord.change_events a WHERE a.node_sequence > e.node_sequence
                                        ORDER BY a.node_sequence LIMIT 1)) AS out_of_order
FROM concord.change_events e WHERE operation = 'VOID';
SELECT count(*) = max(node_sequence) AS dense, min(node_sequence) FROM concord.change_events;

-- PREPARE TRANSACTION is refused where there is something to number, and is PostgreSQL's own affair where not.
BEGIN;
INSERT INTO page VALUES (11, 'eleven');
PREPARE TRANSACTION 'concord';
BEGIN;
INSERT INTO page VALUES (11, 'eleven');
SELECT concord.flush();
PREPARE TRANSACTION 'concord';
BEGIN;
SELECT concord.heartbeat();
PREPARE TRANSACTION 'concord';
BEGIN;
INSERT INTO untracked VALUES (12);
SAVEPOINT s;
INSERT INTO page VALUES (12, 'twelve');
ROLLBACK TO s;
PREPARE TRANSACTION 'concord';
SELECT count(*) FROM page WHERE id > 10;

-- Read-only transactions, and those that write nothing tracked, take no number.
BEGIN READ ONLY;
SELECT count(*) FROM page;
INSERT INTO page VALUES (13, 'thirteen');
COMMIT;
INSERT INTO untracked VALUES (14);
CALL settle();
SELECT n, operation FROM news();
-- A change is in the table when it is in the log, and not otherwise: an insert into the log that fails takes the
-- transaction along.
CREATE INDEX fail ON concord.change_events ((1 / (record_id <> '15')::int));
INSERT INTO page VALUES (15, 'fifteen');
BEGIN;
INSERT INTO untracked VALUES (15);
INSERT INTO page VALUES (16, 'sixteen'), (15, 'fifteen');
SELECT concord.flush();
COMMIT;
SELECT count(*) FROM page WHERE id > 10;
INSERT INTO page VALUES (17, 'seventeen');
CALL settle();
SELECT n, record, operation FROM news();
