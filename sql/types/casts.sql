-- Casts are explicit: none of them may turn a mistake into a value. To and from text, PostgreSQL casts
-- every type by its input and output functions.

CREATE CAST (concord.hlc AS bigint) WITHOUT FUNCTION;
CREATE CAST (bigint AS concord.hlc) WITH FUNCTION concord.hlc(bigint);
CREATE CAST (concord.hlc AS timestamptz) WITH FUNCTION concord.hlc_time(concord.hlc);

CREATE CAST (concord.ulid AS uuid) WITHOUT FUNCTION;
CREATE CAST (uuid AS concord.ulid) WITHOUT FUNCTION;
CREATE CAST (concord.ulid AS bytea) WITH FUNCTION concord.ulid_send(concord.ulid);
CREATE CAST (bytea AS concord.ulid) WITH FUNCTION concord.ulid(bytea);
CREATE CAST (concord.ulid AS timestamptz) WITH FUNCTION concord.ulid_time(concord.ulid);

COMMENT ON CAST (concord.hlc AS bigint) IS 'Number that is (milliseconds << 16) | counter';
COMMENT ON CAST (bigint AS concord.hlc) IS 'Clock value that is (milliseconds << 16) | counter';
COMMENT ON CAST (concord.hlc AS timestamptz) IS 'Time of a clock value';
COMMENT ON CAST (concord.ulid AS uuid) IS 'UUID of the same 16 bytes';
COMMENT ON CAST (uuid AS concord.ulid) IS 'ULID of the same 16 bytes';
COMMENT ON CAST (concord.ulid AS bytea) IS 'The 16 bytes of a ULID';
COMMENT ON CAST (bytea AS concord.ulid) IS 'ULID of 16 bytes';
COMMENT ON CAST (concord.ulid AS timestamptz) IS 'Time of a ULID';
