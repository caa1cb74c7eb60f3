-- Ada moves two sections, Margaret edits one of them
-- "Privileges" and "Row Security Policies" move from the chapter on data definition to the one on roles. Pointers in six rows
-- change, and Margaret changes one of these rows, too.
\connect - - :oslo
\echo In Oslo:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'ada', request_id => 'r-15', action => 'move');
UPDATE content_data SET next_sibling_id = page('ddl-schemas') WHERE content_id = page('ddl-alter');
UPDATE content_data SET prev_sibling_id = page('ddl-alter') WHERE content_id = page('ddl-schemas');
UPDATE content_data SET next_sibling_id = page('ddl-priv') WHERE content_id = page('role-attributes');
UPDATE content_data SET prev_sibling_id = page('ddl-rowsecurity') WHERE content_id = page('role-membership');
UPDATE content_data SET parent_id = page('user-manag'), prev_sibling_id = page('role-attributes')
    WHERE content_id = page('ddl-priv');
UPDATE content_data SET parent_id = page('user-manag'), next_sibling_id = page('role-membership')
    WHERE content_id = page('ddl-rowsecurity');
COMMIT;
:results
\connect - - :lima
\echo In Lima:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'margaret', request_id => 'r-16', action => 'publish');
UPDATE content_data SET status = 'published' WHERE content_id = page('ddl-rowsecurity');
UPDATE content_fields SET value = 'Who May See Which Row'
    WHERE content_id = page('ddl-rowsecurity') AND field = 'title';
COMMIT;
:done
