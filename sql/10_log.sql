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
    'The log: one immutable row per committed change of a tracked row, and concord''s own control events';

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
