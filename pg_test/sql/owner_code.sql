-- Code of a table's owner that runs while events of another node are applied: it runs as that owner, and what it sets is
-- forgotten before concord, or the next row's code, goes on.
CREATE EXTENSION concord;
CREATE ROLE regress_owner;
CREATE SCHEMA site AUTHORIZATION regress_owner;
SET ROLE regress_owner;
CREATE TABLE site.page (id int PRIMARY KEY, title text);
CREATE TABLE site.seen (who name, path text, rows text);
RESET ROLE;
SELECT concord.track('site.page', version_column => NULL);
INSERT INTO site.page VALUES (1, 'one');
INSERT INTO site.page VALUES (2, 'two');
UPDATE site.page SET title = 'zwei' WHERE id = 2;
DELETE FROM site.page WHERE id = 1;
CREATE TABLE sent AS SELECT array_agg(e ORDER BY n) AS events FROM concord.export_events() WITH ORDINALITY AS x(e, n);

-- The same tables as another node has them.
DROP EXTENSION concord CASCADE;
TRUNCATE site.page;
CREATE EXTENSION concord;
SELECT concord.track('site.page', version_column => NULL);
SET ROLE regress_owner;
CREATE FUNCTION site.looks_good(title text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO site.seen VALUES (current_user, current_setting('search_path'), current_setting('row_security'));
    PERFORM set_config('search_path', 'site', false), set_config('row_security', 'off', false),
            set_config('enable_indexscan', 'off', false);
    RETURN true;
END
$$;
ALTER TABLE site.page ADD CHECK (site.looks_good(title));
RESET ROLE;
SELECT applied, pending FROM sent, concord.apply_events(events);
SELECT * FROM site.page;
SELECT who, path, rows FROM site.seen GROUP BY 1, 2, 3;
SELECT count(*) > 1 AS several FROM site.seen;
SHOW search_path;
SHOW row_security;
SHOW enable_indexscan;

DROP EXTENSION concord CASCADE;
DROP SCHEMA site CASCADE;
DROP ROLE regress_owner;
