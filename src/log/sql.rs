//! What stands in many statements about the log, under names.

/// Whether an event is one of a row.
pub fn of_row(event: &str) -> String {
    format!("{event}.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')")
}

/// The order of events.
pub fn in_order(event: &str) -> String {
    format!("{event}.hlc, {event}.origin_node_id, {event}.node_sequence")
}

/// The order of events, the last one first.
pub fn last_first(event: &str) -> String {
    format!("{event}.hlc DESC, {event}.origin_node_id DESC, {event}.node_sequence DESC")
}

/// The number of a node, which is given as text, up to which a vector has all.
pub fn seen_of(vector: &str, node: &str) -> String {
    format!("COALESCE(({vector} ->> {node})::bigint, 0)")
}
