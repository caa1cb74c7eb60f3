-- The life of one title
-- concord.history returns the events of one record. The record_id of a composite key is a JSON array.
SELECT jsonb_build_array(page('tutorial-start'), 'title', 'en') AS title \gset
\echo Its record_id: :title
\echo
SELECT node_sequence AS number, to_char(wall_timestamp, 'HH24:MI:SS.MS') AS "time", username AS who, operation,
       new_values ->> 'value' AS title
FROM concord.history('content_fields', :'title') LEFT JOIN users ON users.user_id::text = history.user_id
ORDER BY node_sequence;

SELECT demo.equal('what happened to it', string_agg(operation, ', ' ORDER BY node_sequence),
                  'INSERT, UPDATE, UPDATE, STALE, UPDATE')
    FROM concord.history('content_fields', :'title') :check
