//! Tables of concord's own as it made them: they are read and written by the place of their columns,
//! without SQL, so somebody who altered one must get an error and not a wrong value.

#![allow(unsafe_code)]

use super::compat;
use crate::error::{Error, Result};
use pgrx::pg_sys;
use std::ffi::CStr;

/// A column as it is to be: its name and its type.
pub type Expected<'a> = (&'a str, pg_sys::Oid);

/// Refuses a table that has not just these columns: 55000. One that was added and is dropped again does
/// no harm.
///
/// # Safety
/// The relation is open.
pub unsafe fn require(relation: pg_sys::Relation, expected: &[Expected<'_>]) -> Result<()> {
    // SAFETY: by the caller's promise.
    unsafe { compare(relation, expected, (*(*relation).rd_att).natts as usize) }
}

/// Refuses a table that does not begin with these columns: 55000.
///
/// # Safety
/// The relation is open.
pub unsafe fn require_first(relation: pg_sys::Relation, expected: &[Expected<'_>]) -> Result<()> {
    // SAFETY: by the caller's promise.
    unsafe { compare(relation, expected, 0) }
}

/// Compares the columns that are expected, and the others up to `upto`.
unsafe fn compare(
    relation: pg_sys::Relation,
    expected: &[Expected<'_>],
    upto: usize,
) -> Result<()> {
    // SAFETY: by the caller's promise; the descriptor stays while the relation is open.
    let (descriptor, count) = unsafe { ((*relation).rd_att, (*(*relation).rd_att).natts as usize) };
    for i in 0..upto.max(expected.len()) {
        // SAFETY: `i` is below the count; the name is NUL-terminated.
        let found = (i < count).then(|| unsafe { compat::attribute(descriptor, i) });
        let found = found.filter(|column| !column.attisdropped).map(|column| {
            // SAFETY: as above.
            let name = unsafe { CStr::from_ptr(column.attname.data.as_ptr()) };
            (name.to_string_lossy(), column.atttypid)
        });
        let wrong = match (expected.get(i), found) {
            (None, None) => None,
            (Some((name, kind)), Some((has, of))) if *name == has && *kind == of => None,
            (Some((name, _)), Some((has, _))) if *name == has => {
                Some(format!("The type of column \"{name}\" was changed."))
            }
            (Some((name, _)), _) => Some(format!("Column \"{name}\" was renamed or dropped.")),
            (None, Some((name, _))) => Some(format!("Column \"{name}\" was added.")),
        };
        if let Some(wrong) = wrong {
            // SAFETY: as this function's.
            return Err(unsafe { altered(relation, wrong) });
        }
    }
    Ok(())
}

unsafe fn altered(relation: pg_sys::Relation, detail: String) -> Error {
    // SAFETY: by the caller's promise; the name is NUL-terminated.
    let name = unsafe { CStr::from_ptr((*(*relation).rd_rel).relname.data.as_ptr()) };
    let table = format!("concord.{}", name.to_string_lossy());
    Error::wrong_state(format!("table {table} has been altered")).detail(detail).hint(format!(
        "Undo the effect of ALTER TABLE {table}, and store additional data in a table of your own."
    ))
}
