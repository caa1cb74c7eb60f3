CREATE TABLE concord.conflicts (
    conflict_id     concord.ulid PRIMARY KEY,
    table_schema    text COLLATE "C" NOT NULL,
    table_name      text COLLATE "C" NOT NULL,
    record_id       text COLLATE "C" NOT NULL,
    conflict_type   text        NOT NULL CHECK (conflict_type IN (
                        'insert_exists', 'update_origin_differs', 'update_deleted',
                        'delete_origin_differs', 'unique_key', 'foreign_key', 'tree', 'stale_write')),
    conflict_policy text        NOT NULL,
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

COMMENT ON TABLE concord.conflicts IS 'Conflicts, open and resolved, with what lost and what it lost against';
COMMENT ON COLUMN concord.conflicts.conflict_id IS 'Identifies the conflict on every node';
COMMENT ON COLUMN concord.conflicts.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.conflicts.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.conflicts.record_id IS
    'Key of the record as text; a JSON array if the key has several columns';
COMMENT ON COLUMN concord.conflicts.conflict_type IS 'Kind of conflict';
COMMENT ON COLUMN concord.conflicts.conflict_policy IS 'Conflict policy that the table has on this node';
COMMENT ON COLUMN concord.conflicts.local_event_id IS
    'Later of the events that met, which stands; the same on every node';
COMMENT ON COLUMN concord.conflicts.remote_event_id IS
    'Other one of the events that met, which lost; the same on every node';
COMMENT ON COLUMN concord.conflicts.base_values IS
    'Row as the branch that stood first found it; null if that branch inserted it';
COMMENT ON COLUMN concord.conflicts.local_values IS 'Row after the event that stands';
COMMENT ON COLUMN concord.conflicts.remote_values IS 'Row after the event that lost';
COMMENT ON COLUMN concord.conflicts.applied_values IS
    'Row as it was shown when the conflict was last looked at; null if there was none';
COMMENT ON COLUMN concord.conflicts.detected_at IS 'When this node found the conflict';
COMMENT ON COLUMN concord.conflicts.resolved_at IS 'When the conflict was resolved; null while it is open';
COMMENT ON COLUMN concord.conflicts.resolution IS
    'How the conflict was resolved: by a policy, or what resolve_conflict() was told to keep';
COMMENT ON COLUMN concord.conflicts.resolved_by IS 'Who resolved the conflict';
COMMENT ON COLUMN concord.conflicts.detail IS
    'Constraint, columns and other records that a unique_key, foreign_key or tree conflict is about';

-- Applications can LISTEN concord_conflicts: the payload is the conflict's id.
CREATE FUNCTION concord._notify_conflict() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM pg_notify('concord_conflicts', NEW.conflict_id::text);
        RETURN NULL;
    END
    $$;
COMMENT ON FUNCTION concord._notify_conflict() IS 'Internal: tells those who LISTEN to concord_conflicts';
CREATE TRIGGER notify AFTER INSERT ON concord.conflicts
    FOR EACH ROW EXECUTE FUNCTION concord._notify_conflict();
CREATE TRIGGER notify_reopened AFTER UPDATE OF resolved_at ON concord.conflicts
    FOR EACH ROW WHEN (OLD.resolved_at IS NOT NULL AND NEW.resolved_at IS NULL)
    EXECUTE FUNCTION concord._notify_conflict();
-- Events of other nodes are applied as a replica.
ALTER TABLE concord.conflicts ENABLE ALWAYS TRIGGER notify;
ALTER TABLE concord.conflicts ENABLE ALWAYS TRIGGER notify_reopened;
