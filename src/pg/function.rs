//! Functions with PostgreSQL's own calling convention, for what is hot or raises concord's own
//! SQLSTATEs: pgrx's generated wrappers know PostgreSQL's codes only.

#![allow(unsafe_code)]

use super::raised;
use crate::error::Error;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use pgrx::{FromDatum, pg_sys};
use std::any::Any;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Declares a version-1 C function `concord_$name` (and its `pg_finfo_` record) around a Rust closure
/// from [`Call`](crate::pg::function::Call) to `Datum`.
#[macro_export]
macro_rules! pg_function {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $crate::pg_finfo!($name);

        $(#[$doc])*
        ///
        /// # Safety
        /// To be called by PostgreSQL's function manager only.
        #[allow(unsafe_code)]
        #[unsafe(export_name = concat!("concord_", stringify!($name)))]
        pub unsafe extern "C-unwind" fn $name(
            fcinfo: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            let body: fn($crate::pg::function::Call) -> pgrx::pg_sys::Datum = $body;
            // SAFETY: the outermost Rust frame, holding nothing that needs dropping.
            unsafe { $crate::pg::function::guard(|| body($crate::pg::function::Call::of(fcinfo))) }
        }
    };
}

/// The record by which PostgreSQL knows the calling convention of `concord_$name`.
#[macro_export]
macro_rules! pg_finfo {
    ($name:ident) => {
        const _: () = {
            #[allow(unsafe_code)]
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

/// A call of one of concord's functions.
#[derive(Clone, Copy)]
pub struct Call(pg_sys::FunctionCallInfo);

impl Call {
    /// The call that PostgreSQL makes.
    ///
    /// # Safety
    /// `fcinfo` is what the function manager passed, and this value is gone when the function returns.
    pub unsafe fn of(fcinfo: pg_sys::FunctionCallInfo) -> Call {
        Call(fcinfo)
    }

    /// Argument `n`, from 0, or `None` where it is null or was not passed.
    pub fn datum(self, n: usize) -> Option<pg_sys::Datum> {
        // SAFETY: the call's own, with as many arguments as it says.
        let argument = unsafe { (*self.0).args.as_slice((*self.0).nargs as usize).get(n)? };
        (!argument.isnull).then_some(argument.value)
    }

    /// The same as a value of `T`, the type with which sql/ declares it.
    pub fn argument<T: FromDatum>(self, n: usize) -> Option<T> {
        // SAFETY: nobody but a superuser can declare a function of the library otherwise.
        self.datum(n).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }

    /// The function itself.
    pub fn function(self) -> pg_sys::Oid {
        // SAFETY: the call's own.
        unsafe { (*(*self.0).flinfo).fn_oid }
    }

    /// What calls it, as a number that no two callers have at one time. A statement fires a trigger for all rows of a
    /// relation from one place.
    pub fn place(self) -> usize {
        // SAFETY: the call's own.
        unsafe { (*self.0).flinfo as usize }
    }

    /// The memory context of what calls it: that of the expression, where it is one.
    pub fn memory(self) -> pg_sys::MemoryContext {
        // SAFETY: the call's own.
        unsafe { (*(*self.0).flinfo).fn_mcxt }
    }

    /// Returns null.
    pub fn null(self) -> pg_sys::Datum {
        // SAFETY: the call's own.
        unsafe { (*self.0).isnull = true };
        pg_sys::Datum::from(0)
    }

    /// Returns a record of the function's OUT parameters, each a `bigint`.
    pub fn record<const N: usize>(self, values: [i64; N]) -> pg_sys::Datum {
        let mut values = values.map(pg_sys::Datum::from);
        let mut nulls = [false; N];
        // SAFETY: sql/ declares the function with N such parameters.
        unsafe {
            let mut descriptor = std::ptr::null_mut();
            pg_sys::get_call_result_type(self.0, std::ptr::null_mut(), &mut descriptor);
            let descriptor = pg_sys::BlessTupleDesc(descriptor);
            let tuple =
                pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
        }
    }

    /// The node that says how the function was called, if there is one and it is of this kind.
    pub fn context<T>(self, tag: pg_sys::NodeTag) -> Option<*mut T> {
        // SAFETY: the call's own; null or a node.
        unsafe {
            let context = (*self.0).context;
            (!context.is_null() && (*context).type_ == tag).then(|| context.cast::<T>())
        }
    }
}
