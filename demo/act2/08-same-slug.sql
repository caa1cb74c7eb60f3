-- Grace in Berlin and Margaret in Lima add a page with the same slug
-- Two records have the same value in a unique column, and neither server can know this.
\connect - - :berlin
\echo In Berlin:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-17', action => 'create');
SELECT add_page(under => 'tutorial-start', slug => 'whats-next', title => 'Where to Go from Here', author => :'grace');
COMMIT;
:results
\connect - - :lima
\echo In Lima:
:statements
BEGIN;
SELECT concord.set_context(user_id => :'margaret', request_id => 'r-18', action => 'create');
SELECT add_page(under => 'tutorial-sql', slug => 'whats-next', title => 'After the First Query', author => :'margaret');
COMMIT;
:done
