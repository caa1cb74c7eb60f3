-- What sets up logical replication of the log, and refuses to. The streams themselves are tested with servers of their own.
CREATE EXTENSION concord;
\set SHOW_CONTEXT never
CREATE TABLE page (id text PRIMARY KEY, title text);
SELECT concord.track('page');

-- The publication of the log, and of nothing else; a second time there is nothing to do.
SET client_min_messages = error;
SELECT concord.create_publication();
RESET client_min_messages;
SELECT p.pubname, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, t.schemaname, t.tablename
FROM pg_publication p JOIN pg_publication_tables t USING (pubname);
SELECT concord.create_publication();
SELECT concord.create_publication('');
SELECT concord.create_publication(NULL);
SET client_min_messages = error;
CREATE PUBLICATION other FOR TABLE page;
CREATE PUBLICATION filtered FOR TABLE concord.change_events WHERE (operation = 'INSERT') WITH (publish = 'insert');
CREATE PUBLICATION more FOR TABLE concord.change_events, page WITH (publish = 'insert');
CREATE PUBLICATION updates FOR TABLE concord.change_events WITH (publish = 'update');
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert');
RESET client_min_messages;
SELECT concord.create_publication('other');
SELECT concord.create_publication('filtered');
SELECT concord.create_publication('more');
SELECT concord.create_publication('updates');
SELECT concord.create_publication('everything');

-- A subscription: names are quoted, the slot is this node's own for this peer.
SELECT replace(c, lower(concord.node_id()::text), '<node>') AS command
FROM concord.subscription_commands('oslo', 'host=oslo dbname=cms') c;
SELECT replace(c, lower(concord.node_id()::text), '<node>') AS command
FROM concord.subscription_commands('Old "Oslo"', 'postgresql://oslo/cms?application_name=o''neill', copy_data => false, publication => 'My Log') c;
SELECT concord.subscription_commands('', 'dbname=cms');
SELECT concord.subscription_commands(NULL, 'dbname=cms');
SELECT concord.subscription_commands(repeat('x', 56)::name, 'dbname=cms');
SELECT concord.subscription_commands('oslo', 'oslo');
SELECT concord.subscription_commands('oslo', NULL);
SELECT concord.subscription_commands('oslo', 'dbname=cms', copy_data => NULL);
SELECT concord.subscription_commands('oslo', 'dbname=cms', publication => NULL);

-- The triggers act in apply workers alone: whatever else is done under this role goes its way.
SET session_replication_role = replica;
INSERT INTO concord.change_events (event_id, hlc, origin_node_id, node_sequence, group_sequence, group_size, operation, "session_user", wall_timestamp)
SELECT concord.gen_ulid(), '5', concord.gen_ulid(), 1, 1, 1, 'NODE', 'x', now();
SELECT count(*) FROM concord.change_events WHERE hlc = '5';
SELECT count(*) FROM concord.received_events;
RESET session_replication_role;
SELECT concord._receive_trigger();
SELECT concord._enter_trigger();
CREATE TRIGGER wrong AFTER INSERT ON page FOR EACH ROW EXECUTE FUNCTION concord._receive_trigger();
INSERT INTO page VALUES ('1');
DROP TRIGGER wrong ON page;
CREATE TRIGGER wrong BEFORE INSERT ON page FOR EACH ROW EXECUTE FUNCTION concord._enter_trigger();
INSERT INTO page VALUES ('1');
DROP TRIGGER wrong ON page;
