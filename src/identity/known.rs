//! The identities that `concord.identity` knows.

use crate::identity::place::Place;
use crate::pg::query;
use crate::types::parameter::ulid;
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::ulid::Ulid;

/// One row of `concord.identity`.
#[derive(Clone, Copy)]
pub struct Identity {
    /// `node_id`
    pub node_id: Ulid,
    /// Where it writes.
    pub place: Place,
    /// `contiguous_sequence`
    pub contiguous: i64,
    /// Another identity has followed it.
    pub succeeded: bool,
}

/// All identities, oldest first.
pub fn read_identities() -> Vec<Identity> {
    query::all(
        "SELECT i.node_id, i.system_identifier, i.database_oid, i.timeline, i.contiguous_sequence,
                EXISTS (SELECT FROM concord.identity s WHERE s.predecessor_id = i.node_id)
         FROM concord.identity i ORDER BY i.created_at, i.node_id",
        &[],
        |row| Identity {
            node_id: row.required::<SqlUlid>(1).into(),
            place: Place {
                system: row.required(2),
                database: row.required(3),
                timeline: row.required(4),
            },
            contiguous: row.required(5),
            succeeded: row.required(6),
        },
    )
}

/// The highest number of a node in the log.
pub fn last_number(node_id: Ulid) -> i64 {
    query::one(
        "SELECT node_sequence FROM concord.change_events
         WHERE origin_node_id = $1 ORDER BY node_sequence DESC LIMIT 1",
        &[ulid(node_id)],
        |row| row.required(1),
    )
    .unwrap_or_default()
}
