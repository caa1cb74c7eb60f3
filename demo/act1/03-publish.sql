-- Ada gives a chapter a new title and publishes it
-- Once per transaction, the application states who makes the change, and why; everything else is plain SQL.
:statements
BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-1',
    ip => '10.0.0.5', action => 'publish');
UPDATE content_fields SET value = 'Your First Hour'
    WHERE content_id = page('tutorial-start') AND field = 'title';
UPDATE content_data SET status = 'published' WHERE content_id = page('tutorial-start');
COMMIT;
:results
SELECT demo.equal('events', count(*)::int, 2) FROM concord.change_events WHERE request_id = 'r-1' :check
SELECT demo.equal('who, where from, what for', string_agg(DISTINCT concat_ws(', ', who.username, host(e.ip), e.action), '; '),
                  'ada, 10.0.0.5, publish')
    FROM concord.change_events e JOIN users who ON who.user_id::text = e.user_id WHERE request_id = 'r-1' :check
