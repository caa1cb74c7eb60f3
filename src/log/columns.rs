//! The columns of `concord.change_events` (`sql/10_log.sql`), which are written and read by their place.

use crate::error::Result;
use crate::pg::layout::{self, Expected};
use crate::pg::relation::Open;
use crate::types::{hlc::Hlc, ulid::Ulid};
use pgrx::pg_sys;

/// How many there are.
pub const COUNT: usize = 24;

/// Refuses a log that somebody has altered: 55000.
///
/// # Safety
/// The relation is open.
#[allow(unsafe_code)]
pub unsafe fn require(log: pg_sys::Relation) -> Result<()> {
    let (hlc, ulid) = (Hlc::oid(), Ulid::oid());
    // SAFETY: a catalog look-up by object id.
    let ulids = unsafe { pg_sys::get_array_type(ulid) };
    let expected: [Expected<'_>; COUNT] = [
        ("event_id", ulid),
        ("hlc", hlc),
        ("origin_node_id", ulid),
        ("node_sequence", pg_sys::INT8OID),
        ("group_sequence", pg_sys::INT8OID),
        ("group_size", pg_sys::INT4OID),
        ("table_schema", pg_sys::TEXTOID),
        ("table_name", pg_sys::TEXTOID),
        ("record_id", pg_sys::TEXTOID),
        ("operation", pg_sys::TEXTOID),
        ("touched", pg_sys::TEXTARRAYOID),
        ("silent", pg_sys::TEXTARRAYOID),
        ("action", pg_sys::TEXTOID),
        ("session_user", pg_sys::TEXTOID),
        ("user_id", pg_sys::TEXTOID),
        ("request_id", pg_sys::TEXTOID),
        ("ip", pg_sys::INETOID),
        ("old_values", pg_sys::JSONBOID),
        ("new_values", pg_sys::JSONBOID),
        ("base_version", hlc),
        ("observed", pg_sys::JSONBOID),
        ("depends_on_event_ids", ulids),
        ("metadata", pg_sys::JSONBOID),
        ("wall_timestamp", pg_sys::TIMESTAMPTZOID),
    ];
    // SAFETY: by the caller's promise.
    unsafe { layout::require(log, &expected) }
}

/// The same by its object id, before much is made of it.
#[allow(unsafe_code)]
pub fn require_of(log: pg_sys::Oid) -> Result<()> {
    // SAFETY: the relation is open while it is looked at.
    unsafe { require(Open::table(log, pg_sys::AccessShareLock).as_ptr()) }
}
