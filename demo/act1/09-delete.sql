-- Ada deletes a chapter
-- Foreign keys also delete its sections, their fields and their pictures. The log keeps the last image of each row.
INSERT INTO demo.moments VALUES ('before the delete');
CREATE TEMP TABLE before AS SELECT * FROM demo.rows;
:statements
BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-9',
    ip => '10.0.0.5', action => 'delete');
UPDATE content_data SET next_sibling_id = gone.next_sibling_id
    FROM content_data gone WHERE gone.content_id = page('geqo') AND content_data.content_id = gone.prev_sibling_id;
UPDATE content_data SET prev_sibling_id = gone.prev_sibling_id
    FROM content_data gone WHERE gone.content_id = page('geqo') AND content_data.content_id = gone.next_sibling_id;
DELETE FROM content_data WHERE content_id = page('geqo');
DELETE FROM routes WHERE NOT EXISTS (SELECT FROM content_data WHERE content_data.route_id = routes.route_id);
COMMIT;
:results
SELECT b.table_name AS "table", b.count AS "rows before", r.count AS "rows after", count(e) AS "DELETE events"
FROM before b
JOIN demo.rows r USING (table_name)
LEFT JOIN concord.change_events e ON e.request_id = 'r-9' AND e.operation = 'DELETE' AND e.table_name = b.table_name
GROUP BY b.place, 1, 2, 3 HAVING b.count <> r.count
ORDER BY b.place;

SELECT demo.equal('DELETE events, as many as rows that went', (SELECT count(*) FROM concord.change_events
    WHERE request_id = 'r-9' AND operation = 'DELETE'), (sum(b.count) - sum(r.count))::bigint)
    FROM before b JOIN demo.rows r USING (table_name) :check
SELECT demo.equal('of them with the row''s last image', count(*), (SELECT (sum(b.count) - sum(r.count))::bigint
        FROM before b JOIN demo.rows r USING (table_name)))
    FROM concord.change_events WHERE request_id = 'r-9' AND operation = 'DELETE' AND old_values IS NOT NULL :check
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
