CREATE FUNCTION concord._watch_ddl() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_watch_ddl';

COMMENT ON FUNCTION concord._watch_ddl() IS 'Internal: records what DDL commands do to tracked tables';

-- Without a filter of tags: PostgreSQL's commands reach tables in more ways than their names say.
CREATE EVENT TRIGGER concord_watch_ddl ON ddl_command_end EXECUTE FUNCTION concord._watch_ddl();
-- A bulk import under session_replication_role = replica changes tables as well.
ALTER EVENT TRIGGER concord_watch_ddl ENABLE ALWAYS;

COMMENT ON EVENT TRIGGER concord_watch_ddl IS 'Records what DDL commands do to tracked tables';
