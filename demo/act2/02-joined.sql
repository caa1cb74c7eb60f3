-- The site is in three places
-- Ada's import in Oslo arrived as one transaction here, as did every edit of the day.
SELECT table_name AS "table", count AS rows, left(concord.digest(table_name::regclass), 16) AS digest
FROM demo.rows ORDER BY place;
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
SELECT demo.equal('events that wait, rows that cannot be shown',
        (SELECT count(*) FROM concord.received) + (SELECT count(*) FROM concord.pending), 0::bigint) :check
