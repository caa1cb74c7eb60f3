CREATE TABLE concord.conflicts (
    conflict_id     concord.ulid PRIMARY KEY,
    table_schema    text COLLATE "C" NOT NULL,
    table_name      text COLLATE "C" NOT NULL,
    record_id       text COLLATE "C" NOT NULL,
    conflict_type   text        NOT NULL CHECK (conflict_type IN (
                        'insert_exists', 'update_origin_differs', 'update_deleted',
                        'delete_origin_differs', 'unique_key', 'foreign_key', 'tree', 'stale_write')),
    policy          text        NOT NULL,
    local_event_id  concord.ulid,
    remote_event_id concord.ulid,
    base_values     jsonb,
    local_values    jsonb,
    remote_values   jsonb,
    applied_values  jsonb,
    detected_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    resolved_at     timestamptz,
    resolution      text,
    resolved_by     text,
    detail          jsonb
);
CREATE INDEX conflicts_record_idx ON concord.conflicts (record_id, table_name);
CREATE INDEX conflicts_open_idx ON concord.conflicts (detected_at) WHERE resolved_at IS NULL;

COMMENT ON TABLE concord.conflicts IS 'What lost, kept with what it lost against, until somebody decides';

-- Applications can LISTEN concord_conflicts: the payload is the conflict's id.
CREATE FUNCTION concord._notify_conflict() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM pg_notify('concord_conflicts', NEW.conflict_id::text);
        RETURN NULL;
    END
    $$;
CREATE TRIGGER notify AFTER INSERT ON concord.conflicts
    FOR EACH ROW EXECUTE FUNCTION concord._notify_conflict();
CREATE TRIGGER notify_reopened AFTER UPDATE OF resolved_at ON concord.conflicts
    FOR EACH ROW WHEN (OLD.resolved_at IS NOT NULL AND NEW.resolved_at IS NULL)
    EXECUTE FUNCTION concord._notify_conflict();
-- Events of other nodes are applied as a replica.
ALTER TABLE concord.conflicts ENABLE ALWAYS TRIGGER notify;
ALTER TABLE concord.conflicts ENABLE ALWAYS TRIGGER notify_reopened;
