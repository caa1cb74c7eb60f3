-- Two sites
-- Berlin shows the same as Oslo, while Lima shows a different site.
\connect - - :berlin
\echo Berlin:
SELECT * FROM demo.edited;
\connect - - :lima
\echo Lima:
SELECT * FROM demo.edited;
\connect - - :berlin
SELECT demo.equal('events of Lima that Berlin has of the time since', count(*)::int, 0)
    FROM concord.change_events WHERE request_id IN ('r-14', 'r-16', 'r-18') :check
\connect - - :lima
SELECT demo.equal('events of Oslo and Berlin that Lima has of it', count(*)::int, 0)
    FROM concord.change_events WHERE request_id IN ('r-13', 'r-15', 'r-17') :check
