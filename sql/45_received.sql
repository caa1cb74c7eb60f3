-- Events from elsewhere whose group cannot enter the log yet.
CREATE TABLE concord.received_events (
    LIKE concord.change_events INCLUDING COMMENTS,
    reason      text        NOT NULL,
    detail      text,
    received_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (origin_node_id, node_sequence, event_id)
);

COMMENT ON TABLE concord.received_events IS 'Events of other nodes that cannot enter the log yet';
COMMENT ON COLUMN concord.received_events.reason IS 'Why the event waits';
COMMENT ON COLUMN concord.received_events.detail IS 'What the event waits for';
COMMENT ON COLUMN concord.received_events.received_at IS 'When the event came in';

CREATE VIEW concord.received AS
SELECT r.origin_node_id, r.node_sequence, r.event_id, r.reason, r.detail, r.received_at
FROM concord.received_events r;

COMMENT ON VIEW concord.received IS 'Events of other nodes that cannot enter the log yet, and why';

-- Rows that the tables do not show as their fold: not at all, or, with a form, in another one.
-- unseen: per node the first number whose effect the row does not show.
CREATE TABLE concord.pending_rows (
    table_schema text COLLATE "C" NOT NULL,
    table_name   text COLLATE "C" NOT NULL,
    record_id    text COLLATE "C" NOT NULL,
    event_id     concord.ulid     NOT NULL,
    reason       text             NOT NULL,
    detail       text,
    since        timestamptz      NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    form         text             CHECK (form IN ('whole', 'renamed')),
    unseen       jsonb            NOT NULL DEFAULT '{}',
    PRIMARY KEY (record_id, table_name, table_schema)
);

COMMENT ON TABLE concord.pending_rows IS 'Rows that a table does not show as the log has them';
COMMENT ON COLUMN concord.pending_rows.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.pending_rows.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.pending_rows.record_id IS
    'Key of the record as text; a JSON array if the key has several columns';
COMMENT ON COLUMN concord.pending_rows.event_id IS 'Last event of the record';
COMMENT ON COLUMN concord.pending_rows.reason IS 'Why the table cannot show the row';
COMMENT ON COLUMN concord.pending_rows.detail IS 'Error that the row raised, or what is missing';
COMMENT ON COLUMN concord.pending_rows.since IS 'Since when the row has been waiting';
COMMENT ON COLUMN concord.pending_rows.form IS
    'Form in which the table shows the row: whole or renamed; null if it does not show the row';
COMMENT ON COLUMN concord.pending_rows.unseen IS 'Per node, the number of the first event that the table does not show';

-- What those rows claim all the same: the values of their unique indexes and, where a row is not shown
-- at all, of its foreign keys. Hashes of equal values are equal.
CREATE TABLE concord._claims (
    table_schema    text COLLATE "C" NOT NULL,
    table_name      text COLLATE "C" NOT NULL,
    record_id       text COLLATE "C" NOT NULL,
    constraint_name text COLLATE "C" NOT NULL,
    key_hash        bigint           NOT NULL,
    PRIMARY KEY (key_hash, constraint_name, table_name, table_schema, record_id)
);
CREATE INDEX _claims_record_idx ON concord._claims (record_id, table_name);
COMMENT ON TABLE concord._claims IS 'Internal: unique values and parents that pending rows claim';

-- What the last retry by a tick knew of: as long as that is all, no constraint lets pass what it did not
-- let pass then. One row at most.
CREATE TABLE concord._retried (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    vector     jsonb       NOT NULL,
    retried_at timestamptz NOT NULL
);
COMMENT ON TABLE concord._retried IS 'Internal: what the last retry of pending rows knew of';

CREATE VIEW concord.pending AS
SELECT p.table_schema, p.table_name, p.record_id, p.event_id, p.reason, p.detail, p.since
FROM concord.pending_rows p WHERE p.form IS NULL;

COMMENT ON VIEW concord.pending IS 'Rows that the log has and the tables cannot show yet, and why';
