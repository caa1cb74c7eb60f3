//! The SQLSTATE of the last error, to the letter. pgrx knows PostgreSQL's codes only and turns an
//! application's own into XX000, on which depends who is to blame.

#![allow(unsafe_code)]

use super::externs;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{c_int, c_void};

thread_local! {
    static LAST: Cell<c_int> = const { Cell::new(0) };
}

/// Runs `body`, which does not unwind, and notes the SQLSTATE of whatever PostgreSQL reports
/// meanwhile: PostgreSQL calls back before an error leaves the place where it was raised.
pub fn noting<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: as PostgreSQL's own functions add to the stack of error contexts and take away from it.
    // Errors that come out of PostgreSQL are caught below this frame, which therefore is left here only.
    unsafe {
        let mut callback = pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(note),
            arg: std::ptr::null_mut(),
        };
        let previous = callback.previous;
        pg_sys::error_context_stack = &raw mut callback;
        let result = body();
        pg_sys::error_context_stack = previous;
        result
    }
}

unsafe extern "C-unwind" fn note(_argument: *mut c_void) {
    // SAFETY: called while PostgreSQL reports something.
    LAST.set(unsafe { externs::geterrcode() });
}

/// The SQLSTATE, packed, of an error that has just been caught and that pgrx says to have `known`.
pub fn exactly(known: c_int) -> c_int {
    const INTERNAL: c_int = pgrx::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR as c_int;
    let last = LAST.get();
    let is_foreign = pgrx::PgSqlErrorCode::from(last) as c_int == INTERNAL && last != 0;
    if known == INTERNAL && is_foreign { last } else { known }
}

/// The last SQLSTATE that was noted, packed.
pub fn last() -> c_int {
    LAST.get()
}

/// Puts back what [`last`] gave, when other reports came between an error and its way out.
pub fn restore(last: c_int) {
    LAST.set(last);
}
