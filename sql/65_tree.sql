-- Tables whose rows form a tree, and the columns that keep it.
CREATE TABLE concord.trees (
    table_schema text COLLATE "C" NOT NULL,
    table_name   text COLLATE "C" NOT NULL,
    parent       text NOT NULL,
    first_child  text,
    next         text,
    prev         text,
    checked      jsonb,
    unshown      text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (table_name, table_schema)
);

COMMENT ON TABLE concord.trees IS 'Tables whose pointers are checked: track_tree declares them';
COMMENT ON COLUMN concord.trees.checked IS 'The vector up to which events have been looked at; null has every row looked at';
COMMENT ON COLUMN concord.trees.unshown IS 'Rows that were pending when the tree was last looked at';

CREATE FUNCTION concord.track_tree(
    relation regclass, parent name, first_child name = NULL, next name = NULL, prev name = NULL)
    RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'concord_track_tree_wrapper';

CREATE FUNCTION concord.untrack_tree(relation regclass) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'concord_untrack_tree_wrapper';

COMMENT ON FUNCTION concord.track_tree IS
    'Has the pointers of a table checked when events come in; again with other columns changes them';
COMMENT ON FUNCTION concord.untrack_tree IS 'Ends that, and closes the table''s open tree conflicts';
