-- Trigger functions: what `track` installs; usable by hand. The rights that count are those to
-- create a trigger with them (EXECUTE), which nobody has but by GRANT.
CREATE FUNCTION concord.capture_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_capture_trigger';
CREATE FUNCTION concord.version_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_version_trigger';
CREATE FUNCTION concord.truncate_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_truncate_trigger';

COMMENT ON FUNCTION concord.capture_trigger() IS
    'Trigger function, AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW: captures the change';
COMMENT ON FUNCTION concord.version_trigger() IS
    'Trigger function, BEFORE INSERT OR UPDATE FOR EACH ROW: stamps the version column and finds stale writes';
COMMENT ON FUNCTION concord.truncate_trigger() IS
    'Trigger function, BEFORE TRUNCATE FOR EACH STATEMENT: captures every row that goes';

CREATE FUNCTION concord._track_with_text(
    relation oid, version_column text, conflict_policy text, on_stale text, exclude text[],
    redact text[], redact_default jsonb, merge_groups jsonb, merge_silently text[], rename text[],
    on_missing_parent text, record_key text[]) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'concord_track_wrapper';

CREATE FUNCTION concord.track(
    relation regclass,
    version_column name = 'row_version',
    conflict_policy text = 'lww',
    on_stale text = 'record',
    exclude name[] = '{}',
    redact name[] = '{}',
    redact_default jsonb = '{}',
    merge_groups jsonb = '[]',
    merge_silently name[] = '{}',
    rename name[] = '{}',
    on_missing_parent text = 'set_aside',
    record_key name[] = NULL) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT concord._track_with_text(
            relation, version_column::text, conflict_policy, on_stale, exclude::text[],
            redact::text[], redact_default, merge_groups, merge_silently::text[], rename::text[],
            on_missing_parent, record_key::text[])
    $$;

CREATE FUNCTION concord.untrack(relation regclass) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'concord_untrack_wrapper';

COMMENT ON FUNCTION concord._track_with_text IS 'Internal: does what track() does';
COMMENT ON FUNCTION concord.track IS
    'Captures every change of a table from now on; for a tracked table, changes its options';
COMMENT ON FUNCTION concord.untrack IS 'Ends the capture of a table; its history and its version column stay';

CREATE FUNCTION concord._trigger_options(arguments bytea) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_trigger_options_wrapper';
COMMENT ON FUNCTION concord._trigger_options(bytea) IS 'Internal: the options that a trigger''s arguments say';

-- The options stand in the triggers and nowhere else, so a table whose triggers were made by hand is
-- here like any other. Arguments of the version trigger come last and win.
CREATE VIEW concord.tracked_tables AS
SELECT t.tgrelid::regclass AS relation,
       n.nspname AS table_schema,
       c.relname AS table_name,
       o.options ->> 'conflict_policy' AS conflict_policy,
       CASE WHEN v.tgargs IS NOT NULL THEN o.options ->> 'version_column' END AS version_column,
       o.options ->> 'on_stale' AS on_stale,
       o.options -> 'exclude' AS exclude,
       o.options -> 'redact' AS redact,
       o.options -> 'redact_default' AS redact_default,
       o.options -> 'merge_groups' AS merge_groups,
       o.options -> 'merge_silently' AS merge_silently,
       o.options -> 'rename' AS rename,
       o.options ->> 'on_missing_parent' AS on_missing_parent,
       o.options -> 'record_key' AS record_key,
       t.tgenabled IN ('A', 'O') AS capturing
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT w.tgargs FROM pg_catalog.pg_trigger w
    WHERE w.tgrelid = t.tgrelid AND w.tgfoid = 'concord.version_trigger()'::regprocedure
    ORDER BY w.tgname LIMIT 1) v ON true
CROSS JOIN LATERAL (
    SELECT concord._trigger_options(t.tgargs || COALESCE(v.tgargs, '')) AS options) o
WHERE t.tgparentid = 0 AND t.tgfoid = 'concord.capture_trigger()'::regprocedure;

COMMENT ON VIEW concord.tracked_tables IS 'Tables with a capture trigger, and their options';
COMMENT ON COLUMN concord.tracked_tables.relation IS 'The table';
COMMENT ON COLUMN concord.tracked_tables.table_schema IS 'Schema of the table';
COMMENT ON COLUMN concord.tracked_tables.table_name IS 'Name of the table';
COMMENT ON COLUMN concord.tracked_tables.conflict_policy IS
    'What decides between concurrent writes: lww, merge or manual';
COMMENT ON COLUMN concord.tracked_tables.version_column IS 'Column for row versions; null without a version trigger';
COMMENT ON COLUMN concord.tracked_tables.on_stale IS 'What becomes of a stale write: record, overwrite or reject';
COMMENT ON COLUMN concord.tracked_tables.exclude IS 'Columns that are not captured';
COMMENT ON COLUMN concord.tracked_tables.redact IS 'Columns whose values are not captured, only that they changed';
COMMENT ON COLUMN concord.tracked_tables.redact_default IS 'Values that redacted columns get in rows from other nodes';
COMMENT ON COLUMN concord.tracked_tables.merge_groups IS 'Groups of columns that change together under merge';
COMMENT ON COLUMN concord.tracked_tables.merge_silently IS 'Columns in which a difference between nodes is no conflict';
COMMENT ON COLUMN concord.tracked_tables.rename IS
    'Columns whose value is changed to show a row whose unique value another record has';
COMMENT ON COLUMN concord.tracked_tables.on_missing_parent IS
    'What becomes of a row whose parent another node deleted: set_aside or revive_parent';
COMMENT ON COLUMN concord.tracked_tables.record_key IS
    'Columns that identify a record; null if they are the table''s own key';
COMMENT ON COLUMN concord.tracked_tables.capturing IS 'Whether the capture trigger is enabled';

CREATE FUNCTION concord.set_context(
    user_id text = NULL, request_id text = NULL, ip inet = NULL, action text = NULL,
    metadata jsonb = NULL, depends_on concord.ulid[] = NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_set_context';

COMMENT ON FUNCTION concord.set_context IS
    'Sets what the events of this transaction say of user, request, address and action; null leaves a value as it is';
