-- Ada moves two sections to another chapter
-- "XML Type" and "JSON Types" move from the chapter on data types to the one on functions. Pointers in six rows change in
-- one transaction, which is one group in the log, with six consecutive numbers.
:statements
BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-3',
    ip => '10.0.0.5', action => 'move');
UPDATE content_data SET next_sibling_id = page('arrays') WHERE content_id = page('datatype-uuid');
UPDATE content_data SET prev_sibling_id = page('datatype-uuid') WHERE content_id = page('arrays');
UPDATE content_data SET next_sibling_id = page('datatype-xml') WHERE content_id = page('functions-uuid');
UPDATE content_data SET prev_sibling_id = page('datatype-json') WHERE content_id = page('functions-xml');
UPDATE content_data SET parent_id = page('functions'), prev_sibling_id = page('functions-uuid')
    WHERE content_id = page('datatype-xml');
UPDATE content_data SET parent_id = page('functions'), next_sibling_id = page('functions-xml')
    WHERE content_id = page('datatype-json');
COMMIT;
:results
SELECT demo.equal('events', count(*)::int, 6) FROM concord.change_events WHERE request_id = 'r-3' :check
SELECT demo.equal('groups', count(DISTINCT group_sequence)::int, 1)
    FROM concord.change_events WHERE request_id = 'r-3' :check
SELECT demo.equal('from the first number to the last', max(node_sequence) - min(node_sequence), 5::bigint)
    FROM concord.change_events WHERE request_id = 'r-3' :check
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
