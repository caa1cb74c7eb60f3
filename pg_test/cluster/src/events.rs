//! The log as a test reads it.

use crate::session::Session;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `event_id`
    pub id: String,
    /// `hlc`
    pub hlc: i64,
    /// `node_sequence`
    pub sequence: i64,
    /// `group_sequence`
    pub group: i64,
    /// `group_size`
    pub group_size: i32,
    /// `table_name`
    pub table: Option<String>,
    /// `record_id`
    pub record: Option<String>,
    /// `operation`
    pub operation: String,
    /// `request_id`
    pub request: Option<String>,
    /// `old_values`, as text
    pub old: Option<String>,
    /// `new_values`, as text
    pub new: Option<String>,
}

impl Event {
    /// Whether the event tells of a row; the others tell of the node, its tables or its numbers.
    pub fn is_of_row(&self) -> bool {
        ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "STALE"].contains(&self.operation.as_str())
    }

    /// Whether the event fills a number that died.
    pub fn is_void(&self) -> bool {
        self.operation == "VOID"
    }
}

/// All events of this node, by number.
pub fn read(session: &mut Session) -> Vec<Event> {
    let rows = session.client().query(
        "SELECT event_id::text, hlc::bigint, node_sequence, group_sequence, group_size, table_name,
                record_id, operation, request_id, old_values::text, new_values::text
         FROM concord.change_events WHERE origin_node_id = concord.node_id()
         ORDER BY node_sequence",
        &[],
    );
    let event = |row: &postgres::Row| Event {
        id: row.get(0),
        hlc: row.get(1),
        sequence: row.get(2),
        group: row.get(3),
        group_size: row.get(4),
        table: row.get(5),
        record: row.get(6),
        operation: row.get(7),
        request: row.get(8),
        old: row.get(9),
        new: row.get(10),
    };
    rows.expect("can read the log").iter().map(event).collect()
}
