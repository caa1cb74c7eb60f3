//! What differs between PostgreSQL's versions.

#![allow(unsafe_code)]

use crate::error::Error;
use pgrx::pg_sys;

/// Refuses an input as its caller wants it: raises the error, or (PostgreSQL 16 and later) saves it
/// for a caller that asked for a soft one, as `pg_input_is_valid` does, and returns `None`.
#[cfg(feature = "pg15")]
pub fn soft_error<T>(_fcinfo: pg_sys::FunctionCallInfo, error: Error) -> Option<T> {
    error.raise()
}

/// Refuses an input as its caller wants it: raises the error, or (PostgreSQL 16 and later) saves it
/// for a caller that asked for a soft one, as `pg_input_is_valid` does, and returns `None`.
#[cfg(not(feature = "pg15"))]
pub fn soft_error<T>(fcinfo: pg_sys::FunctionCallInfo, error: Error) -> Option<T> {
    use super::function::pg_string;

    // SAFETY: fcinfo is the call's own; its context is null or a node.
    let context = unsafe { (*fcinfo).context };
    if !unsafe { pgrx::is_a(context, pg_sys::NodeTag::T_ErrorSaveContext) } {
        error.raise();
    }
    let context = context.cast::<pg_sys::ErrorSaveContext>();
    // SAFETY: the node is what its tag says; the data are those that errsave_finish() would leave
    // (`src/backend/utils/error/elog.c`), in the context that the caller reads them in.
    unsafe {
        (*context).error_occurred = true;
        if (*context).details_wanted {
            let data = pg_sys::palloc0(size_of::<pg_sys::ErrorData>()).cast::<pg_sys::ErrorData>();
            (*data).elevel = pgrx::PgLogLevel::ERROR as i32;
            (*data).sqlerrcode = error.state.packed();
            (*data).message = pg_string(&error.message).cast_mut();
            (*data).detail = error.detail.as_deref().map_or(std::ptr::null(), pg_string).cast_mut();
            (*data).hint = error.hint.as_deref().map_or(std::ptr::null(), pg_string).cast_mut();
            (*data).assoc_context = pg_sys::CurrentMemoryContext;
            (*context).error_data = data;
        }
    }
    None
}

/// This backend's place among the server's processes, below `MaxBackends`.
pub fn my_proc_number() -> usize {
    // SAFETY: set once when the backend starts.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    unsafe {
        (*pg_sys::MyProc).pgprocno as usize
    }
    // SAFETY: set once when the backend starts.
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    unsafe {
        pg_sys::MyProcNumber as usize
    }
}

/// Inserts the index entries of a row that is in the heap already (`ExecInsertIndexTuples`).
///
/// # Safety
/// As for the C function; the indexes of `result` are open.
pub unsafe fn insert_index_tuples(
    result: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
    estate: *mut pg_sys::EState,
) {
    let none = std::ptr::null_mut();
    // SAFETY: by the caller's promise.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::ExecInsertIndexTuples(result, slot, estate, false, false, none, none.cast());
    }
    // SAFETY: by the caller's promise.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::ExecInsertIndexTuples(result, slot, estate, false, false, none, none.cast(), false);
    }
}

/// The index of a relation's primary key, or `InvalidOid`.
///
/// # Safety
/// `relation` is open.
pub unsafe fn primary_key_index(relation: pg_sys::Relation) -> pg_sys::Oid {
    // SAFETY: by the caller's promise.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        pg_sys::RelationGetPrimaryKeyIndex(relation)
    }
    // SAFETY: by the caller's promise.
    #[cfg(feature = "pg18")]
    unsafe {
        pg_sys::RelationGetPrimaryKeyIndex(relation, false)
    }
}

/// A column of a row type; `i` counts from 0.
///
/// # Safety
/// The descriptor outlives the reference and has more than `i` columns.
pub unsafe fn attribute<'a>(
    descriptor: pg_sys::TupleDesc,
    i: usize,
) -> &'a pg_sys::FormData_pg_attribute {
    // SAFETY: by the caller's promise.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        &(*descriptor).attrs.as_slice((*descriptor).natts as usize)[i]
    }
    // SAFETY: by the caller's promise.
    #[cfg(feature = "pg18")]
    unsafe {
        &*pg_sys::TupleDescAttr(descriptor, i as i32)
    }
}
