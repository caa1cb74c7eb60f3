-- The node at the end of the day
-- One row shows the state of the node for monitoring.
\x
SELECT * FROM concord.status;
\x
SELECT demo.equal('rows of status', count(*)::int, 1) FROM concord.status :check
