-- The conflict that Grace's save left behind
-- Both titles are kept: the one that stands, and the one that came too late.
SELECT to_char(c.detected_at, 'HH24:MI:SS') AS detected, c.conflict_type AS type, c.table_name AS "table",
       e.old_values ->> 'value' AS "what stands", e.new_values ->> 'value' AS "what came too late"
FROM concord.conflicts c
JOIN concord.change_events e USING (table_schema, table_name, record_id)
WHERE e.operation = 'STALE';

SELECT demo.equal('the text that was not lost', string_agg(e.new_values ->> 'value', '; '), 'First Steps')
FROM concord.conflicts c JOIN concord.change_events e USING (table_schema, table_name, record_id)
WHERE e.operation = 'STALE' AND e.request_id = 'r-5' :check
