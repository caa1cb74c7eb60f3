//! Relations: locked, opened, named.

#![allow(unsafe_code)]

use crate::error::{Error, Result};
use concord_core::names::TableName;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::ffi::{CStr, c_char};

/// Locks a relation by its object id, and keeps the lock until the transaction ends. `mode` is one of PostgreSQL's
/// (`pg_sys::AccessShareLock` and so on). Taking a lock makes known what others have changed.
pub fn lock(relation: pg_sys::Oid, mode: u32) {
    // SAFETY: an ordinary lock, on whatever the number means; an abort releases it.
    unsafe { pg_sys::LockRelationOid(relation, mode as i32) };
}

/// The same, if nobody stands in the way.
pub fn try_lock(relation: pg_sys::Oid, mode: u32) -> bool {
    // SAFETY: as in `lock`.
    unsafe { pg_sys::ConditionalLockRelationOid(relation, mode as i32) }
}

/// Releases a lock before the transaction ends.
pub fn unlock(relation: pg_sys::Oid, mode: u32) {
    // SAFETY: a lock that is not held is reported by a warning.
    unsafe { pg_sys::UnlockRelationOid(relation, mode as i32) };
}

/// An open table or index, closed on drop.
pub struct Open {
    relation: pg_sys::Relation,
    released: u32,
}

impl Open {
    /// Opens a table that must be there; its lock stays.
    pub fn table(oid: pg_sys::Oid, mode: u32) -> Open {
        // SAFETY: raises where there is no such table.
        let relation = unsafe { pg_sys::table_open(oid, mode as i32) };
        Open { relation, released: pg_sys::NoLock }
    }

    /// Opens a table that somebody may have dropped: 42P01. Its lock stays.
    pub fn existing(oid: pg_sys::Oid, mode: u32) -> Result<Open> {
        // SAFETY: returns null where there is no such relation.
        let relation = unsafe { pg_sys::try_table_open(oid, mode as i32) };
        if relation.is_null() {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                format!("relation with OID {} does not exist", oid.to_u32()),
            )
            .hint("Specify the table by name."));
        }
        Ok(Open { relation, released: pg_sys::NoLock })
    }

    /// Opens an index of an open table for a moment: its lock goes when it is closed.
    pub fn index(oid: pg_sys::Oid) -> Open {
        // SAFETY: raises where there is no such index.
        let relation = unsafe { pg_sys::index_open(oid, pg_sys::AccessShareLock as i32) };
        Open { relation, released: pg_sys::AccessShareLock }
    }

    /// Opens a table for a moment.
    pub fn briefly(oid: pg_sys::Oid) -> Open {
        let mut open = Open::table(oid, pg_sys::AccessShareLock);
        open.released = pg_sys::AccessShareLock;
        open
    }

    /// What PostgreSQL's functions take; valid while this is.
    pub fn as_ptr(&self) -> pg_sys::Relation {
        self.relation
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // After an error PostgreSQL's abort closes what was open.
        if !std::thread::panicking() {
            // SAFETY: opened by one of the functions above, and closed once.
            unsafe { pg_sys::relation_close(self.relation, self.released as i32) };
        }
    }
}

/// Whether this transaction has trigger events of a table that have not fired yet.
pub fn has_pending_triggers(relation: pg_sys::Oid) -> bool {
    // SAFETY: reads this backend's own queue.
    unsafe { pg_sys::AfterTriggerPendingOnRel(relation) }
}

/// The name of a relation, from the caches; `None` where it is gone.
pub fn cached_name(relation: pg_sys::Oid) -> Option<TableName> {
    // SAFETY: both return palloc'ed strings, or null for what is not there.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        Some(TableName { schema: string(schema)?, name: string(pg_sys::get_rel_name(relation))? })
    }
}

/// A type's name as people write it.
pub fn type_title(type_oid: pg_sys::Oid) -> String {
    // SAFETY: returns a palloc'ed string for any number.
    unsafe { string(pg_sys::format_type_be(type_oid)) }.unwrap_or_default()
}

unsafe fn string(text: *const c_char) -> Option<String> {
    // SAFETY: by the caller's promise NUL-terminated, if there is one.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
