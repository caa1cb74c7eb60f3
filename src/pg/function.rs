//! Functions with PostgreSQL's own calling convention, for what is hot or raises concord's own
//! SQLSTATEs: pgrx's generated wrappers know PostgreSQL's codes only.

#![allow(unsafe_code)]

use super::raised;
use crate::error::Error;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use std::any::Any;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Declares a version-1 C function `concord_$name` (and its `pg_finfo_` record) around a Rust closure
/// from `FunctionCallInfo` to `Datum`.
#[macro_export]
macro_rules! pg_function {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $crate::pg_finfo!($name);

        $(#[$doc])*
        ///
        /// # Safety
        /// To be called by PostgreSQL's function manager only.
        #[unsafe(export_name = concat!("concord_", stringify!($name)))]
        pub unsafe extern "C-unwind" fn $name(
            fcinfo: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            let body: fn(pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum = $body;
            // SAFETY: the outermost Rust frame, holding nothing that needs dropping.
            unsafe { $crate::pg::function::guard(|| body(fcinfo)) }
        }
    };
}

/// The record by which PostgreSQL knows the calling convention of `concord_$name`.
#[macro_export]
macro_rules! pg_finfo {
    ($name:ident) => {
        const _: () = {
            #[unsafe(export_name = concat!("pg_finfo_concord_", stringify!($name)))]
            extern "C" fn finfo() -> &'static pgrx::pg_sys::Pg_finfo_record {
                const V1: pgrx::pg_sys::Pg_finfo_record =
                    pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
                &V1
            }
        };
    };
}

enum Outcome<R> {
    Value(R),
    Raise(Report),
}

/// Runs `body`; turns panics and raised errors into PostgreSQL errors, concord's own SQLSTATEs and
/// those of the application's functions included.
///
/// # Safety
/// Only as the outermost Rust frame below PostgreSQL: the error leaves by `longjmp`.
pub unsafe fn guard<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: the caller's promise is the one that pgrx's guard asks for.
    let outcome = unsafe {
        pg_sys::submodules::panic::pgrx_extern_c_guard(|| {
            match raised::noting(|| catch_unwind(AssertUnwindSafe(body))) {
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
        let payload = match payload.downcast::<Error>() {
            Ok(error) => {
                let state = error.state.packed();
                let (detail, hint) = (error.detail.as_deref(), error.hint.as_deref());
                return Report::of(state, &error.message, detail, hint);
            }
            Err(payload) => payload,
        };
        match payload.downcast_ref::<CaughtError>().and_then(foreign_state) {
            Some((state, report)) => {
                Report::of(state, report.message(), report.detail(), report.hint())
            }
            None => resume_unwind(payload),
        }
    }

    fn of(sqlstate: c_int, message: &str, detail: Option<&str>, hint: Option<&str>) -> Report {
        Report {
            sqlstate,
            message: pg_string(message),
            detail: detail.map_or(std::ptr::null(), pg_string),
            hint: hint.map_or(std::ptr::null(), pg_string),
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

/// An error of PostgreSQL's with a SQLSTATE that pgrx does not know.
fn foreign_state(error: &CaughtError) -> Option<(c_int, &ErrorReportWithLevel)> {
    let CaughtError::PostgresError(report) = error else { return None };
    let known = report.sql_error_code() as c_int;
    let state = raised::exactly(known);
    (state != known).then_some((state, report))
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
