BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-4',
    ip => '10.0.0.5', action => 'edit');
UPDATE content_fields SET value = 'Your First Half Hour'
    WHERE content_id = page('tutorial-start') AND field = 'title';
COMMIT;
