CREATE FUNCTION concord._watch_ddl() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'concord_watch_ddl';

COMMENT ON FUNCTION concord._watch_ddl() IS 'Internal: records what DDL commands do to tracked tables';

CREATE EVENT TRIGGER concord_watch_ddl ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'DROP TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER',
                 'DROP TRIGGER', 'ALTER SCHEMA', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION concord._watch_ddl();
-- A bulk import under session_replication_role = replica changes tables as well.
ALTER EVENT TRIGGER concord_watch_ddl ENABLE ALWAYS;

COMMENT ON EVENT TRIGGER concord_watch_ddl IS 'Records what DDL commands do to tracked tables';
