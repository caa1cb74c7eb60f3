-- What the application says about its writes: who, why, from where; for a transaction, a session, or until a savepoint is
-- rolled back.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);
-- The contexts of the events since the last look.
CREATE TABLE looked AS SELECT 0::bigint AS upto;
CREATE FUNCTION contexts()
    RETURNS TABLE (record text, user_id text, request_id text, ip inet, action text, metadata jsonb, depends_on int)
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT e.record_id, e.user_id, e.request_id, e.ip, e.action, e.metadata, cardinality(e.depends_on_event_ids)
        FROM concord.change_events e, looked
        WHERE node_sequence > upto AND operation <> 'NODE'
        ORDER BY node_sequence;
    UPDATE looked SET upto = (SELECT max(node_sequence) FROM concord.change_events);
END
$$;
INSERT INTO page VALUES (-1), (-2);
SELECT event_id AS ulid1 FROM concord.change_events WHERE record_id = '-1' \gset
SELECT event_id AS ulid2 FROM concord.change_events WHERE record_id = '-2' \gset
UPDATE looked SET upto = (SELECT max(node_sequence) FROM concord.change_events);

-- For one transaction.
BEGIN;
SELECT concord.set_context(user_id => 'u1', request_id => 'r1', ip => '10.0.0.1/8', action => 'publish',
                           metadata => '{"ticket": 42, "deep": {"a": [1.50, null]}}', depends_on => ARRAY[:'ulid1', :'ulid2']::concord.ulid[]);
INSERT INTO page VALUES (1, 'with all');
COMMIT;
INSERT INTO page VALUES (2, 'with nothing');
SELECT * FROM contexts();
SELECT depends_on_event_ids = ARRAY[:'ulid1', :'ulid2']::concord.ulid[] AS as_given FROM concord.change_events WHERE record_id = '1';
-- Without a transaction block it lasts for its own statement.
SELECT concord.set_context(user_id => 'nobody');
INSERT INTO page VALUES (3, 'with nothing');
SELECT * FROM contexts();

-- What is null stays as it was; each write has the context of its moment, also within a group.
BEGIN;
SELECT concord.set_context(user_id => 'u2', request_id => 'r2');
INSERT INTO page VALUES (4);
SELECT concord.set_context(action => 'edit');
INSERT INTO page VALUES (5);
SELECT concord.set_context();
SELECT concord.set_context(user_id => '', ip => '::1', metadata => '{}');
INSERT INTO page VALUES (6);
COMMIT;
SELECT * FROM contexts();

-- By settings: for the session, for the transaction, and until the savepoint.
SET concord.user_id = 'session';
INSERT INTO page VALUES (7);
BEGIN;
SET LOCAL concord.user_id = 'local';
SET LOCAL concord.metadata = '{"a": 1}';
INSERT INTO page VALUES (8);
SAVEPOINT s;
SET LOCAL concord.user_id = 'savepoint';
SELECT concord.set_context(metadata => '{"b": 2}', ip => '10.0.0.2');
INSERT INTO page VALUES (9, 'lost');
ROLLBACK TO s;
INSERT INTO page VALUES (10);
SAVEPOINT t;
SELECT concord.set_context(action => 'in a released savepoint');
RELEASE t;
INSERT INTO page VALUES (11);
COMMIT;
INSERT INTO page VALUES (12);
BEGIN;
SELECT concord.set_context(user_id => 'rolled back');
ROLLBACK;
INSERT INTO page VALUES (13);
RESET concord.user_id;
INSERT INTO page VALUES (14);
SELECT * FROM contexts();
-- A function can carry it.
CREATE FUNCTION save(page_id int) RETURNS void LANGUAGE sql SET concord.user_id = 'function' SET concord.depends_on = '' AS
    'INSERT INTO page VALUES (page_id)';
SELECT save(15);
INSERT INTO page VALUES (16);
SELECT * FROM contexts();

-- metadata of the application's and of concord's stand together; concord's names win, and no digit is lost.
SET concord.metadata = '{"moved_from": "mine", "n": 123456789012345678901234567890.10, "keep": "this", "a": {"b": [1.0]}}';
UPDATE page SET id = 17 WHERE id = 16;
INSERT INTO page VALUES (18);
RESET concord.metadata;
SELECT record, metadata FROM contexts();
-- Control events have a context, too.
SET concord.user_id = 'admin';
SELECT concord.heartbeat();
ALTER TABLE page ADD COLUMN extra int;
RESET concord.user_id;
SELECT operation, user_id FROM concord.change_events WHERE record_id IS NULL ORDER BY node_sequence;

-- Who is logged in is not what SET ROLE says.
CREATE ROLE regress_writer;
GRANT ALL ON page TO regress_writer;
SET ROLE regress_writer;
SELECT concord.set_context(user_id => 'may be set by anybody');
INSERT INTO page VALUES (19);
RESET ROLE;
SET SESSION AUTHORIZATION regress_writer;
INSERT INTO page VALUES (20);
RESET SESSION AUTHORIZATION;
INSERT INTO page VALUES (21);
SELECT record_id, CASE "session_user" WHEN session_user THEN 'the superuser' ELSE "session_user" END AS session_user
FROM concord.change_events WHERE record_id IN ('19', '20', '21') ORDER BY node_sequence;
DROP OWNED BY regress_writer;
DROP ROLE regress_writer;

-- What is refused.
SET concord.ip = 'localhost';
SET concord.ip = '10.0.0.256';
SET concord.ip = '10.0.0.1/33';
SET concord.metadata = '[]';
SET concord.metadata = '"text"';
SET concord.metadata = '{"a": 1';
SET concord.metadata = '{"a": "\u0000"}';
SET concord.depends_on = 'an event';
SET concord.depends_on = '01ARZ3NDEKTSV4RRFFQ69G5FAV,';
SELECT concord.set_context(metadata => '[1, 2]');
SELECT concord.set_context(metadata => 'null');
SELECT concord.set_context(ip => 'localhost');
SELECT concord.set_context(depends_on => '{an event}');
SELECT concord.set_context(depends_on => ARRAY[NULL]::concord.ulid[]);
SELECT concord.set_context(nobody => 'x');
SET concord.unknown = 1;
-- After a refusal all is as before.
BEGIN;
SELECT concord.set_context(user_id => 'u3');
SAVEPOINT s;
SELECT concord.set_context(user_id => 'u4', metadata => '[]');
ROLLBACK TO s;
INSERT INTO page (id) VALUES (22);
COMMIT;
SELECT record, user_id, metadata FROM contexts() WHERE record = '22';
-- Anything that PostgreSQL can store is taken: long, multi-line, in any language, and any number that jsonb holds.
BEGIN;
SELECT concord.set_context(user_id => repeat('ü', 2000), action => E'two\nlines', metadata => jsonb_build_object('k"', E'\t', 'deep', repeat('[', 100)::text));
INSERT INTO page (id) VALUES (23);
COMMIT;
SELECT length(user_id), action, metadata - 'deep' AS metadata FROM contexts() WHERE record = '23';
BEGIN;
\set VERBOSITY sqlstate
SELECT concord.set_context(metadata => '{"n": 1e400}');
\set VERBOSITY verbose
INSERT INTO page (id) VALUES (24);
COMMIT;
SELECT (metadata ->> 'n')::numeric = 1e400 AS n FROM contexts() WHERE record = '24';

-- A change can depend on events that this node's log has, and on no others: no other node could ever apply it.
\set VERBOSITY verbose
SET concord.depends_on = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
INSERT INTO page (id) VALUES (30);
\set VERBOSITY terse
-- Nor is the refused context taken for the one before, or the other way round.
INSERT INTO page (id) VALUES (30);
RESET concord.depends_on;
INSERT INTO page (id) VALUES (30);
BEGIN;
SELECT concord.set_context(depends_on => ARRAY[:'ulid1', '01ARZ3NDEKTSV4RRFFQ69G5FAV']::concord.ulid[]);
SAVEPOINT s;
DELETE FROM page WHERE id = 30;
ROLLBACK TO s;
TRUNCATE page;
ROLLBACK TO s;
ALTER TABLE page ADD COLUMN more text;
ROLLBACK TO s;
SELECT concord.heartbeat();
ROLLBACK TO s;
SELECT concord.set_context(depends_on => ARRAY[:'ulid1', :'ulid2']::concord.ulid[]);
UPDATE page SET title = 'depends' WHERE id = 30;
COMMIT;
-- What was in the log and has been taken back is not there: with the transaction,
BEGIN;
INSERT INTO page (id) VALUES (31);
SELECT concord.flush();
SELECT event_id AS ulid3 FROM concord.change_events WHERE record_id = '31' \gset
SET concord.depends_on = :'ulid3';
ROLLBACK;
SET concord.depends_on = :'ulid3';
\set VERBOSITY sqlstate
INSERT INTO page (id) VALUES (32);
\set VERBOSITY terse
-- or with a savepoint.
RESET concord.depends_on;
BEGIN;
SELECT (concord.export_events('{}', 1) || jsonb_build_object('origin_node_id', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'event_id', '01ARZ3NDEKTSV4RRFFQ69G5FB0', 'hlc', '111810969600000005',
        'observed', '{}'::jsonb, 'group_size', 1)) AS foreign_event \gset
SET LOCAL concord.depends_on = '01ARZ3NDEKTSV4RRFFQ69G5FB0';
SAVEPOINT s;
SELECT applied FROM concord.apply_events(ARRAY[:'foreign_event']::jsonb[]);
INSERT INTO page (id) VALUES (33);
ROLLBACK TO s;
INSERT INTO page (id) VALUES (34);
ROLLBACK;
SELECT record, depends_on FROM contexts() WHERE record::int >= 30 ORDER BY record;
