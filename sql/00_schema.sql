-- CREATE EXTENSION takes a schema that is there already. Whoever made it, or may create in it, could have
-- left functions, operators or default privileges for the statements that follow to find, so only an empty
-- schema of the one who creates the extension, or of a superuser, will do: pg_restore makes such a one first.
-- What the schema holds must not be found while it is looked at: all names are qualified, operators too.
DO $$
DECLARE
    owner pg_catalog.oid;
    creators pg_catalog.aclitem[];
    problem pg_catalog.text;
BEGIN
    SELECT n.nspowner, n.nspacl INTO owner, creators
    FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'concord'::pg_catalog.name;
    IF EXISTS (SELECT FROM pg_catalog.pg_depend d
               JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) d.refobjid
               WHERE n.nspname OPERATOR(pg_catalog.=) 'concord'::pg_catalog.name
                 AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
                 AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid) THEN
        problem := 'The schema is not empty.';
    ELSIF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r
                      WHERE r.oid OPERATOR(pg_catalog.=) owner
                        AND (r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) CURRENT_USER)) THEN
        problem := 'The schema belongs to another role, which is not a superuser.';
    ELSIF EXISTS (SELECT FROM pg_catalog.aclexplode(creators) a
                  WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'::pg_catalog.text
                    AND a.grantee OPERATOR(pg_catalog.<>) owner) THEN
        problem := 'A role other than its owner may create objects in the schema.';
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'schema "concord" already exists and cannot hold the extension'
            USING ERRCODE = 'duplicate_schema', DETAIL = problem,
                  HINT = 'Drop or rename the schema, then create the extension again.';
    END IF;
END
$$;
