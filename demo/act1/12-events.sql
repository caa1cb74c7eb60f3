-- The day, event by event
-- This list comes directly from concord.change_events, with only the first six events of large transactions.
WITH numbered AS (
    SELECT *, row_number() OVER tx AS place, count(*) OVER (PARTITION BY group_sequence) AS size
    FROM demo.timeline WHERE request_id <> 'import'
    WINDOW tx AS (PARTITION BY group_sequence ORDER BY node_sequence)
)
SELECT CASE WHEN place < 7 THEN node_sequence::text ELSE '⋮' END AS number,
       CASE WHEN place = 1 THEN to_char(wall_timestamp, 'HH24:MI:SS') END AS "time",
       CASE WHEN place = 1 THEN who END AS who,
       CASE WHEN place < 7 THEN table_name ELSE '⋮' END AS "table",
       CASE WHEN place < 7 THEN operation ELSE '⋮' END AS what,
       CASE WHEN place < 7 THEN demo.short(record, 20) ELSE '⋮' END AS record,
       CASE WHEN place < 7 THEN demo.short(what_changed, greatest(24, :columns - 83)) ELSE format('and %s more', size - 6) END AS "what changed"
FROM numbered
WHERE place <= 7
ORDER BY node_sequence;
