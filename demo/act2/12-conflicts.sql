-- What people should know of
-- Nothing that lost is gone, and what somebody should decide is open. The first is what Grace left behind in act 1.
SELECT conflict_type AS type, table_name AS "table", local_values ->> name AS "what stands",
       concat(remote_values ->> name, ', now ' || nullif(applied_values ->> name, local_values ->> name)) AS "what lost",
       coalesce(resolution, 'open') AS state
FROM concord.conflicts, LATERAL (SELECT CASE table_name WHEN 'routes' THEN 'slug' ELSE 'value' END AS name) AS columns
ORDER BY type;
SELECT demo.equal('conflicts', count(*)::int, 3) FROM concord.conflicts :check
SELECT demo.equal('of them about a column that only one side changed', count(*)::int, 0)
    FROM concord.conflicts WHERE table_name = 'content_data' :check
