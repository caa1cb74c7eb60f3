//! Trying something that may fail, in a subtransaction.

#![allow(unsafe_code)]

use crate::error::Error;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};
use std::panic::AssertUnwindSafe;

/// An error that was caught: its SQLSTATE and message.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Five characters.
    pub sqlstate: String,
    /// Primary message.
    pub message: String,
}

impl Failure {
    /// The class: the first two characters.
    pub fn class(&self) -> &str {
        &self.sqlstate[..2]
    }

    /// Whether somebody held a lock for too long.
    pub fn is_lock_timeout(&self) -> bool {
        self.sqlstate == "55P03"
    }

    /// Whether the same may go well when it is tried again, and nothing in the data is to blame:
    /// transaction rollback, no room, an operator, the system, a defect.
    pub fn is_transient(&self) -> bool {
        matches!(self.class(), "40" | "53" | "57" | "58" | "XX")
    }

    /// Whether somebody wants this backend to stop.
    pub fn is_cancellation(&self) -> bool {
        self.class() == "57"
    }
}

/// Runs `body` in a subtransaction, which an error that `expected` accepts rolls back. Others go on.
pub fn attempt<R>(
    body: impl FnOnce() -> R,
    expected: impl Fn(&Failure) -> bool,
) -> Result<R, Failure> {
    // SAFETY: as PL/pgSQL runs a block with EXCEPTION (exec_stmt_block,
    // src/pl/plpgsql/src/pl_exec.c): context and resource owner are put back on both ways out.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| {
            let value = body();
            pg_sys::ReleaseCurrentSubTransaction();
            Ok(value)
        }))
        .catch_others(|error| Err(Box::new(error)))
        .catch_rust_panic(|error| Err(Box::new(error)))
        .execute();
        pg_sys::MemoryContextSwitchTo(context);
        match outcome {
            Ok(value) => {
                pg_sys::CurrentResourceOwner = owner;
                Ok(value)
            }
            Err(error) => match failure(&error).filter(&expected) {
                Some(failure) => {
                    pg_sys::RollbackAndReleaseCurrentSubTransaction();
                    pg_sys::MemoryContextSwitchTo(context);
                    pg_sys::CurrentResourceOwner = owner;
                    Err(failure)
                }
                None => error.rethrow(),
            },
        }
    }
}

fn failure(error: &CaughtError) -> Option<Failure> {
    match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => Some(Failure {
            sqlstate: unpack(report.sql_error_code() as i32),
            message: report.message().to_owned(),
        }),
        // concord's own SQLSTATEs.
        CaughtError::RustPanic { payload, .. } => payload.downcast_ref::<Error>().map(|error| {
            Failure { sqlstate: unpack(error.state.packed()), message: error.message.clone() }
        }),
    }
}

/// The five characters of a packed SQLSTATE (`unpack_sql_state`, src/backend/utils/error/elog.c).
fn unpack(mut code: i32) -> String {
    (0..5)
        .map(|_| {
            let character = char::from(b'0' + (code & 0x3F) as u8);
            code >>= 6;
            character
        })
        .collect()
}
