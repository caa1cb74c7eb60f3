-- The node at the end of the day
-- One row for whoever watches over it.
\x
SELECT * FROM concord.status;
\x
SELECT demo.equal('rows of status', count(*)::int, 1) FROM concord.status :check
