-- The log: one immutable row per event. Written by the extension alone, straight into the heap.
-- Text compares bytewise (COLLATE "C"): these are names and keys, not prose.
CREATE TABLE concord.change_events (
    event_id             concord.ulid NOT NULL,
    hlc                  concord.hlc  NOT NULL,
    origin_node_id       concord.ulid NOT NULL,
    node_sequence        bigint       NOT NULL,
    group_sequence       bigint       NOT NULL,
    group_size           integer      NOT NULL,
    table_schema         text COLLATE "C",
    table_name           text COLLATE "C",
    record_id            text COLLATE "C",
    operation            text COLLATE "C" NOT NULL,
    touched              text[] COLLATE "C",
    silent               text[] COLLATE "C",
    action               text,
    "session_user"       text         NOT NULL,
    user_id              text,
    request_id           text,
    ip                   inet,
    old_values           jsonb,
    new_values           jsonb,
    base_version         concord.hlc,
    observed             jsonb,
    depends_on_event_ids concord.ulid[],
    metadata             jsonb,
    wall_timestamp       timestamptz  NOT NULL,
    PRIMARY KEY (origin_node_id, node_sequence)
);
CREATE UNIQUE INDEX change_events_event_id_idx ON concord.change_events (event_id);
CREATE INDEX change_events_record_idx ON concord.change_events (record_id, table_name);
CREATE INDEX change_events_hlc_idx ON concord.change_events USING brin (hlc);

COMMENT ON TABLE concord.change_events IS
    'The log: one immutable row for each committed change of a tracked row, and for each control event';
COMMENT ON COLUMN concord.change_events.event_id IS 'Identifies the event on every node';
COMMENT ON COLUMN concord.change_events.hlc IS 'Clock at the commit; the same for all events of a transaction';
COMMENT ON COLUMN concord.change_events.origin_node_id IS 'Node that wrote the event';
COMMENT ON COLUMN concord.change_events.node_sequence IS
    'Number of the event on its node: 1, 2, 3, and so on without a gap';
COMMENT ON COLUMN concord.change_events.group_sequence IS
    'First number of the event''s group, that is, of the events of its transaction';
COMMENT ON COLUMN concord.change_events.group_size IS 'Number of events in the group';
COMMENT ON COLUMN concord.change_events.table_schema IS 'Schema of the table when the event was written';
COMMENT ON COLUMN concord.change_events.table_name IS
    'Name of the table when the event was written; of a partition, the name of its partitioned table';
COMMENT ON COLUMN concord.change_events.record_id IS
    'Key of the record as text; a JSON array if the key has several columns';
COMMENT ON COLUMN concord.change_events.operation IS
    'INSERT, UPDATE, DELETE, TRUNCATE, STALE, or what a control event is: RESOLVE, DDL, GAP, NODE, VOID';
COMMENT ON COLUMN concord.change_events.touched IS
    'Columns that an UPDATE under the policy merge changed, with those grouped with them; null for all';
COMMENT ON COLUMN concord.change_events.silent IS 'Columns in which a difference between nodes is no conflict';
COMMENT ON COLUMN concord.change_events.action IS 'What the application was doing, as it said';
COMMENT ON COLUMN concord.change_events."session_user" IS 'Role that logged in';
COMMENT ON COLUMN concord.change_events.user_id IS 'User of the application, as it said';
COMMENT ON COLUMN concord.change_events.request_id IS 'Request that the application was serving, as it said';
COMMENT ON COLUMN concord.change_events.ip IS 'Address that the application was serving, as it said';
COMMENT ON COLUMN concord.change_events.old_values IS 'Row before the change; null if there was none';
COMMENT ON COLUMN concord.change_events.new_values IS 'Row after the change; null if there is none';
COMMENT ON COLUMN concord.change_events.base_version IS
    'Version of the row before the change; of a STALE event, the version that the writer had read';
COMMENT ON COLUMN concord.change_events.observed IS
    'Vector of the other nodes'' events that the node had applied; on the first event of a group only';
COMMENT ON COLUMN concord.change_events.depends_on_event_ids IS
    'Events that must be in a node''s log before this one enters it, as the application said';
COMMENT ON COLUMN concord.change_events.metadata IS 'What else the application said, and what concord adds';
COMMENT ON COLUMN concord.change_events.wall_timestamp IS 'Time of the server at the commit';

-- Two images of a large row are compressed better and far faster by LZ4, where the server has it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
               WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE concord.change_events
            ALTER old_values SET COMPRESSION lz4,
            ALTER new_values SET COMPRESSION lz4;
    END IF;
END
$$;
