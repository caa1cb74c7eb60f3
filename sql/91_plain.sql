-- The same for clients that know only bigint and char(26): every column under its name, those of concord's own types in
-- built-in ones.
DO $$
DECLARE
    source text;
    columns text;
BEGIN
    FOREACH source IN ARRAY ARRAY['change_events', 'nodes', 'conflicts'] LOOP
        SELECT pg_catalog.string_agg(
                   pg_catalog.format(
                       CASE a.atttypid
                           WHEN 'concord.ulid'::regtype THEN 't.%1$I::text::char(26) AS %1$I'
                           WHEN 'concord.ulid[]'::regtype THEN 't.%1$I::text[]::char(26)[] AS %1$I'
                           WHEN 'concord.hlc'::regtype THEN 't.%1$I::bigint AS %1$I'
                           ELSE 't.%1$I' END, a.attname),
                   ', ' ORDER BY a.attnum)
        INTO columns
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = pg_catalog.format('concord.%I', source)::regclass AND a.attnum > 0;
        EXECUTE pg_catalog.format('CREATE VIEW concord.%I AS SELECT %s FROM concord.%I t',
                                  source || '_plain', columns, source);
        EXECUTE pg_catalog.format('COMMENT ON VIEW concord.%I IS %L',
                                  source || '_plain', 'The table ' || source || ' in built-in types');
    END LOOP;
END
$$;
