-- One record over time: its history, and its row as it was at a moment.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
INSERT INTO page VALUES (1, 'before tracking'), (2, 'never changed'), (3, 'changed late');
SELECT concord.track('page', version_column => NULL);

-- Moments between the events. (The clock ticks at each look, so that none falls on a moment.)
SELECT concord.hlc_now() AS t0 \gset
INSERT INTO page VALUES (10, 'v1');
SELECT concord.hlc_now() AS t1 \gset
UPDATE page SET title = 'v2' WHERE id = 10;
SELECT concord.hlc_now() AS t2 \gset
BEGIN;
UPDATE page SET title = 'v3' WHERE id = 10;
UPDATE page SET title = 'v4' WHERE id = 10;
COMMIT;
SELECT concord.hlc_now() AS t3 \gset
DELETE FROM page WHERE id = 10;
SELECT concord.hlc_now() AS t4 \gset
INSERT INTO page VALUES (10, 'v5');
SELECT concord.hlc_now() AS t5 \gset
TRUNCATE page;
SELECT concord.hlc_now() AS t6 \gset

SELECT operation, old_values ->> 'title' AS old, new_values ->> 'title' AS new FROM concord.history('page', '10');
SELECT t, concord.row_at_hlc('page', '10', at) AS row
FROM (VALUES ('before the first', :'t0'::concord.hlc), ('inserted', :'t1'), ('updated', :'t2'), ('updated twice', :'t3'), ('deleted', :'t4'),
             ('again', :'t5'), ('truncated', :'t6'), ('the beginning', '0'), ('the end', '9223372036854775807')) v (t, at);
-- At the very HLC of an event it has happened; just before it has not; a group happens as a whole.
SELECT node_sequence, operation, concord.row_at_hlc('page', '10', hlc) ->> 'title' AS at, concord.row_at_hlc('page', '10', (hlc::bigint - 1)::concord.hlc) ->> 'title' AS before
FROM concord.history('page', '10');

-- By time: everything of the millisecond has happened.
INSERT INTO page VALUES (20, 'first');
SELECT concord.hlc_now()::timestamptz AS first \gset
SELECT pg_sleep(0.01);
UPDATE page SET title = 'second' WHERE id = 20;
SELECT concord.row_at('page', '20', :'first') ->> 'title' AS at_first,
       concord.row_at('page', '20', :'first'::timestamptz - interval '1 hour') AS an_hour_before,
       concord.row_at('page', '20', :'first'::timestamptz + interval '1 hour') ->> 'title' AS an_hour_later;

-- A row that was there before it was tracked: as its first event found it, or as it is where it never had one.
TRUNCATE page;
INSERT INTO page VALUES (2, 'never changed');
SELECT concord.untrack('page');
INSERT INTO page VALUES (4, 'slipped in');
SELECT concord.track('page', version_column => NULL);
SELECT concord.row_at_hlc('page', '3', :'t3') AS as_found, concord.row_at_hlc('page', '3', concord.hlc_now()) AS truncated,
       concord.row_at_hlc('page', '4', :'t0') AS never_changed, concord.row_at_hlc('page', '999', :'t0') AS never_was;
SELECT count(*) FROM concord.history('page', '4');

-- A changed key: the history of a record is that of all its names, and each name has its rows.
INSERT INTO page VALUES (30, 'a');
UPDATE page SET id = 31, title = 'b' WHERE id = 30;
UPDATE page SET title = 'c' WHERE id = 31;
SELECT concord.hlc_now() AS t7 \gset
UPDATE page SET id = 32 WHERE id = 31;
DELETE FROM page WHERE id = 32;
SELECT record_id, operation, old_values ->> 'title' AS old, new_values ->> 'title' AS new FROM concord.history('page', '32');
SELECT count(*) FROM concord.history('page', '30');
SELECT concord.row_at_hlc('page', '30', :'t7') AS "30", concord.row_at_hlc('page', '31', :'t7') AS "31", concord.row_at_hlc('page', '32', :'t7') AS "32";
-- Around a circle, and back.
INSERT INTO page VALUES (40, 'x');
UPDATE page SET id = 41 WHERE id = 40;
UPDATE page SET id = 40 WHERE id = 41;
SELECT record_id, operation FROM concord.history('page', '40');

-- Composite keys, and the moves of partitions.
CREATE TABLE part (id int, lang text, title text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE part_de PARTITION OF part FOR VALUES IN ('de');
CREATE TABLE part_en PARTITION OF part FOR VALUES IN ('en');
SELECT concord.track('part', version_column => NULL);
INSERT INTO part VALUES (1, 'de', 'eins');
UPDATE part SET lang = 'en', title = 'one';
UPDATE part SET title = 'One';
SELECT record_id, operation, new_values ->> 'title' AS title FROM concord.history('part', '[1, "en"]');
SELECT concord.row_at_hlc('part', '[1, "en"]', concord.hlc_now()), concord.row_at_hlc('part', '[1, "de"]', concord.hlc_now());
INSERT INTO part VALUES (2, 'de', 'zwei');
SELECT concord.untrack('part');
INSERT INTO part VALUES (3, 'de', 'drei');
SELECT concord.track('part', version_column => NULL);
SELECT concord.row_at_hlc('part', '[3, "de"]', '0');

-- A key that is written in another way than record_id has it is the same record: never the row of now for the row of then.
CREATE TABLE by_uuid (id uuid PRIMARY KEY, title text);
SELECT concord.track('by_uuid', version_column => NULL);
SELECT concord.hlc_now() AS t8 \gset
INSERT INTO by_uuid VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'later');
SELECT concord.row_at_hlc('by_uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', :'t8') AS lower,
       concord.row_at_hlc('by_uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', :'t8') AS upper,
       concord.row_at_hlc('part', '[1,"en"]', :'t0') AS json, concord.row_at_hlc('page', '040', :'t7') AS int;

-- Events of others than rows are not in a row's history; stale writes are in it, and change nothing.
CREATE TABLE versioned (id int PRIMARY KEY, title text);
SELECT concord.track('versioned');
INSERT INTO versioned VALUES (1, 'v1');
SELECT row_version AS v1 FROM versioned \gset
\c -
\set VERBOSITY terse
UPDATE versioned SET title = 'v2';
UPDATE versioned SET title = 'stale', row_version = :'v1';
\set VERBOSITY verbose
SELECT operation, old_values ->> 'title' AS old, new_values ->> 'title' AS new FROM concord.history('versioned', '1');
SELECT concord.row_at_hlc('versioned', '1', concord.hlc_now()) ->> 'title' AS title;

-- What is refused: a record that is no key, a relation that is not tracked and has no history, nothing at all.
SELECT concord.row_at_hlc('part', '1', '0');
SELECT concord.row_at_hlc('part', '[1]', '0');
SELECT concord.row_at_hlc('part', '[1, "de", 2]', '0');
SELECT concord.row_at_hlc('part', '["one", "de"]', '0');
SELECT concord.row_at_hlc('page', 'one', '0');
CREATE TABLE untracked (id int PRIMARY KEY);
SELECT concord.row_at_hlc('untracked', '1', '0');
SELECT count(*) FROM concord.history('untracked', '1');
SELECT concord.row_at('nowhere', '1', now());
SELECT concord.row_at('page', NULL, now()) AS of_null, concord.row_at('page', '4', NULL) AS at_null;
SELECT concord.row_at_hlc('page', '[4, null]', '0');
-- No form of a record_id reaches SQL as anything but a value.
SELECT concord.row_at_hlc('page', '4''); DROP TABLE page; --', '0');
SELECT count(*) FROM page WHERE id = 4;
