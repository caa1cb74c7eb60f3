-- Readers of the log, each with its own cursor: every event, in order, again until it is acknowledged.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);

-- An empty log; the consumer comes to be.
SELECT count(*) FROM concord.consume('search', 10);
SELECT consumer, delivered, acknowledged, last_read >= created_at AS read FROM concord.consumers;

INSERT INTO page SELECT i FROM generate_series(1, 7) i;
UPDATE page SET title = 'x' WHERE id = 1;
-- Delivered in batches, the same again until acknowledged; the whole event comes, as it is in the log.
SELECT node_sequence, operation, record_id FROM concord.consume('search', 3);
SELECT node_sequence, operation, record_id FROM concord.consume('search', 3);
SELECT count(*) AS as_in_log FROM concord.consume('search', 100) c JOIN concord.change_events e USING (event_id) WHERE c::text = e::text;
SELECT event_id AS third FROM concord.consume('search', 3) WHERE node_sequence = 3 \gset
SELECT concord.acknowledge('search', :'third');
SELECT node_sequence FROM concord.consume('search', 2);
-- A part of what was delivered may be acknowledged, and the rest comes again.
SELECT event_id AS fourth FROM concord.consume('search', 3) WHERE node_sequence = 4 \gset
SELECT concord.acknowledge('search', :'fourth');
SELECT node_sequence FROM concord.consume('search', 100);
-- Asking for less does not take back what was delivered: it may still be acknowledged.
BEGIN;
SELECT count(*) FROM concord.consume('search', 1);
SELECT event_id AS fifth FROM concord.change_events WHERE node_sequence = 5 \gset
SELECT concord.acknowledge('search', :'fifth');
SELECT node_sequence FROM concord.consume('search', 1);
ROLLBACK;
-- Acknowledged twice, or something from before: nothing moves back.
SELECT concord.acknowledge('search', :'fourth');
SELECT concord.acknowledge('search', :'third');
SELECT node_sequence FROM concord.consume('search', 1);
SELECT event_id AS last FROM concord.consume('search', 100) ORDER BY node_sequence DESC LIMIT 1 \gset
SELECT concord.acknowledge('search', :'last');
SELECT count(*) FROM concord.consume('search', 100);
INSERT INTO page VALUES (8);
SELECT node_sequence, record_id FROM concord.consume('search', 100);
SELECT (SELECT jsonb_agg(value) FROM jsonb_each(delivered)) AS delivered, (SELECT jsonb_agg(value) FROM jsonb_each(acknowledged)) AS acknowledged
FROM concord.consumers;

-- Another one begins at the beginning, and neither disturbs the other.
SELECT count(*), min(node_sequence), max(node_sequence) FROM concord.consume('webhooks', 5);
SELECT node_sequence FROM concord.consume('search', 100);
SELECT concord.acknowledge('webhooks', :'third');
SELECT min(node_sequence) FROM concord.consume('webhooks', 5);
SELECT consumer FROM concord.consumers ORDER BY consumer;

-- With the consumer's own work in one transaction: if it fails, the events come again.
BEGIN;
SELECT event_id AS eighth FROM concord.consume('search', 100) LIMIT 1 \gset
SELECT concord.acknowledge('search', :'eighth');
SELECT count(*) FROM concord.consume('search', 100);
ROLLBACK;
SELECT node_sequence FROM concord.consume('search', 100);

-- A transaction sees its own events after flush(); numbers that died are told of as such.
SELECT concord.acknowledge('search', :'eighth') FROM concord.consume('search', 100);
BEGIN;
INSERT INTO page VALUES (9);
SELECT concord.flush();
SELECT node_sequence, operation, record_id FROM concord.consume('search', 100);
ROLLBACK;
INSERT INTO page VALUES (10);
CALL settle();
SELECT node_sequence, operation, record_id FROM concord.consume('search', 100);

-- A new reader can start from now; for one that is known already that means nothing.
SELECT count(*) FROM concord.consume('cache', from_now => true);
INSERT INTO page VALUES (11);
SELECT node_sequence, record_id FROM concord.consume('cache', from_now => true);
SELECT node_sequence, record_id FROM concord.consume('cache', from_now => true);
SELECT count(*) FROM concord.consume('search', from_now => true);
SELECT count(*) > 5 AS all_that_is_there FROM concord.consume('from the start');
BEGIN;
SELECT concord.consume('undone', 5, true);
ROLLBACK;
SELECT count(*) FROM concord.consumers WHERE consumer = 'undone';
-- What is refused.
\set SHOW_CONTEXT never
SELECT concord.consume(NULL, 1);
SELECT concord.consume('', 1);
SELECT concord.consume('search', 0);
SELECT concord.consume('search', -1);
SELECT concord.consume('search', NULL);
SELECT concord.consume('search', 1, NULL);
SELECT concord.acknowledge('nobody', :'third');
SELECT concord.acknowledge(NULL, :'third');
SELECT concord.acknowledge('search', NULL);
SELECT concord.acknowledge('search', '00000000000000000000000001');
-- An event that exists, but was not delivered to this consumer yet.
SELECT event_id AS tenth FROM concord.change_events WHERE record_id = '10' \gset
\set VERBOSITY sqlstate
SELECT concord.acknowledge('webhooks', :'tenth');
SELECT count(*) FROM concord.consume('quick', 1);
SELECT concord.acknowledge('quick', :'third');
\set VERBOSITY verbose
SELECT node_sequence FROM concord.consume('quick', 2);
BEGIN READ ONLY;
SELECT concord.consume('search', 1);
COMMIT;
