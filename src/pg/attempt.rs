//! Trying something that may fail, in a subtransaction.

#![allow(unsafe_code)]

use super::raised;
use crate::error::Error;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};
use std::panic::{AssertUnwindSafe, resume_unwind};

/// An error that was caught: its SQLSTATE and message.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Five characters.
    pub sqlstate: String,
    /// Primary message.
    pub message: String,
    /// PostgreSQL raised it because somebody asked it to stop, or a timeout did: the code alone can be anybody's.
    pub interrupted: bool,
}

impl Failure {
    /// The class: the first two characters.
    pub fn class(&self) -> &str {
        self.sqlstate.get(..2).unwrap_or_default()
    }

    /// Whether somebody held a lock for too long.
    pub fn is_lock_timeout(&self) -> bool {
        self.sqlstate == "55P03"
    }

    /// Whether the data are to blame, or what their owners have tied to them: constraints, indexes,
    /// functions, which can raise what they like. Not so: transaction rollback, no room, an operator,
    /// the system, a defect, after which the same may go well when it is tried again.
    pub fn is_of_the_data(&self) -> bool {
        !matches!(self.class(), "40" | "53" | "57" | "58" | "XX")
    }

    /// Whether somebody wants this backend to stop.
    pub fn is_cancellation(&self) -> bool {
        self.interrupted && self.class() == "57"
    }
}

/// Runs `body` in a subtransaction, which any error rolls back: with it, PostgreSQL puts back the user,
/// settings, snapshots and SPI connections that `body` had when it failed. An error that `expected`
/// accepts is returned; others go on.
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
        let last = raised::last();
        if outcome.is_err() {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        outcome.map_err(|error| {
            raised::restore(last);
            match failure(&error).filter(&expected) {
                Some(failure) => failure,
                None => go_on(*error),
            }
        })
    }
}

/// Raises again what was caught. What came as concord's own goes on as such.
fn go_on(error: CaughtError) -> ! {
    match error {
        CaughtError::RustPanic { payload, .. } => resume_unwind(payload),
        error => error.rethrow(),
    }
}

/// Runs `body` as a transaction of its own, in a process that has none: any error, of its commit too, rolls it
/// back and is returned.
pub fn transaction(body: impl FnOnce()) -> Result<(), Failure> {
    // SAFETY: as a background worker runs its transactions (worker_spi_main, src/test/modules/worker_spi/worker_spi.c),
    // and as PostgreSQL ends one after an error (PostgresMain, src/backend/tcop/postgres.c).
    unsafe {
        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| {
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            body();
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
            Ok(())
        }))
        .catch_others(|error| Err(Box::new(error)))
        .catch_rust_panic(|error| Err(Box::new(error)))
        .execute();
        outcome.map_err(|error| {
            let failure = failure(&error).unwrap_or_else(|| Failure {
                sqlstate: "XX000".into(),
                message: "an unexpected panic".into(),
                interrupted: false,
            });
            pg_sys::AbortCurrentTransaction();
            failure
        })
    }
}

fn failure(error: &CaughtError) -> Option<Failure> {
    match error {
        CaughtError::PostgresError(report) => Some(Failure {
            sqlstate: unpack(raised::exactly(report.sql_error_code() as i32)),
            message: report.message().to_owned(),
            interrupted: report.function_name() == Some("ProcessInterrupts"),
        }),
        CaughtError::ErrorReport(report) => Some(Failure {
            sqlstate: unpack(report.sql_error_code() as i32),
            message: report.message().to_owned(),
            interrupted: false,
        }),
        // concord's own SQLSTATEs.
        CaughtError::RustPanic { payload, .. } => {
            payload.downcast_ref::<Error>().map(|error| Failure {
                sqlstate: unpack(error.state.packed()),
                message: error.message.clone(),
                interrupted: false,
            })
        }
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
