-- Trigger functions: what `track` installs; usable by hand. The rights that count are those to
-- create a trigger with them (EXECUTE), which nobody has but by GRANT.
CREATE FUNCTION concord.capture_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_capture_trigger';
CREATE FUNCTION concord.version_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_version_trigger';
CREATE FUNCTION concord.truncate_trigger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_truncate_trigger';

COMMENT ON FUNCTION concord.capture_trigger() IS
    'AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW: puts the change into the log';
COMMENT ON FUNCTION concord.version_trigger() IS
    'BEFORE INSERT OR UPDATE, FOR EACH ROW: stamps the version column and finds stale writes';
COMMENT ON FUNCTION concord.truncate_trigger() IS
    'BEFORE TRUNCATE, FOR EACH STATEMENT: puts every row that goes into the log';

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

COMMENT ON FUNCTION concord.track IS 'Captures every change of a table; again with other options changes them';
COMMENT ON FUNCTION concord.untrack IS 'Stops capturing changes of a table; its history and its version column stay';

CREATE FUNCTION concord._trigger_options(arguments bytea) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'concord_trigger_options_wrapper';

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

COMMENT ON VIEW concord.tracked_tables IS 'Every table with a capture trigger, and its options';

CREATE FUNCTION concord.set_context(
    user_id text = NULL, request_id text = NULL, ip inet = NULL, action text = NULL,
    metadata jsonb = NULL, depends_on concord.ulid[] = NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_set_context';

COMMENT ON FUNCTION concord.set_context IS
    'Sets who, why and from where for this transaction''s events; null leaves a value as it is';
