//! Trying something that may fail, in a subtransaction.

#![allow(unsafe_code)]

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
        CaughtError::RustPanic { .. } => None,
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
