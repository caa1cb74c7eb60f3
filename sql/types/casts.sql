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
