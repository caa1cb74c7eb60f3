-- Which columns can hold the version: one that track() adds, one that is there, of type hlc or ulid, or none.
CREATE EXTENSION concord;
\set VERBOSITY terse

-- Named by the table's owner, of type hlc.
CREATE TABLE by_hlc (id int PRIMARY KEY, title text, lock concord.hlc NOT NULL DEFAULT '0');
INSERT INTO by_hlc VALUES (1, 'one');
SELECT concord.track('by_hlc', version_column => 'lock');
UPDATE by_hlc SET title = 'eins', lock = '0' WHERE id = 1;
UPDATE by_hlc SET title = 'stale', lock = '0' WHERE id = 1;
SELECT title, lock > '0' AS stamped FROM by_hlc;

-- Of type ulid: stamped with a fresh one, compared as a whole; its time is an HLC's.
CREATE DOMAIN etag AS concord.ulid;
CREATE TABLE by_ulid (id int PRIMARY KEY, title text, etag etag);
SELECT concord.track('by_ulid', version_column => 'etag');
INSERT INTO by_ulid VALUES (1, 'one'), (2, 'two');
SELECT etag AS e1 FROM by_ulid WHERE id = 1 \gset
SELECT count(DISTINCT etag) FROM by_ulid;
\c -
\set VERBOSITY terse
UPDATE by_ulid SET title = 'eins', etag = :'e1' WHERE id = 1;
SELECT etag AS e2, etag > :'e1' AS newer FROM by_ulid WHERE id = 1 \gset
\echo :newer
UPDATE by_ulid SET title = 'stale', etag = :'e1' WHERE id = 1;
UPDATE by_ulid SET title = 'stale', etag = :'e2' WHERE id = 2;
UPDATE by_ulid SET title = 'from the future', etag = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ' WHERE id = 1;
INSERT INTO by_ulid VALUES (1, 'upserted', :'e2') ON CONFLICT (id) DO UPDATE SET title = excluded.title, etag = excluded.etag;
INSERT INTO by_ulid VALUES (1, 'stale', :'e2') ON CONFLICT (id) DO UPDATE SET title = excluded.title, etag = excluded.etag;
UPDATE by_ulid SET title = 'upserted' WHERE id = 1;
SELECT id, title FROM by_ulid ORDER BY id;
SELECT operation, concord.hlc(base_version::timestamptz) = concord.hlc((old_values ->> 'etag')::concord.ulid::timestamptz) AS base_is_old
FROM concord.change_events WHERE table_name = 'by_ulid' AND operation = 'UPDATE' ORDER BY node_sequence;
SELECT record_id, base_values ->> 'title' AS base, local_values ->> 'title' AS local, remote_values ->> 'title' AS remote
FROM concord.conflicts WHERE table_name = 'by_ulid' ORDER BY conflict_id;

-- The default name with another type is no version column where it was not asked for.
CREATE TABLE taken (id int PRIMARY KEY, row_version int);
\set VERBOSITY verbose
SELECT concord.track('taken');
\set VERBOSITY terse
SELECT concord.track('taken', version_column => 'version');
INSERT INTO taken VALUES (1, 1);
UPDATE taken SET row_version = 2;
SELECT row_version, version IS NOT NULL AS stamped FROM taken;

-- None: whatever is written lands, and there is nothing to stamp.
CREATE TABLE none (id int PRIMARY KEY, title text);
SELECT concord.track('none', version_column => NULL);
INSERT INTO none VALUES (1, 'one');
UPDATE none SET title = 'two';
SELECT * FROM none;
SELECT version_column FROM concord.tracked_tables WHERE table_name = 'none';
SELECT count(*) FROM concord.change_events WHERE table_name = 'none' AND base_version IS NOT NULL;

-- A version trigger made by hand, without capture: it works by itself, and stale writes are in the log all the same.
CREATE TABLE hand (id int PRIMARY KEY, title text, row_version concord.hlc);
CREATE TRIGGER version BEFORE INSERT OR UPDATE ON hand FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
INSERT INTO hand VALUES (1, 'one');
SELECT row_version AS v FROM hand \gset
\c -
\set VERBOSITY terse
UPDATE hand SET title = 'two';
UPDATE hand SET title = 'stale', row_version = :'v';
SELECT title FROM hand;
SELECT operation, new_values ->> 'title' AS title FROM concord.change_events WHERE table_name = 'hand';

-- The application's own trigger that counts makes every write a change.
CREATE TABLE touched (id int PRIMARY KEY, price int, writes int DEFAULT 0);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.writes := new.writes + 1;
    RETURN new;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON touched FOR EACH ROW EXECUTE FUNCTION touch();
SELECT concord.track('touched');
INSERT INTO touched VALUES (1, 100);
SELECT row_version AS v FROM touched \gset
UPDATE touched SET price = 100;
SELECT price, writes, row_version > :'v' AS newer FROM touched;
SELECT operation, old_values - 'row_version' AS old, new_values - 'row_version' AS new FROM concord.change_events WHERE table_name = 'touched' ORDER BY node_sequence;

-- Generated columns are computed after the version is stamped, and PL/pgSQL even empties them before. That is no change, and what
-- was not applied has the value that it would have had.
CREATE TABLE goods (id int PRIMARY KEY, price int, vat int GENERATED ALWAYS AS (price * 19 / 100) STORED);
SELECT concord.track('goods');
INSERT INTO goods VALUES (1, 100);
SELECT row_version AS v FROM goods \gset
\c -
\set VERBOSITY terse
UPDATE goods SET price = 100;
SELECT row_version = :'v' AS same FROM goods;
CREATE FUNCTION idle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER idle BEFORE UPDATE ON goods FOR EACH ROW EXECUTE FUNCTION idle();
UPDATE goods SET price = 100;
SELECT row_version = :'v' AS same FROM goods;
UPDATE goods SET price = 200;
UPDATE goods SET price = 200, row_version = :'v';
UPDATE goods SET price = 300, row_version = :'v';
SELECT operation, old_values - 'row_version' AS old, new_values - 'row_version' AS new FROM concord.change_events WHERE table_name = 'goods' AND record_id IS NOT NULL ORDER BY node_sequence;
SELECT local_values - 'row_version' AS local, remote_values - 'row_version' AS remote FROM concord.conflicts WHERE table_name = 'goods';
