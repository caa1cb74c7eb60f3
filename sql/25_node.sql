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

-- What others write as. An identity that this database had elsewhere ended when it came here, unless something was
-- written as it since then: then this database is a copy of one that lives on.
CREATE VIEW concord._other_nodes AS
SELECT n.*
FROM concord.nodes n
WHERE n.node_id <> concord.node_id()
  AND NOT EXISTS (
      SELECT FROM concord.identity i
      WHERE i.node_id = n.node_id
        AND (n.status = 'retired'
             OR COALESCE(n.last_heartbeat
                         <= (SELECT o.created_at FROM concord.identity o WHERE o.node_id = concord.node_id()), true)));

COMMENT ON VIEW concord._other_nodes IS 'Internal: nodes that are not this one, nor ones that it has succeeded';
