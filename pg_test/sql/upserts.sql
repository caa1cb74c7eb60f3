-- Upserts that pass the version they read, with on_stale => 'reject' so that what was found stale is plain to see.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', on_stale => 'reject');
INSERT INTO page VALUES (1, 'one'), (2, 'two'), (3, 'three');
SELECT row_version AS old1 FROM page WHERE id = 1 \gset
SELECT row_version AS old2 FROM page WHERE id = 2 \gset
\c -
UPDATE page SET title = upper(title) WHERE id = 1;
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
SELECT row_version AS v3 FROM page WHERE id = 3 \gset

-- Not mentioned, or mentioned by the INSERT alone: an ordinary write.
INSERT INTO page VALUES (1, 'ordinary') ON CONFLICT (id) DO UPDATE SET title = excluded.title;
INSERT INTO page VALUES (1, 'ordinary, too', :'old1') ON CONFLICT (id) DO UPDATE SET title = excluded.title;
-- excluded.row_version is what the INSERT brought; without one it is nothing that was read.
INSERT INTO page VALUES (1, 'no version') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
SELECT title, row_version > :'v1' AS newer FROM page WHERE id = 1;
-- The one that stands goes through, any other is stale.
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (1, 'read', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version RETURNING title;
\set VERBOSITY terse
INSERT INTO page VALUES (1, 'stale', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
INSERT INTO page VALUES (1, 'stale', :'old1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
-- With the version spelled out.
INSERT INTO page VALUES (1, 'stale') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = :'v1';
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (1, 'read, spelled out') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = :'v1' RETURNING title;

-- Many at once: a new row, one that was read, one without a version; and one that is stale among them.
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (10, 'new', NULL), (1, 'bulk', :'v1'), (11, 'new', :'old1'), (2, 'bulk', NULL), (3, 'bulk', :'v3')
ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
SELECT id, title FROM page ORDER BY id;
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (12, 'new', NULL), (1, 'bulk again', :'v1'), (2, 'bulk again', :'old2'), (3, 'bulk again', NULL)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
SELECT concord.track('page');
INSERT INTO page VALUES (12, 'new', NULL), (1, 'bulk again', :'v1'), (2, 'bulk again', :'old2'), (3, 'bulk again', NULL)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version RETURNING id;
SELECT id, title FROM page ORDER BY id;
SELECT concord.track('page', on_stale => 'reject');

-- MERGE
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
MERGE INTO page USING (VALUES (1, 'merged', :'v1'::concord.hlc), (13, 'merged in', NULL)) s (id, title, row_version) ON page.id = s.id
WHEN MATCHED THEN UPDATE SET title = s.title, row_version = s.row_version
WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.title, s.row_version);
MERGE INTO page USING (VALUES (1, 'stale', :'v1'::concord.hlc)) s (id, title, row_version) ON page.id = s.id
WHEN MATCHED THEN UPDATE SET title = s.title, row_version = s.row_version;
SELECT id, title FROM page WHERE id IN (1, 13) ORDER BY id;

-- What an INSERT brought, and the stamp that it got instead, count for its own upsert, and for no later write of the session, in the
-- transaction or after it: a stale write is stale, and one that was read goes through.
INSERT INTO page VALUES (20, 'inserted');
SELECT row_version AS v20 FROM page WHERE id = 20 \gset
UPDATE page SET title = 'changed' WHERE id = 20;
UPDATE page SET title = 'stale', row_version = :'v20' WHERE id = 20;
BEGIN;
INSERT INTO page VALUES (21, 'inserted');
SELECT row_version AS v21 FROM page WHERE id = 21 \gset
UPDATE page SET title = 'changed' WHERE id = 21;
UPDATE page SET title = 'stale', row_version = :'v21' WHERE id = 21;
COMMIT;
INSERT INTO page VALUES (22, 'inserted', :'old1');
UPDATE page SET title = 'read', row_version = (SELECT row_version FROM page WHERE id = 22) WHERE id = 22 RETURNING title;

-- The application's triggers may write other tables with versions meanwhile.
CREATE TABLE journal (line int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
SELECT concord.track('journal');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journal (what) VALUES (tg_op);
    RETURN new;
END
$$;
CREATE TRIGGER a_note BEFORE INSERT OR UPDATE ON page FOR EACH ROW EXECUTE FUNCTION note();
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (1, 'with a trigger', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version RETURNING title;
CREATE TRIGGER zzz_note BEFORE INSERT OR UPDATE ON page FOR EACH ROW EXECUTE FUNCTION note();
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (1, 'with two triggers', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version RETURNING title;
INSERT INTO page VALUES (1, 'stale', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
DROP TRIGGER a_note ON page;
DROP TRIGGER zzz_note ON page;
-- However many rows come to nothing meanwhile, in a trigger or in an expression of the upsert itself.
CREATE TABLE tag (name text PRIMARY KEY);
SELECT concord.track('tag');
INSERT INTO tag VALUES ('tag');
CREATE FUNCTION name_tags(statements int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. statements LOOP
        INSERT INTO tag SELECT 'tag' FROM generate_series(1, 3000) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN '';
END
$$;
CREATE FUNCTION tag() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM name_tags(2); RETURN new; END $$;
CREATE TRIGGER zzz_tag BEFORE INSERT OR UPDATE ON page FOR EACH ROW EXECUTE FUNCTION tag();
SELECT row_version AS v1 FROM page WHERE id = 1 \gset
INSERT INTO page VALUES (1, 'with tags', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title || name_tags(2), row_version = excluded.row_version RETURNING title;
INSERT INTO page VALUES (1, 'stale', :'v1') ON CONFLICT (id) DO UPDATE SET title = excluded.title || name_tags(2), row_version = excluded.row_version;
DROP TRIGGER zzz_tag ON page;
\set VERBOSITY verbose

-- Into partitions, where the columns stand elsewhere.
CREATE TABLE part (id int, lang text, title text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
CREATE TABLE part_de (title text, gone int, lang text NOT NULL, id int NOT NULL);
ALTER TABLE part_de DROP COLUMN gone;
ALTER TABLE part ATTACH PARTITION part_de FOR VALUES IN ('de');
CREATE TABLE part_en PARTITION OF part FOR VALUES IN ('en');
SELECT concord.track('part');
INSERT INTO part VALUES (1, 'de', 'eins'), (1, 'en', 'one');
SELECT row_version AS de FROM part WHERE lang = 'de' \gset
SELECT row_version AS en FROM part WHERE lang = 'en' \gset
\c -
\set VERBOSITY terse
INSERT INTO part VALUES (1, 'de', 'neu', :'de'), (1, 'en', 'new', :'en') ON CONFLICT (id, lang) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
INSERT INTO part VALUES (1, 'de', 'alt', :'de'), (1, 'en', 'old', :'en') ON CONFLICT (id, lang) DO UPDATE SET title = excluded.title, row_version = excluded.row_version;
UPDATE part SET title = 'stale', row_version = :'de' WHERE id = 1;
SELECT lang, title FROM part ORDER BY lang;
-- A stale write that would move the row does not.
UPDATE part SET lang = 'en', id = 2, row_version = :'de' WHERE lang = 'de';
SELECT row_version AS de FROM part WHERE lang = 'de' \gset
UPDATE part SET lang = 'en', id = 2, row_version = :'de' WHERE lang = 'de';
SELECT id, lang, title, row_version > :'de' AS newer FROM part ORDER BY id;
SELECT record_id, operation, old_values ->> 'title' AS old, new_values ->> 'title' AS new FROM concord.change_events WHERE table_name = 'part' ORDER BY node_sequence;
