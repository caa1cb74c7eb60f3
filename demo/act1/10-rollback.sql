-- Grace changes her mind
-- A transaction that is rolled back leaves nothing, not even an unused number: the next event follows directly.
SELECT max(node_sequence) AS last_number FROM concord.change_events WHERE origin_node_id = concord.node_id() \gset
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-10',
    ip => '10.0.0.6', action => 'edit');
UPDATE content_data SET status = 'archived';
ROLLBACK;
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-11',
    ip => '10.0.0.6', action => 'publish');
UPDATE content_data SET status = 'published' WHERE content_id = page('tutorial-words');
COMMIT;
:results
SELECT demo.equal('events of what was rolled back', count(*)::int, 0)
    FROM concord.change_events WHERE request_id = 'r-10' :check
SELECT demo.equal(format('row events between number %s and number %s', :last_number, node_sequence),
        (SELECT count(*)::int FROM demo.timeline WHERE node_sequence > :last_number AND node_sequence < e.node_sequence), 0)
    FROM concord.change_events e WHERE request_id = 'r-11' :check
SELECT demo.equal('unused numbers between them', node_sequence - :last_number - 1
        - (SELECT count(*) FROM concord.change_events WHERE node_sequence > :last_number
                AND node_sequence < e.node_sequence), 0::bigint)
    FROM concord.change_events e WHERE request_id = 'r-11' :check
