//! The columns of `concord.change_events`, which are written and read by their place, as PostgreSQL has them.

use crate::error::Result;
use crate::pg::layout::{self, Expected};
use crate::pg::relation::Open;
use crate::types::{hlc::Hlc, ulid::Ulid};
use concord_core::log_column::{Kind, LogColumn};
use pgrx::pg_sys;

/// Refuses a log that somebody has altered: 55000.
///
/// # Safety
/// The relation is open.
#[allow(unsafe_code)]
pub unsafe fn require(log: pg_sys::Relation) -> Result<()> {
    let expected: [Expected<'_>; LogColumn::COUNT] =
        LogColumn::ALL.map(|column| (column.name(), type_of(column.kind())));
    // SAFETY: by the caller's promise.
    unsafe { layout::require(log, &expected) }
}

/// The type of what a column holds.
#[allow(unsafe_code)]
fn type_of(kind: Kind) -> pg_sys::Oid {
    match kind {
        Kind::Ulid => Ulid::oid(),
        // SAFETY: a catalog look-up by object id.
        Kind::Ulids => unsafe { pg_sys::get_array_type(Ulid::oid()) },
        Kind::Hlc => Hlc::oid(),
        Kind::Bigint => pg_sys::INT8OID,
        Kind::Integer => pg_sys::INT4OID,
        Kind::Text => pg_sys::TEXTOID,
        Kind::Texts => pg_sys::TEXTARRAYOID,
        Kind::Inet => pg_sys::INETOID,
        Kind::Object | Kind::Vector => pg_sys::JSONBOID,
        Kind::Time => pg_sys::TIMESTAMPTZOID,
    }
}

/// The same by its object id, before much is made of it.
#[allow(unsafe_code)]
pub fn require_of(log: pg_sys::Oid) -> Result<()> {
    // SAFETY: the relation is open while it is looked at.
    unsafe { require(Open::table(log, pg_sys::AccessShareLock).as_ptr()) }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::type_of;
    use crate::pg::query;
    use concord_core::log_column::LogColumn;
    use pgrx::prelude::*;

    /// Name, type and whether it can be null, of each column of a table, in its order.
    fn declared(table: &str) -> Vec<(String, pg_sys::Oid, bool)> {
        query::all(
            "SELECT attname::text, atttypid, NOT attnotnull FROM pg_catalog.pg_attribute
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[query::parameter(table)],
            |row| (row.required(1), row.required(2), row.required(3)),
        )
    }

    #[pg_test]
    fn the_list_is_what_the_catalog_has() {
        let list = LogColumn::ALL
            .map(|column| (column.name().to_owned(), type_of(column.kind()), column.is_nullable()));
        assert_eq!(declared("concord.change_events"), list);
        // What waits has the same, and behind it why.
        let waiting = declared("concord.received_events");
        assert_eq!(waiting[..LogColumn::COUNT], list);
        let more: Vec<&str> =
            waiting[LogColumn::COUNT..].iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(more, ["reason", "detail", "received_at"]);
    }
}
