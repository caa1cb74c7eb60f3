-- Why a table cannot be tracked, as far as the catalogs say at a glance; null where nothing is in the way.
CREATE FUNCTION concord._tracking_obstacle(relation oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT CASE
            WHEN c.relkind = 'f' THEN 'foreign table'
            WHEN c.relpersistence = 'u' THEN 'unlogged table'
            WHEN e.extname IS NOT NULL THEN format('table of extension "%s"', e.extname)
            WHEN c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits i
                                              WHERE i.inhparent = c.oid OR i.inhrelid = c.oid)
                THEN 'takes part in inheritance'
            WHEN NOT EXISTS (SELECT FROM pg_index i
                             WHERE i.indrelid = c.oid AND i.indisvalid
                               AND (i.indisprimary OR i.indisreplident AND c.relreplident = 'i'))
                THEN 'no primary key'
        END
        FROM pg_class c
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                             AND d.deptype = 'e'
        LEFT JOIN pg_extension e ON e.oid = d.refobjid
        WHERE c.oid = $1
    $$;

CREATE VIEW concord.untracked_tables AS
SELECT c.oid::regclass AS relation, n.nspname AS table_schema, c.relname AS table_name,
       concord._tracking_obstacle(c.oid) AS obstacle
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('concord', 'pg_catalog', 'information_schema', 'pg_toast')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                  WHERE t.tgrelid = c.oid AND t.tgfoid = 'concord.capture_trigger()'::regprocedure);

-- Each table gets those of the named columns that it has.
CREATE FUNCTION concord.track_schema(
    schema name,
    except_tables name[] = '{}',
    version_column name = 'row_version',
    conflict_policy text = 'lww',
    on_stale text = 'record',
    exclude name[] = '{}',
    redact name[] = '{}',
    redact_default jsonb = '{}',
    merge_groups jsonb = '[]',
    merge_silently name[] = '{}',
    rename name[] = '{}',
    on_missing_parent text = 'set_aside',
    record_key name[] = NULL,
    OUT relation regclass, OUT result text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        namespace oid;
        missing text;
        option text;
        candidate record;
        extension text;
        own name[];
    BEGIN
        SELECT n.oid INTO namespace FROM pg_namespace n WHERE n.nspname = track_schema.schema;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'schema "%" does not exist', COALESCE(schema, 'null')
                USING ERRCODE = 'invalid_schema_name', HINT = 'Specify one schema, without quotes.';
        END IF;
        IF schema IN ('concord', 'pg_catalog', 'information_schema', 'pg_toast') THEN
            RAISE EXCEPTION 'cannot track schema "%": it is a system schema', schema
                USING ERRCODE = 'feature_not_supported', HINT = 'Specify a schema of the application.';
        END IF;
        SELECT t INTO missing FROM unnest(except_tables) t
        WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = namespace AND c.relname = t
                          AND c.relkind IN ('r', 'p', 'f')) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'table "%" of except_tables does not exist in schema "%"', COALESCE(missing, 'null'), schema
                USING ERRCODE = 'undefined_table',
                      HINT = 'Specify table names as they are stored, without their schema.';
        END IF;
        SELECT o.option, o.name INTO option, missing
        FROM (SELECT 'exclude' AS option, unnest(exclude) AS name
              UNION ALL SELECT 'redact', unnest(redact)
              UNION ALL SELECT 'merge_silently', unnest(merge_silently)
              UNION ALL SELECT 'rename', unnest(rename)
              UNION ALL SELECT 'record_key', unnest(record_key)) o
        WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                          WHERE c.relnamespace = namespace AND a.attname = o.name
                            AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'no table of schema "%" has column "%" of option %', schema, COALESCE(missing, 'null'), option
                USING ERRCODE = 'undefined_column',
                      HINT = 'Specify column names as they are stored; each option applies to the tables that have the column.';
        END IF;
        FOR candidate IN
            SELECT c.oid, c.relname, c.relname = ANY (except_tables) AS excepted,
                   EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                           AND t.tgfoid = 'concord.capture_trigger()'::regprocedure) AS tracked
            FROM pg_class c
            WHERE c.relnamespace = namespace AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
            ORDER BY c.relname
        LOOP
            relation := candidate.oid;
            SELECT e.extname INTO extension FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = candidate.oid AND d.deptype = 'e';
            IF candidate.tracked THEN
                result := 'tracked already';
            ELSIF candidate.excepted THEN
                result := 'excepted';
            ELSIF extension IS NOT NULL THEN
                result := format('not tracked: table of extension "%s"', extension);
            ELSE
                own := ARRAY(SELECT a.attname FROM pg_attribute a
                             WHERE a.attrelid = candidate.oid AND a.attnum > 0 AND NOT a.attisdropped);
                BEGIN
                    PERFORM concord.track(
                        candidate.oid::regclass, version_column, conflict_policy, on_stale,
                        ARRAY(SELECT o FROM unnest(exclude) o WHERE o = ANY (own)),
                        ARRAY(SELECT o FROM unnest(redact) o WHERE o = ANY (own)),
                        CASE WHEN jsonb_typeof(redact_default) = 'object'
                             THEN (SELECT COALESCE(jsonb_object_agg(d.key, d.value), '{}')
                                   FROM jsonb_each(redact_default) d WHERE d.key::name = ANY (own))
                             ELSE redact_default END,
                        CASE WHEN jsonb_typeof(merge_groups) = 'array'
                             THEN (SELECT COALESCE(jsonb_agg(g), '[]') FROM jsonb_array_elements(merge_groups) g
                                   WHERE jsonb_typeof(g) <> 'array' OR to_jsonb(own) @> g)
                             ELSE merge_groups END,
                        ARRAY(SELECT o FROM unnest(merge_silently) o WHERE o = ANY (own)),
                        ARRAY(SELECT o FROM unnest(rename) o WHERE o = ANY (own)),
                        on_missing_parent,
                        CASE WHEN record_key <@ own THEN record_key END);
                    result := 'tracked';
                EXCEPTION
                    -- What cannot be tracked keeps no other table from it.
                    WHEN insufficient_privilege OR feature_not_supported OR object_not_in_prerequisite_state
                         OR datatype_mismatch THEN
                        result := 'not tracked: ' || SQLERRM;
                END;
            END IF;
            RETURN NEXT;
        END LOOP;
    END
    $$;

COMMENT ON FUNCTION concord._tracking_obstacle(oid) IS 'Internal: why a table cannot be tracked';
COMMENT ON FUNCTION concord.track_schema IS
    'Tracks all tables of a schema but some; says of each what became of it';
COMMENT ON VIEW concord.untracked_tables IS 'Tables without a capture trigger';
COMMENT ON COLUMN concord.untracked_tables.relation IS 'The table';
COMMENT ON COLUMN concord.untracked_tables.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.untracked_tables.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.untracked_tables.obstacle IS
    'What is in the way of tracking it, as far as the catalogs say at a glance; null if nothing is';
