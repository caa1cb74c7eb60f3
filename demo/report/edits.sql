-- Some editing on one node: pages published and archived, summaries touched up, a picture renamed.
SELECT setseed(:seed + length(:'node')::float8 / 100) \g /dev/null
SELECT (random() * 30)::int AS pages, (random() * 12)::int AS summaries, (random() * 2)::int AS pictures \gset
BEGIN;
SELECT concord.set_context(user_id => 'ada', request_id => 'publish', action => 'publish');
UPDATE content_data SET status = CASE status WHEN 'published' THEN 'archived' ELSE 'published' END
WHERE content_id IN (SELECT content_id FROM content_data WHERE status <> 'archived' ORDER BY random() LIMIT :pages);
COMMIT;
BEGIN;
SELECT concord.set_context(user_id => 'grace', request_id => 'edit', action => 'edit');
UPDATE content_fields SET value = initcap(left(value, 1)) || substr(value, 2) || ' '
WHERE field = 'summary' AND content_id IN (
    SELECT content_id FROM content_fields WHERE field = 'summary' ORDER BY random() LIMIT :summaries);
COMMIT;
UPDATE media SET name = replace(name, '.', '-' || :'node' || '.')
WHERE media_id IN (SELECT media_id FROM media ORDER BY random() LIMIT :pictures);
SELECT concord.heartbeat();
