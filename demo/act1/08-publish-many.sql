-- Margaret publishes the whole reference
-- One statement changes hundreds of pages, and each page has an event of its own.
:statements
BEGIN;
SELECT concord.set_context(user_id => :'margaret', request_id => 'r-8',
    ip => '10.0.0.7', action => 'publish');
UPDATE content_data SET status = 'published'
    WHERE datatype_id = (SELECT datatype_id FROM datatypes WHERE name = 'refentry');
\set changed :ROW_COUNT
COMMIT;
:results
SELECT demo.holds(format('%s rows changed', :changed), :changed > 100) :check
SELECT demo.equal('events, as many as rows', count(*)::int, :changed)
    FROM concord.change_events WHERE request_id = 'r-8' :check
