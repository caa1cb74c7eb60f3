-- Grace edits in Berlin, Lima shows it
-- The edit is committed in Berlin and is sent from there to all subscribers.
\connect - - :berlin
\echo In Berlin:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-12', action => 'edit');
UPDATE content_fields SET value = 'An Hour with SQL'
    WHERE content_id = page('tutorial-sql') AND field = 'title';
COMMIT;
:done
