//! What RESOLVE events say of conflicts that are known here.

use crate::log::sql::last_first;
use crate::pg::query;
use crate::sync::receive::group::place;
use concord_core::delivery::Group;

/// What the RESOLVE events of a group say of conflicts that are known here. Where several were made
/// without knowledge of each other, the last stands, as it does for the rows. Conflicts that follow
/// from a state are open as long as that state lasts, whatever was decided.
pub fn take_in(group: &Group) {
    query::run(
        &format!(
"UPDATE concord.conflicts c
         SET resolved_at = CASE WHEN c.conflict_type IN ('unique_key', 'foreign_key') THEN c.resolved_at
                                WHEN d.keep <> 'reopen' THEN d.wall_timestamp END,
             resolution = NULLIF(d.keep, 'reopen'),
             resolved_by = CASE WHEN d.keep <> 'reopen' THEN d.resolved_by END
         FROM (SELECT DISTINCT ON (e.metadata ->> 'conflict_id')
                      e.metadata ->> 'conflict_id' AS id, e.metadata ->> 'keep' AS keep,
                      e.metadata ->> 'resolved_by' AS resolved_by, e.wall_timestamp
               FROM concord.change_events g
               JOIN concord.change_events e
                 ON e.record_id = g.record_id AND e.table_name = g.table_name
                AND e.table_schema = g.table_schema AND e.operation = 'RESOLVE'
                AND e.metadata ->> 'conflict_id' = g.metadata ->> 'conflict_id'
               WHERE g.origin_node_id = $1 AND g.node_sequence BETWEEN $2 AND $3
                 AND g.operation = 'RESOLVE'
               ORDER BY e.metadata ->> 'conflict_id', {last_first}) d
         WHERE c.conflict_id::text = d.id
           AND NOT (c.conflict_type IN ('unique_key', 'foreign_key') AND c.resolved_at IS NULL)",
last_first = last_first("e")
),
        &place(group),
    );
}
