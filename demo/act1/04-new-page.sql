-- Grace adds a page
-- A new page needs a route, a node with its fields, and a new pointer in the previous sibling. The database generates ULIDs
-- as keys.
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-2',
    ip => '10.0.0.6', action => 'create');
INSERT INTO routes (slug) VALUES ('tutorial-words');
INSERT INTO content_data (parent_id, prev_sibling_id, route_id, datatype_id, author_id)
    SELECT page('tutorial-start'), page('tutorial-accessdb'), route_id, datatype_id, :'grace'
    FROM routes, datatypes WHERE slug = 'tutorial-words' AND name = 'sect1';
UPDATE content_data SET next_sibling_id = page('tutorial-words')
    WHERE content_id = page('tutorial-accessdb');
INSERT INTO content_fields (content_id, field, value) VALUES
    (page('tutorial-words'), 'title', '1.5. Words You Will Meet'),
    (page('tutorial-words'), 'body', '<p>A <em>cluster</em> is a set of databases under one server.</p>');
COMMIT;
:results
SELECT demo.equal('events', count(*)::int, 5) FROM concord.change_events WHERE request_id = 'r-2' :check
SELECT demo.equal('pages reachable from the root', count(*)::int, :files + 1) FROM demo.reachable :check
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
