CREATE FUNCTION concord.row_image(relation regclass, table_row record) RETURNS jsonb
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'concord_row_image_of';

-- Equal exactly when the rows are, whatever their order; what images leave out does not count.
CREATE FUNCTION concord.digest(relation regclass) RETURNS text
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        result text;
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
            RAISE EXCEPTION USING ERRCODE = 'undefined_table', HINT = 'Specify the table by name.',
                MESSAGE = format('relation with OID %s does not exist', relation::oid);
        END IF;
        EXECUTE format(
            'SELECT md5(COALESCE(string_agg(i.hash, '''' ORDER BY i.hash), ''''))
             FROM (SELECT md5(concord.row_image($1, "concord row".*)::text) AS hash FROM %s "concord row") i', relation)
            INTO result USING relation;
        RETURN result;
    END
    $$;

COMMENT ON FUNCTION concord.row_image(regclass, record) IS 'Image of a row, as events show it';
COMMENT ON FUNCTION concord.digest(regclass) IS 'Digest of a table''s rows: equal on two nodes exactly if the rows are';
