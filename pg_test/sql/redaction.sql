-- Columns that images must not show: excluded ones are not mentioned at all, of redacted ones the log says that they changed.
CREATE EXTENSION concord;
\getenv srcdir PG_ABS_SRCDIR
\set ECHO none
\i :srcdir/sql/helpers/news.sql
\set ECHO all

-- A name that suggests a secret is pointed out, once per column; not when it is taken care of.
CREATE TABLE account (
    id int PRIMARY KEY, email text, "Password Hash" text, api_token text, pwd_salt bytea, search_text tsvector, secretary text, note text);
SELECT concord.track('account', version_column => NULL);
SELECT concord.track('account', version_column => NULL, exclude => '{search_text,secretary}', redact => '{"Password Hash",api_token,pwd_salt}');

-- INSERT names what is not shown; UPDATE what changed of it; a change of excluded columns alone is no event.
INSERT INTO account VALUES (1, 'a@example.org', 'S3CRET-1', 'S3CRET-2', 'S3CRET-3', 'S3CRET', 'S3CRET', 'x');
INSERT INTO account (id) VALUES (2);
UPDATE account SET "Password Hash" = 'S3CRET-4' WHERE id = 1;
UPDATE account SET "Password Hash" = 'S3CRET-5', api_token = NULL, note = 'y' WHERE id = 1;
UPDATE account SET "Password Hash" = "Password Hash", note = 'z' WHERE id = 1;
UPDATE account SET search_text = 'S3CRET other', secretary = 'S3CRET-6' WHERE id = 1;
UPDATE account SET id = 3 WHERE id = 1;
DELETE FROM account WHERE id = 3;
TRUNCATE account;
SELECT n, record, operation, old, new, metadata FROM news();

-- A stale write keeps the incoming image in the conflicts, without the secret.
CREATE TABLE member (id int PRIMARY KEY, name text, password text NOT NULL DEFAULT '', hidden text);
SELECT concord.track('member', redact => '{password}', exclude => '{hidden}');
INSERT INTO member VALUES (1, 'm', 'S3CRET-10', 'S3CRET-11');
SELECT row_version AS first FROM member \gset
UPDATE member SET name = 'n', password = 'S3CRET-12', row_version = :'first';
SELECT row_version AS second FROM member \gset
\set VERBOSITY terse
UPDATE member SET name = 'o', password = 'S3CRET-13', hidden = 'S3CRET-14', row_version = :'first';
\set VERBOSITY verbose
SELECT conflict_type, base_values - 'row_version' AS base, local_values - 'row_version' AS local, remote_values - 'row_version' AS remote,
       applied_values - 'row_version' AS applied
FROM concord.conflicts;
-- A write of excluded columns alone leaves the version alone; one of a redacted column does not.
UPDATE member SET hidden = 'S3CRET-15';
SELECT row_version = :'second' AS same_version, hidden FROM member;
UPDATE member SET password = 'S3CRET-17', row_version = :'second';
SELECT row_version > :'second' AS new_version FROM member;
SELECT record, operation, old - 'row_version' AS old, new - 'row_version' AS new, metadata -> 'redacted' AS redacted
FROM news() WHERE operation <> 'STALE';

-- Partitions, whose columns stand elsewhere.
CREATE TABLE visitor (id int, day date, secret text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visitor_2024 (secret text, day date NOT NULL, id int NOT NULL);
ALTER TABLE visitor ATTACH PARTITION visitor_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visitor_2025 PARTITION OF visitor FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT concord.track('visitor', version_column => NULL, redact => '{secret}');
INSERT INTO visitor VALUES (1, '2024-05-05', 'S3CRET-20');
UPDATE visitor SET day = '2025-05-05', secret = 'S3CRET-21';
UPDATE visitor SET secret = 'S3CRET-22';
TRUNCATE visitor_2025;
SELECT record, operation, old, new, metadata FROM news();

-- Triggers made by hand: the capture trigger alone says what is left out, and the others follow.
CREATE TABLE by_hand (id int PRIMARY KEY, name text, secret text, row_version concord.hlc);
CREATE TRIGGER a_version BEFORE INSERT OR UPDATE ON by_hand FOR EACH ROW EXECUTE FUNCTION concord.version_trigger();
CREATE TRIGGER b_truncate BEFORE TRUNCATE ON by_hand FOR EACH STATEMENT EXECUTE FUNCTION concord.truncate_trigger();
CREATE TRIGGER c_capture AFTER INSERT OR UPDATE OR DELETE ON by_hand FOR EACH ROW EXECUTE FUNCTION concord.capture_trigger('exclude=secret');
INSERT INTO by_hand VALUES (1, 'x', 'S3CRET-30');
SELECT row_version AS first FROM by_hand \gset
UPDATE by_hand SET name = 'y', secret = 'S3CRET-31';
\set VERBOSITY terse
UPDATE by_hand SET name = 'z', secret = 'S3CRET-32', row_version = :'first';
\set VERBOSITY verbose
TRUNCATE by_hand;
SELECT record, operation, old - 'row_version' AS old, new - 'row_version' AS new FROM news();
SELECT local_values - 'row_version' AS local, remote_values - 'row_version' AS remote FROM concord.conflicts WHERE table_name = 'by_hand';

-- A redacted column that must have a value needs one for the rows inserted on other nodes.
CREATE TABLE strict (id int PRIMARY KEY, secret text NOT NULL, other text NOT NULL DEFAULT '-', number int GENERATED ALWAYS AS IDENTITY);
SELECT concord.track('strict', redact => '{secret}');
SELECT concord.track('strict', redact => '{secret}', redact_default => '{"other": "x", "secret": "!"}');
SELECT concord.track('strict', redact => '{secret,other,number}', redact_default => '{"secret": "!", "other": 123456789012345678901234567890.10}');
SELECT redact, redact_default FROM concord.tracked_tables WHERE relation = 'strict'::regclass;
SELECT concord.track('strict', redact => '{secret}', exclude => '{secret}');
SELECT concord.track('strict', redact => '{id}', redact_default => '{"id": 0}');
-- The old options still stand.
SELECT redact, exclude FROM concord.tracked_tables WHERE relation = 'strict'::regclass;

-- A secret that is tracked no more, and one that never was shown: nothing of them is anywhere in concord's schema.
SELECT relname FROM pg_class
WHERE relnamespace = 'concord'::regnamespace AND relkind = 'r'
      AND query_to_xml(format('SELECT * FROM concord.%I', relname), true, false, '')::text LIKE '%S3CRET%'
ORDER BY relname;
-- (The check finds what is there.)
SELECT concord.track('account', version_column => NULL);
INSERT INTO account (id, note) VALUES (9, 'S3CRET');
SELECT relname FROM pg_class
WHERE relnamespace = 'concord'::regnamespace AND relkind = 'r'
      AND query_to_xml(format('SELECT * FROM concord.%I', relname), true, false, '')::text LIKE '%S3CRET%'
ORDER BY relname;
