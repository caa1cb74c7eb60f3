-- No number is missing
-- A node numbers its events 1, 2, 3… in the order of their commits. An absent number would mean a lost event.
SELECT origin_node_id AS node, min(node_sequence), max(node_sequence), count(*),
       max(node_sequence) - min(node_sequence) + 1 - count(*) AS missing
FROM concord.change_events GROUP BY origin_node_id;

SELECT demo.holds('this node''s numbers run from 1 to their count',
                  min(node_sequence) = 1 AND max(node_sequence) = count(*) AND count(DISTINCT node_sequence) = count(*))
    FROM concord.change_events WHERE origin_node_id = concord.node_id() :check
SELECT demo.equal('events whose clock runs against their number', count(*)::int, 0)
    FROM (SELECT hlc < lag(hlc) OVER (ORDER BY node_sequence) AS backwards
          FROM concord.change_events WHERE origin_node_id = concord.node_id()) AS pairs WHERE backwards :check
