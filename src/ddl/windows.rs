//! Times in which changes of a tracked table were not captured.

use crate::identity::Attached;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::types::parameter::ulid;
use concord_core::names::TableName;

/// Opens a window, unless the table has one open already.
pub fn open(table: &TableName, reason: &str) {
    let [schema, name] = query::table(table);
    query::run(
        "INSERT INTO concord.capture_windows (table_schema, table_name, reason)
         SELECT $1, $2, $3
         WHERE NOT EXISTS (SELECT FROM concord.capture_windows
                           WHERE table_schema = $1 AND table_name = $2 AND closed_at IS NULL)",
        &[schema, name, parameter(reason)],
    );
}

/// Closes a table's open window; whether there was one.
pub fn close(table: &TableName) -> bool {
    let closed = query::run(
        "UPDATE concord.capture_windows SET closed_at = pg_catalog.clock_timestamp()
         WHERE table_schema = $1 AND table_name = $2 AND closed_at IS NULL",
        &query::table(table),
    );
    closed > 0
}

/// An open window goes along when its table is renamed.
pub fn rename(from: &TableName, to: &TableName) {
    query::run(
        "UPDATE concord.capture_windows SET table_schema = $3, table_name = $4
         WHERE table_schema = $1 AND table_name = $2 AND closed_at IS NULL",
        &[query::table(from), query::table(to)].concat(),
    );
}

/// The time since a table was last untracked, if it was.
pub fn note_untracked(table: &TableName) {
    query::run(
        "INSERT INTO concord.capture_windows (table_schema, table_name, reason, opened_at, closed_at)
         SELECT $1, $2, 'untracked', e.wall_timestamp, pg_catalog.clock_timestamp()
         FROM concord.change_events e
         WHERE e.record_id IS NULL AND e.table_name = $2 AND e.table_schema = $1
           AND e.operation = 'DDL' AND e.metadata ->> 'change' = 'untracked'
         ORDER BY e.hlc DESC LIMIT 1",
        &query::table(table),
    );
}

/// A window that was over when it was noticed.
pub fn note(table: &TableName, reason: &str) {
    let [schema, name] = query::table(table);
    query::run(
        "INSERT INTO concord.capture_windows (table_schema, table_name, reason, closed_at)
         VALUES ($1, $2, $3, pg_catalog.clock_timestamp())",
        &[schema, name, parameter(reason)],
    );
}

/// Records the windows that GAP events among these tell of.
pub fn record_gaps(node: &Attached, first: i64, last: i64) {
    let _owner = AsOwner::of(node.log);
    query::run(
        "INSERT INTO concord.capture_windows (table_schema, table_name, reason, opened_at, closed_at)
         SELECT e.table_schema, e.table_name, e.metadata ->> 'reason',
                pg_catalog.transaction_timestamp(), pg_catalog.clock_timestamp()
         FROM concord.change_events e
         WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3 AND e.operation = 'GAP'",
        &[ulid(node.node_id), parameter(first), parameter(last)],
    );
}
