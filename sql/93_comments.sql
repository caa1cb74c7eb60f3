-- A column of a view that is a table's is described as it is there.
DO $$
DECLARE
    described record;
BEGIN
    FOR described IN
        SELECT v.view, a.attname, d.description
        FROM (VALUES ('change_events_plain', 'change_events'), ('nodes_plain', 'nodes'),
                     ('conflicts_plain', 'conflicts'), ('open_conflicts', 'conflicts'),
                     ('conflict_summary', 'conflicts'), ('received', 'received_events'),
                     ('pending', 'pending_rows'), ('peers', 'nodes')) v(view, source)
        JOIN pg_catalog.pg_attribute a
          ON a.attrelid = pg_catalog.format('concord.%I', v.view)::regclass AND a.attnum > 0
        JOIN pg_catalog.pg_attribute s
          ON s.attrelid = pg_catalog.format('concord.%I', v.source)::regclass AND s.attname = a.attname
        CROSS JOIN LATERAL pg_catalog.col_description(s.attrelid, s.attnum) d(description)
        WHERE pg_catalog.col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN concord.%I.%I IS %L',
                                  described.view, described.attname, described.description);
    END LOOP;
END
$$;
