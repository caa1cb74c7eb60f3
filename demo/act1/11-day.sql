-- The day, transaction by transaction
-- Every committed transaction is one group with consecutive numbers.
SELECT CASE WHEN count(*) = 1 THEN min(node_sequence)::text ELSE concat(min(node_sequence), '–', max(node_sequence)) END
           AS numbers,
       to_char(min(wall_timestamp), 'HH24:MI:SS') AS "time", username AS who, host(ip) AS "from", action,
       count(*) AS events, string_agg(DISTINCT table_name, ', ') AS tables
FROM concord.change_events LEFT JOIN users ON users.user_id::text = change_events.user_id
WHERE request_id IS NOT NULL
GROUP BY group_sequence, username, ip, action
ORDER BY group_sequence;

SELECT demo.equal('transactions', count(DISTINCT group_sequence)::int, 11)
    FROM concord.change_events WHERE request_id IS NOT NULL :check
SELECT demo.equal('of them with a gap between their numbers', count(*)::int, 0)
    FROM (SELECT FROM concord.change_events WHERE request_id IS NOT NULL GROUP BY group_sequence
          HAVING max(node_sequence) - min(node_sequence) + 1 <> count(*)) AS torn :check
