-- Six tables of a CMS are tracked
-- One call tracks a table. From now on, every committed change of a row makes an event. The pointers of the page tree
-- are merged together or not at all, and password hashes never enter the log.
:statements
SELECT concord.track('users', redact => '{password_hash}', redact_default => '{"password_hash": "locked"}');
SELECT concord.track('datatypes');
SELECT concord.track('routes', rename => '{slug}');
SELECT concord.track('content_data', conflict_policy => 'merge', merge_silently => '{date_modified}',
    merge_groups => '[["parent_id", "first_child_id", "next_sibling_id", "prev_sibling_id"]]');
SELECT concord.track('content_fields', conflict_policy => 'manual');
SELECT concord.track('media');
:results
SELECT demo.equal('tables tracked', count(*)::int, 6) FROM concord.tracked_tables :check
