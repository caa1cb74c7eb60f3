-- What the event triggers last saw of each tracked table, to tell what a DDL command changed. Made
-- again by itself after a restore, when the triggers are created.
CREATE TABLE concord._watched_tables (
    relation        oid  PRIMARY KEY,
    table_schema    text NOT NULL,
    table_name      text NOT NULL,
    lacks           text NOT NULL,
    suspended       text NOT NULL,
    versioning      text NOT NULL,
    arguments       bytea NOT NULL,
    equipped        oid[] NOT NULL,
    partitions      oid[] NOT NULL,
    partition_names text[] NOT NULL,
    columns         text[] NOT NULL,
    types           text[] NOT NULL,
    key             text[] NOT NULL,
    identifies      boolean NOT NULL
);
COMMENT ON TABLE concord._watched_tables IS 'Internal: tracked tables as the event trigger last saw them';

CREATE TABLE concord.capture_windows (
    window_id     concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    table_schema  text NOT NULL,
    table_name    text NOT NULL,
    reason        text NOT NULL,
    opened_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    closed_at     timestamptz
);

COMMENT ON TABLE concord.capture_windows IS 'Times during which changes of a tracked table were not captured';

COMMENT ON COLUMN concord.capture_windows.window_id IS 'Identifies the window';
COMMENT ON COLUMN concord.capture_windows.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.capture_windows.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.capture_windows.reason IS 'Why changes were not captured';
COMMENT ON COLUMN concord.capture_windows.opened_at IS 'When capture ended';
COMMENT ON COLUMN concord.capture_windows.closed_at IS 'When capture began again; null while the window is open';
