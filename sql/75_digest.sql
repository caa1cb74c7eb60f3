CREATE FUNCTION concord.row_image(relation regclass, table_row record) RETURNS jsonb
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'concord_row_image_of';

-- Equal exactly when the rows are, whatever their order; what images leave out does not count.
CREATE FUNCTION concord.digest(relation regclass) RETURNS text
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'concord_digest';

COMMENT ON FUNCTION concord.row_image(regclass, record) IS 'Image of a row, as events show it';
COMMENT ON FUNCTION concord.digest(regclass) IS 'Digest of a table''s rows: equal on two nodes exactly if the rows are';
