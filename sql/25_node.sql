CREATE FUNCTION concord.node_id() RETURNS concord.ulid
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'concord_node_id';
CREATE FUNCTION concord.heartbeat() RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_heartbeat_now';
CREATE FUNCTION concord.tick() RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_tick_now';
CREATE FUNCTION concord.flush() RETURNS bigint
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_flush';

CREATE FUNCTION concord._identity_written() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_identity_written';
CREATE TRIGGER identity_written AFTER INSERT ON concord.identity
    FOR EACH STATEMENT EXECUTE FUNCTION concord._identity_written();
ALTER TABLE concord.identity ENABLE ALWAYS TRIGGER identity_written;

COMMENT ON FUNCTION concord._identity_written() IS
    'Internal: has all backends read concord.identity again after it was written';
COMMENT ON FUNCTION concord.node_id() IS 'Returns the identity of this node';
COMMENT ON FUNCTION concord.heartbeat() IS 'Writes an event that tells other nodes of this one';
COMMENT ON FUNCTION concord.tick() IS 'Does what is due now and then; the background worker calls it';
COMMENT ON FUNCTION concord.flush() IS
    'Writes the events of this transaction now, so that it can read them; further tracked writes are refused';
