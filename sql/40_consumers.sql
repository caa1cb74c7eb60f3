-- A consumer's cursor is a vector: per origin, the last number delivered and the last acknowledged.
CREATE TABLE concord.consumers (
    consumer      text PRIMARY KEY,
    delivered     jsonb       NOT NULL DEFAULT '{}',
    acknowledged  jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_read     timestamptz
);

COMMENT ON TABLE concord.consumers IS 'Readers of the log and how far each has come';
