-- Under manual a conflict stays open until somebody decides, which is what the report is about.
SELECT concord.track('users', conflict_policy => 'manual', redact => '{password_hash}',
    redact_default => '{"password_hash": "locked"}');
SELECT concord.track('datatypes');
SELECT concord.track('routes', conflict_policy => 'manual');
SELECT concord.track('content_data', conflict_policy => 'merge', merge_silently => '{date_modified}',
    merge_groups => '[["parent_id", "first_child_id", "next_sibling_id", "prev_sibling_id"]]');
SELECT concord.track('content_fields', conflict_policy => 'manual');
SELECT concord.track('media');
