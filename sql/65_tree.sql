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

COMMENT ON TABLE concord.trees IS 'Tables whose rows form a tree, declared by track_tree()';
COMMENT ON COLUMN concord.trees.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.trees.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.trees.parent IS 'Column that points to the parent';
COMMENT ON COLUMN concord.trees.first_child IS 'Column that points to the first child; null if there is none';
COMMENT ON COLUMN concord.trees.next IS 'Column that points to the next sibling; null if there is none';
COMMENT ON COLUMN concord.trees.prev IS 'Column that points to the previous sibling; null if there is none';
COMMENT ON COLUMN concord.trees.checked IS
    'Vector up to which events have been looked at; null has every row looked at';
COMMENT ON COLUMN concord.trees.unshown IS 'Records that were pending when the tree was last looked at';

CREATE FUNCTION concord.track_tree(
    relation regclass, parent name, first_child name = NULL, next name = NULL, prev name = NULL)
    RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'concord_track_tree_wrapper';

CREATE FUNCTION concord.untrack_tree(relation regclass) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'concord_untrack_tree_wrapper';

COMMENT ON FUNCTION concord.track_tree IS
    'Has the tree of a table checked when events of other nodes come in; for a declared tree, changes its columns';
COMMENT ON FUNCTION concord.untrack_tree IS 'Ends the checking of a table''s tree, and closes its open tree conflicts';
