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

-- Rows whose fold the tables cannot show yet.
CREATE TABLE concord.pending_rows (
    table_schema text COLLATE "C" NOT NULL,
    table_name   text COLLATE "C" NOT NULL,
    record_id    text COLLATE "C" NOT NULL,
    event_id     concord.ulid     NOT NULL,
    reason       text             NOT NULL,
    detail       text,
    since        timestamptz      NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (record_id, table_name, table_schema)
);

CREATE VIEW concord.pending AS
SELECT p.table_schema, p.table_name, p.record_id, p.event_id, p.reason, p.detail, p.since
FROM concord.pending_rows p;

COMMENT ON VIEW concord.pending IS 'Rows that the log has and the tables cannot show yet, and why';
