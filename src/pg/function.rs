//! Functions with PostgreSQL's own calling convention, for what is hot or raises concord's own
//! SQLSTATEs: pgrx's generated wrappers know PostgreSQL's codes only.

#![allow(unsafe_code)]

use crate::error::Error;
use pgrx::pg_sys;
use std::any::Any;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Declares a version-1 C function `$name` (and its `pg_finfo_` record) around a Rust closure from
/// `FunctionCallInfo` to `Datum`.
#[macro_export]
macro_rules! pg_function {
    ($(#[$doc:meta])* $name:ident, $finfo:ident, $body:expr) => {
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C" fn $finfo() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const V1: pgrx::pg_sys::Pg_finfo_record =
                pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        $(#[$doc])*
        ///
        /// # Safety
        /// To be called by PostgreSQL's function manager only.
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(
            fcinfo: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            let body: fn(pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum = $body;
            // SAFETY: the outermost Rust frame, holding nothing that needs dropping.
            unsafe { $crate::pg::function::guard(|| body(fcinfo)) }
        }
    };
}

enum Outcome<R> {
    Value(R),
    Raise(Report),
}

/// Runs `body`; turns panics and raised errors into PostgreSQL errors, concord's own SQLSTATEs
/// included.
///
/// # Safety
/// Only as the outermost Rust frame below PostgreSQL: the error leaves by `longjmp`.
pub unsafe fn guard<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: the caller's promise is the one that pgrx's guard asks for.
    let outcome = unsafe {
        pg_sys::submodules::panic::pgrx_extern_c_guard(|| {
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(value) => Outcome::Value(value),
                Err(payload) => Outcome::Raise(Report::from_payload(payload)),
            }
        })
    };
    match outcome {
        Outcome::Value(value) => value,
        // SAFETY: no Rust value that needs dropping is alive here.
        Outcome::Raise(report) => unsafe { report.raise() },
    }
}

/// An error whose texts PostgreSQL's memory holds, so that `longjmp` leaves nothing behind.
#[derive(Clone, Copy)]
struct Report {
    sqlstate: c_int,
    message: *const c_char,
    detail: *const c_char,
    hint: *const c_char,
}

impl Report {
    fn from_payload(payload: Box<dyn Any + Send>) -> Report {
        match payload.downcast::<Error>() {
            Ok(error) => Report {
                sqlstate: error.state.packed(),
                message: pg_string(&error.message),
                detail: error.detail.as_deref().map_or(std::ptr::null(), pg_string),
                hint: error.hint.as_deref().map_or(std::ptr::null(), pg_string),
            },
            Err(other) => resume_unwind(other),
        }
    }

    /// PostgreSQL's `ereport(ERROR, ...)` macro, unrolled (`src/include/utils/elog.h`).
    unsafe fn raise(self) -> ! {
        unsafe extern "C-unwind" {
            fn errstart(elevel: c_int, domain: *const c_char) -> bool;
            fn errcode(sqlerrcode: c_int) -> c_int;
            fn errmsg(fmt: *const c_char, ...) -> c_int;
            fn errdetail(fmt: *const c_char, ...) -> c_int;
            fn errhint(fmt: *const c_char, ...) -> c_int;
            fn errfinish(filename: *const c_char, lineno: c_int, funcname: *const c_char);
        }
        // SAFETY: strings are palloc'ed and NUL-terminated; errfinish does not return for ERROR.
        unsafe {
            errstart(pgrx::PgLogLevel::ERROR as c_int, std::ptr::null());
            errcode(self.sqlstate);
            errmsg(c"%s".as_ptr(), self.message);
            if !self.detail.is_null() {
                errdetail(c"%s".as_ptr(), self.detail);
            }
            if !self.hint.is_null() {
                errhint(c"%s".as_ptr(), self.hint);
            }
            errfinish(c"concord".as_ptr(), 0, c"concord".as_ptr());
        }
        unreachable!("errfinish returned from an ERROR")
    }
}

/// A copy in the current memory context.
pub fn pg_string(text: &str) -> *const c_char {
    let text = CString::new(text.replace('\0', "")).unwrap_or_default();
    // SAFETY: copies a NUL-terminated string into the current memory context.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

/// Calls one of PostgreSQL's own functions, which returns no null for these arguments.
///
/// # Safety
/// The arguments are of the types that the function takes, none of them null.
pub unsafe fn call(
    function: unsafe fn(pg_sys::FunctionCallInfo) -> pg_sys::Datum,
    arguments: &[pg_sys::Datum],
) -> pg_sys::Datum {
    let arguments: Vec<_> = arguments.iter().map(|argument| Some(*argument)).collect();
    // SAFETY: by the caller's promise.
    unsafe { pgrx::direct_function_call_as_datum(function, &arguments) }
        .unwrap_or(pg_sys::Datum::from(0))
}

/// Argument `n` of a call, or `None` where it is null.
///
/// # Safety
/// `fcinfo` is the call's own and has more than `n` arguments.
pub unsafe fn argument(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<pg_sys::Datum> {
    // SAFETY: by the caller's promise.
    let argument = unsafe { (*fcinfo).args.as_slice((*fcinfo).nargs as usize)[n] };
    (!argument.isnull).then_some(argument.value)
}
