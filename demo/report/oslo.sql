-- Ada and Grace in Oslo.
BEGIN;
SELECT concord.set_context(user_id => 'ada', request_id => 'r-71', action => 'edit');
UPDATE content_fields SET value = 'Getting Started in Half an Hour' WHERE content_id = page('tutorial-start') AND field = 'title';
UPDATE content_fields SET value = 'Backups and how to restore them' WHERE content_id = page('backup') AND field = 'title';
COMMIT;
BEGIN;
SELECT concord.set_context(user_id => 'grace', request_id => 'r-72', action => 'edit');
UPDATE content_fields SET value = replace(value, 'much faster', 'far faster')
WHERE content_id = page('indexes') AND field = 'summary';
UPDATE content_fields SET value = regexp_replace(value, 'regularly', 'every day')
WHERE content_id = page('backup') AND field = 'body';
DELETE FROM content_fields WHERE content_id = page('sql-select') AND field = 'summary';
INSERT INTO content_fields VALUES (page('intro-whatis'), 'title', 'de', 'Was ist PostgreSQL?');
UPDATE routes SET slug = 'getting-started' WHERE slug = 'tutorial-start';
INSERT INTO users (username, email, password_hash) VALUES ('linus', 'linus@oslo.example.org', 'scrypt');
COMMIT;
-- Margaret saves over what Grace has just written.
SELECT row_version AS seen FROM content_fields WHERE content_id = page('mvcc') AND field = 'title' \gset
UPDATE content_fields SET value = 'Concurrency' WHERE content_id = page('mvcc') AND field = 'title';
BEGIN;
SELECT concord.set_context(user_id => 'margaret', request_id => 'r-73', action => 'edit');
UPDATE content_fields SET value = 'Concurrency Control, Explained', row_version = :'seen'
WHERE content_id = page('mvcc') AND field = 'title';
COMMIT;
