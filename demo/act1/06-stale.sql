-- Grace saves a title that Ada has changed in the meantime
-- Grace reads a version of the title, and Ada saves before her. Grace then saves with the version that she has read, which is
-- no longer current. The row stays as Ada left it, a warning is raised, and Grace's title is kept as a conflict.
\echo Grace reads, in her connection.
:statements
SELECT value AS grace_sees, row_version AS grace_read FROM content_fields
    WHERE content_id = page('tutorial-start') AND field = 'title' \gset
:results
\echo She sees :'grace_sees', version :grace_read.
\echo
\echo Ada saves, in another connection.
\echo -n :dim
\setenv ADA :ada
\! psql -X -q -e -o /dev/null -v ON_ERROR_STOP=1 -v ada="$ADA" -f demo/act1/06-stale-ada.sql
\echo :plain
\echo Grace saves, with the version that she read.
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-5',
    ip => '10.0.0.6', action => 'edit');
UPDATE content_fields SET value = 'First Steps', row_version = :'grace_read'
    WHERE content_id = page('tutorial-start') AND field = 'title';
\set grace_changed :ROW_COUNT
COMMIT;
:results
SELECT demo.equal('rows that Grace changed', :grace_changed, 0) :check
SELECT demo.equal('the title now', value, 'Your First Half Hour')
    FROM content_fields WHERE content_id = page('tutorial-start') AND field = 'title' :check
SELECT demo.equal('conflicts of type stale_write', count(*)::int, 1)
    FROM concord.conflicts WHERE conflict_type = 'stale_write' :check
\echo
\echo Grace reads again, and saves again.
:statements
SELECT row_version AS grace_read FROM content_fields
    WHERE content_id = page('tutorial-start') AND field = 'title' \gset
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-6',
    ip => '10.0.0.6', action => 'edit');
UPDATE content_fields SET value = 'First Steps in Half an Hour', row_version = :'grace_read'
    WHERE content_id = page('tutorial-start') AND field = 'title';
\set grace_changed :ROW_COUNT
COMMIT;
:results
SELECT demo.equal('rows that Grace changed', :grace_changed, 1) :check
