//! Reading a small table, or all of one, without SQL.

#![allow(unsafe_code)]

use crate::error::Result;
use pgrx::pg_sys;
use std::ops::ControlFlow;

/// Calls `each` for every row of an open table under a snapshot taken now, whatever the transaction's
/// isolation level.
///
/// # Safety
/// The relation is open and locked as reading it needs.
pub unsafe fn each_row(
    relation: pg_sys::Relation,
    mut each: impl FnMut(pg_sys::HeapTuple) -> Result<()>,
) -> Result<()> {
    // SAFETY: by the caller's promise.
    unsafe {
        scan(relation, |tuple| {
            each(tuple)?;
            pgrx::check_for_interrupts!();
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// Whether a table has no row under a snapshot taken now.
pub fn is_empty(table: pg_sys::Oid) -> Result<bool> {
    let mut empty = true;
    // SAFETY: the table is open and locked while it is looked at.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        scan(relation, |_| {
            empty = false;
            Ok(ControlFlow::Break(()))
        })?;
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    Ok(empty)
}

unsafe fn scan(
    relation: pg_sys::Relation,
    mut each: impl FnMut(pg_sys::HeapTuple) -> Result<ControlFlow<()>>,
) -> Result<()> {
    // SAFETY: an ordinary sequential scan; what it opens is closed below, or by the abort that
    // follows an error.
    unsafe {
        let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
        let no_index = pg_sys::Oid::INVALID;
        let no_keys = std::ptr::null_mut();
        let scan = pg_sys::systable_beginscan(relation, no_index, false, snapshot, 0, no_keys);
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() || each(tuple)?.is_break() {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        pg_sys::UnregisterSnapshot(snapshot);
    }
    Ok(())
}
