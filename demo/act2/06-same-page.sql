-- Ada in Oslo and Margaret in Lima edit the same page
-- They change different columns of the page, but both change its title. Neither knows of the other's edit.
\connect - - :oslo
\echo In Oslo:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-13', action => 'publish');
UPDATE content_data SET status = 'published' WHERE content_id = page('mvcc');
UPDATE content_fields SET value = 'Many Writers at Once'
    WHERE content_id = page('mvcc') AND field = 'title';
COMMIT;
:results
\connect - - :lima
\echo In Lima:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'margaret', request_id => 'r-14', action => 'edit');
UPDATE content_data SET author_id = :'grace' WHERE content_id = page('mvcc');
UPDATE content_fields SET value = 'Readers and Writers'
    WHERE content_id = page('mvcc') AND field = 'title';
COMMIT;
:done
