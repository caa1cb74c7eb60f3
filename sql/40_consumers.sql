-- A consumer's cursor is a vector: per origin, the last number delivered and the last acknowledged.
CREATE TABLE concord.consumers (
    consumer      text PRIMARY KEY,
    delivered     jsonb       NOT NULL DEFAULT '{}',
    acknowledged  jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_read     timestamptz
);

COMMENT ON TABLE concord.consumers IS 'Readers of the log, and how far each has come';

COMMENT ON COLUMN concord.consumers.consumer IS 'Name of the reader';
COMMENT ON COLUMN concord.consumers.delivered IS 'Vector of the events that the reader was given';
COMMENT ON COLUMN concord.consumers.acknowledged IS 'Vector of the events that the reader has acknowledged';
COMMENT ON COLUMN concord.consumers.created_at IS 'When the reader first called consume()';
COMMENT ON COLUMN concord.consumers.last_read IS 'When the reader last called consume()';
