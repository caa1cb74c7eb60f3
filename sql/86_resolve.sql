-- Writes the row that was decided on, closes the conflict, and tells the other nodes of both.
CREATE FUNCTION concord.resolve_conflict(
    conflict_id concord.ulid, keep text, row_values jsonb = NULL) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_resolve_conflict';

CREATE FUNCTION concord.reopen_conflict(conflict_id concord.ulid) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'concord_reopen_conflict';

COMMENT ON FUNCTION concord.resolve_conflict(concord.ulid, text, jsonb) IS
    'Decides a conflict on all nodes: keeps local, remote or merged, with other values in some columns';
COMMENT ON FUNCTION concord.reopen_conflict(concord.ulid) IS 'Opens a resolved conflict again on all nodes';
