-- The conflicts that people should know about
-- Every change that lost is kept, and conflicts that somebody should decide are open. The first one is Grace's, of act 1.
SELECT conflict_type AS type, table_name AS "table", local_values ->> name AS "what stands",
       concat(remote_values ->> name, ', now ' || nullif(applied_values ->> name, local_values ->> name)) AS "what lost",
       coalesce(resolution, 'open') AS state
FROM concord.conflicts, LATERAL (SELECT CASE table_name WHEN 'routes' THEN 'slug' ELSE 'value' END AS name) AS columns
ORDER BY type;
SELECT demo.equal('conflicts', count(*)::int, 3) FROM concord.conflicts :check
SELECT demo.equal('of them about a column that only one side changed', count(*)::int, 0)
    FROM concord.conflicts WHERE table_name = 'content_data' :check
