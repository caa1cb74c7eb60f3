-- Margaret in Berlin.
BEGIN;
SELECT concord.set_context(user_id => 'margaret', request_id => 'r-41', action => 'edit');
UPDATE content_fields SET value = 'Getting Started in an Afternoon' WHERE content_id = page('tutorial-start') AND field = 'title';
UPDATE content_fields SET value = replace(value, 'database server', 'server')
WHERE content_id = page('indexes') AND field = 'summary';
UPDATE content_fields SET value = regexp_replace(value, 'regularly', 'often')
WHERE content_id = page('backup') AND field = 'body';
UPDATE content_fields SET value = rtrim(value) || '. Read this one first.' WHERE content_id = page('sql-select') AND field = 'summary';
INSERT INTO content_fields VALUES (page('intro-whatis'), 'title', 'de', 'Was PostgreSQL ist');
UPDATE routes SET slug = 'first-steps' WHERE slug = 'tutorial-start';
INSERT INTO users (username, email, password_hash) VALUES ('linus', 'linus@berlin.example.org', 'scrypt');
COMMIT;
SELECT concord.heartbeat();
