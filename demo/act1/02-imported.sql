-- One row, one event
-- The whole import is one transaction, so its events are adjacent in the log.
SELECT r.table_name AS "table", r.count AS rows, e.count AS events
FROM demo.rows r
LEFT JOIN (SELECT table_name, count(*) FROM concord.change_events WHERE operation = 'INSERT' GROUP BY table_name) e
    USING (table_name)
ORDER BY r.place;

SELECT demo.equal('pages on the site, as many as files', count(*)::int, :files) FROM content_data :check
SELECT demo.equal('pages reachable from the root by first child and next sibling', count(*)::int, :files)
    FROM demo.reachable :check
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
SELECT demo.equal('events of the import, as many as rows', count(*), (SELECT sum(count)::bigint FROM demo.rows))
    FROM concord.change_events WHERE request_id = 'import' :check
SELECT demo.equal('gaps between their numbers', max(node_sequence) - min(node_sequence) + 1 - count(*), 0::bigint)
    FROM concord.change_events WHERE request_id = 'import' :check

ANALYZE;
INSERT INTO demo.moments VALUES ('before the day began');
