-- How far apart this node and others are: in the log, by what waits, and by what those have seen that wrote it. The status says the same.
CREATE EXTENSION concord;
CREATE TABLE page (id text PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);
INSERT INTO page VALUES ('a');
INSERT INTO page VALUES ('b');
SELECT concord.node_id() AS here, '01J00000000000000000000AAA' AS a, '01J00000000000000000000BBB' AS b \gset

CREATE FUNCTION event(node text, number int, first int, size int, observed jsonb, age interval) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('event_id', concord.gen_ulid(), 'hlc', concord.hlc(now() - age), 'origin_node_id', node,
                              'node_sequence', number, 'group_sequence', first, 'group_size', size, 'operation', 'INSERT',
                              'table_schema', 'public', 'table_name', 'page', 'record_id', node || number,
                              'new_values', jsonb_build_object('id', node || number, 'title', NULL),
                              'observed', observed, 'session_user', 'somebody', 'wall_timestamp', now() - age)
$$;
CREATE VIEW apart AS
SELECT right(node_id::text, 1) AS node, status, lacking_here, extract(hour FROM lag_here) AS hours_here,
       lacking_there, lag_there > '0' AS lag_there
FROM concord.peers ORDER BY node_id;

-- Both nodes wrote something an hour and more ago that is here. The first had seen an event of this node.
SELECT applied, received FROM concord.apply_events(ARRAY[
    event(:'a', 1, 1, 1, jsonb_build_object(:'here', 1), '1 hour 10 minutes'), event(:'b', 1, 1, 1, '{}', '1 hour 20 minutes')]);
SELECT * FROM apart;
-- Of a group that waits all events are lacking, also those that have not come, and those before it.
SELECT applied, received FROM concord.apply_events(ARRAY[event(:'a', 3, 3, 4, '{}', '50 minutes')]);
SELECT * FROM apart;
-- What its writer had seen is lacking as well.
SELECT applied, received FROM concord.apply_events(ARRAY[
    event(:'a', 4, 3, 4, NULL, '50 minutes'), event(:'a', 7, 7, 1, jsonb_build_object(:'b', 7, :'here', 2), '40 minutes')]);
SELECT * FROM apart;
-- An event that is older than the last from there counts by its age.
SELECT applied, received FROM concord.apply_events(ARRAY[event(:'a', 2, 2, 1, jsonb_build_object(:'b', 3), '5 hours')]);
SELECT * FROM apart;
-- What another has written under a number that is known tells nothing.
SELECT applied, received FROM concord.apply_events(ARRAY[event(:'b', 1, 1, 9, '{}', '9 hours')]);
SELECT * FROM apart;

-- The status has the same nodes in the same order, and of each the columns of the view. Lags grow meanwhile.
SELECT right(p.node_id::text, 1) AS node, s.node - '{lag_here,lag_there}'::text[] = to_jsonb(p) - '{n,lag_here,lag_there}'::text[] AS same,
       (s.node ->> 'lag_here')::interval - p.lag_here BETWEEN '-1 minute' AND '1 minute' AS lag_here,
       (s.node ->> 'lag_there')::interval - p.lag_there BETWEEN '-1 minute' AND '1 minute' AS lag_there
FROM (SELECT e.* FROM concord.status, jsonb_array_elements(peers) WITH ORDINALITY e(node, n)) s
FULL JOIN (SELECT *, row_number() OVER (ORDER BY node_id) AS n FROM concord.peers) p USING (n) ORDER BY n;
