-- Who, where, what
-- The log contains the same event on every node.
SELECT n.name AS node, u.username AS who, e.operation AS what, e.old_values ->> 'value' AS before,
       e.new_values ->> 'value' AS after
FROM concord.change_events e
JOIN concord.nodes n ON n.node_id = e.origin_node_id
JOIN users u ON u.user_id::text = e.user_id
WHERE e.request_id = 'r-12';
SELECT demo.equal('the title of tutorial-sql', title, 'An Hour with SQL')
    FROM demo.pages WHERE slug = 'tutorial-sql' :check
