-- Events from elsewhere whose group cannot enter the log yet.
CREATE TABLE concord.received_events (
    LIKE concord.change_events,
    reason      text        NOT NULL,
    detail      text,
    received_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (origin_node_id, node_sequence, event_id)
);

CREATE VIEW concord.received AS
SELECT r.origin_node_id, r.node_sequence, r.event_id, r.reason, r.detail, r.received_at
FROM concord.received_events r;

COMMENT ON VIEW concord.received IS 'Events that wait for others before they can enter the log, and for which';

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

-- What the last retry by a tick knew of: as long as that is all, no constraint lets pass what it did not
-- let pass then. One row at most.
CREATE TABLE concord._retried (
    vector     jsonb       NOT NULL,
    retried_at timestamptz NOT NULL
);

CREATE VIEW concord.pending AS
SELECT p.table_schema, p.table_name, p.record_id, p.event_id, p.reason, p.detail, p.since
FROM concord.pending_rows p WHERE p.form IS NULL;

COMMENT ON VIEW concord.pending IS 'Rows that the log has and the tables cannot show yet, and why';
