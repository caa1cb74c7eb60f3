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
    'Has the server look at concord.identity again after a restore';
COMMENT ON FUNCTION concord.node_id() IS 'The identity of this database';
COMMENT ON FUNCTION concord.heartbeat() IS 'Tells the other nodes of this one';
COMMENT ON FUNCTION concord.tick() IS 'What has to happen now and then; the background worker runs it';
COMMENT ON FUNCTION concord.flush() IS
    'Numbers and writes this transaction''s events now, so that it can read them; further tracked writes are refused';
