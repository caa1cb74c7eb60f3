-- The same for clients that know only bigint and char(26).
CREATE VIEW concord.change_events_plain AS
SELECT e.event_id::text::char(26) AS event_id,
       e.hlc::bigint AS hlc,
       e.origin_node_id::text::char(26) AS origin_node_id,
       e.node_sequence, e.group_sequence, e.group_size, e.table_schema, e.table_name, e.record_id,
       e.operation, e.touched, e.silent, e.action, e."session_user", e.user_id, e.request_id, e.ip,
       e.old_values, e.new_values,
       e.base_version::bigint AS base_version,
       e.observed,
       e.depends_on_event_ids::text[]::char(26)[] AS depends_on_event_ids,
       e.metadata, e.wall_timestamp
FROM concord.change_events e;

CREATE VIEW concord.nodes_plain AS
SELECT n.node_id::text::char(26) AS node_id,
       n.name, n.hostname, n.status,
       n.predecessor_id::text::char(26) AS predecessor_id,
       n.registered_at, n.last_heartbeat,
       n.hlc_high_water_mark::bigint AS hlc_high_water_mark,
       n.applied_sequence, n.received_sequence, n.observed, n.key_space
FROM concord.nodes n;

CREATE VIEW concord.conflicts_plain AS
SELECT c.conflict_id::text::char(26) AS conflict_id,
       c.table_schema, c.table_name, c.record_id, c.conflict_type, c.conflict_policy,
       c.local_event_id::text::char(26) AS local_event_id,
       c.remote_event_id::text::char(26) AS remote_event_id,
       c.base_values, c.local_values, c.remote_values, c.applied_values,
       c.detected_at, c.resolved_at, c.resolution, c.resolved_by, c.detail
FROM concord.conflicts c;

COMMENT ON VIEW concord.change_events_plain IS 'The table change_events in built-in types';
COMMENT ON VIEW concord.nodes_plain IS 'The table nodes in built-in types';
COMMENT ON VIEW concord.conflicts_plain IS 'The table conflicts in built-in types';
