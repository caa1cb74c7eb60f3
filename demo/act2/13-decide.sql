-- Grace decides in Berlin
-- She sees both titles next to the original one, and chooses a third.
\connect - - :berlin
SELECT conflict_id AS conflict FROM concord.open_conflicts WHERE conflict_type = 'update_origin_differs' \gset
\echo In Berlin:
:statements
SELECT column_name, base, local, remote FROM concord.conflict_diff(:'conflict') WHERE column_name = 'value';
:results
SELECT column_name, base, local, remote FROM concord.conflict_diff(:'conflict') WHERE column_name = 'value';
:statements
BEGIN;
SELECT concord.set_context(user_id => :'grace', request_id => 'r-19', action => 'decide');
SELECT concord.resolve_conflict(:'conflict', keep => 'merged',
    row_values => '{"value": "Many Readers and Writers at Once"}');
COMMIT;
:done
