-- What an application does to its sequences is shown, and a tick moves them back, those of tables tracked since, too.
SET client_min_messages = warning;
CREATE EXTENSION concord;
CREATE TABLE page (id serial PRIMARY KEY, title text);
SELECT concord.track('page');
-- Nobody else is known, and nothing was spread: what the keys are is nobody's business.
SELECT unspread_sequences FROM concord.status;
SELECT * FROM concord.spread_sequences(2, 10);
INSERT INTO concord.nodes (node_id, key_space, last_heartbeat) VALUES
    ('01ARZ3NDEKTSV4RRFFQ69G5FAV', '{"place": 3, "places": 10, "small_places": 10, "given": true}', now());
CREATE VIEW alarms AS SELECT unspread_sequences, (SELECT bool_or(same_keys) FROM concord.peers) AS same_keys FROM concord.status;
CREATE PROCEDURE undo(how text) LANGUAGE plpgsql AS $$
DECLARE stray boolean; next bigint;
BEGIN
    EXECUTE how;
    SELECT same_keys AND jsonb_array_length(unspread_sequences) = 1 INTO stray FROM alarms;
    PERFORM concord.tick();
    INSERT INTO page DEFAULT VALUES RETURNING id INTO next;
    RAISE WARNING '% % % %', how, stray, next % 10, (SELECT same_keys FROM alarms);
END $$;
SELECT * FROM alarms;
CALL undo('SELECT setval(''page_id_seq'', 13)');
CALL undo('SELECT setval(''page_id_seq'', 500, false)');
CALL undo('SELECT setval(''page_id_seq'', (SELECT max(id) + 1 FROM page))');
CALL undo('ALTER SEQUENCE page_id_seq RESTART WITH 700');
CALL undo('ALTER SEQUENCE page_id_seq INCREMENT BY 1');
CALL undo('ALTER TABLE page ALTER id DROP DEFAULT; DROP SEQUENCE page_id_seq; CREATE SEQUENCE page_id_seq; ALTER TABLE page ALTER id SET DEFAULT nextval(''page_id_seq'')');
CREATE TABLE menu (id bigserial PRIMARY KEY);
SELECT concord.track('menu');
SELECT * FROM alarms;
SELECT concord.tick();
SELECT * FROM alarms;
INSERT INTO menu DEFAULT VALUES RETURNING id % 10 AS remainder;
-- What a tick may not or cannot move stays, is shown, and keeps no other from it.
CREATE TABLE down (id serial PRIMARY KEY);
ALTER SEQUENCE down_id_seq INCREMENT BY -1 MINVALUE -100;
SELECT concord.track('down');
CALL undo('SELECT setval(''page_id_seq'', 1001)');
SELECT * FROM alarms;
SELECT tick_failures FROM concord.status;
