-- Lima edits, too; not all of it arrives.
BEGIN;
SELECT concord.set_context(user_id => 'ada', request_id => 'r-12', action => 'edit');
UPDATE content_fields SET value = 'Saving and Restoring' WHERE content_id = page('backup') AND field = 'title';
COMMIT;
UPDATE content_data SET status = 'published' WHERE content_id = page('indexes');
UPDATE content_fields SET value = 'Select' WHERE content_id = page('sql-select') AND field = 'title';
UPDATE content_data SET status = 'published' WHERE content_id = page('backup');
UPDATE content_fields SET value = value || '!' WHERE content_id = page('mvcc') AND field = 'title';
SELECT concord.heartbeat();
