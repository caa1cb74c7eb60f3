//! What a STALE event says, as a row of `concord.conflicts`.

use crate::identity::Attached;
use crate::log::sql::{in_order, last_first, of_row, seen_of};
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::types::parameter::ulid;

/// Records the stale writes among these events of the node. The STALE event's id is the conflict's,
/// so that it is the same on all nodes.
///
/// Under `on_stale => 'record'` the row that stands is local and the write remote, open until
/// somebody decides; under `'overwrite'` the write stands and what it overwrote is remote, closed.
pub fn record(node: &Attached, first: i64, last: i64) {
    let _owner = AsOwner::of(node.log);
    query::run(
        &format!(
            "INSERT INTO concord.conflicts
                 (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy,
                  local_event_id, remote_event_id, base_values, local_values, remote_values,
                  applied_values, detected_at, resolved_at, resolution)
             SELECT s.event_id, s.table_schema, s.table_name, s.record_id, 'stale_write',
                    s.metadata ->> 'conflict_policy',
                    CASE WHEN m.kept THEN earlier.event_id ELSE landed.event_id END,
                    CASE WHEN m.kept THEN s.event_id ELSE earlier.event_id END,
                    base.image,
                    CASE WHEN m.kept THEN s.old_values ELSE s.new_values END,
                    CASE WHEN m.kept THEN s.new_values ELSE s.old_values END,
                    CASE WHEN m.kept THEN s.old_values ELSE s.new_values END,
                    s.wall_timestamp,
                    CASE WHEN NOT m.kept THEN s.wall_timestamp END,
                    CASE WHEN NOT m.kept THEN 'overwrite' END
             FROM concord.change_events s
             CROSS JOIN LATERAL (SELECT s.metadata ->> 'on_stale' <> 'overwrite' AS kept,
                                        s.metadata ->> 'version_column' AS version_column) m
             -- What the writer's node had: what came to others later, or came here first, does not count.
             CROSS JOIN LATERAL (
                 SELECT g.observed || pg_catalog.jsonb_build_object(
                            s.origin_node_id::text, s.node_sequence - 1) AS vector
                 FROM concord.change_events g
                 WHERE g.origin_node_id = s.origin_node_id AND g.node_sequence = s.group_sequence) seen
             LEFT JOIN LATERAL (
                 SELECT e.event_id FROM concord.change_events e
                 WHERE e.record_id = s.record_id AND e.table_name = s.table_name
                   AND e.table_schema = s.table_schema AND e.operation IN ('INSERT', 'UPDATE')
                   AND e.node_sequence <= {seen}
                 ORDER BY {last_first} LIMIT 1) earlier ON true
             LEFT JOIN LATERAL (
                 SELECT e.event_id FROM concord.change_events e
                 WHERE e.origin_node_id = s.origin_node_id AND e.group_sequence = s.group_sequence
                   AND e.node_sequence > s.node_sequence AND e.record_id = s.record_id
                   AND e.table_name = s.table_name AND e.table_schema = s.table_schema
                   AND e.operation = 'UPDATE'
                 ORDER BY e.node_sequence LIMIT 1) landed ON true
             LEFT JOIN LATERAL (
                 SELECT v.image FROM concord.change_events e
                 CROSS JOIN LATERAL (VALUES (1, e.new_values), (2, e.old_values)) v(place, image)
                 WHERE e.record_id = s.record_id AND e.table_name = s.table_name
                   AND e.table_schema = s.table_schema
                   AND {of_row}
                   AND e.node_sequence <= {seen}
                   AND v.image ->> m.version_column = s.metadata ->> 'read_version'
                 ORDER BY {in_order}, v.place LIMIT 1) base ON true
             WHERE s.origin_node_id = $1 AND s.node_sequence BETWEEN $2 AND $3
               AND s.operation = 'STALE'
             ON CONFLICT DO NOTHING",
            seen = seen_of("seen.vector", "e.origin_node_id::text"),
            last_first = last_first("e"),
            of_row = of_row("e"),
            in_order = in_order("e")
        ),
        &[ulid(node.node_id), parameter(first), parameter(last)],
    );
}
