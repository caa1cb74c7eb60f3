//! The door at the end of a transaction: at pre-commit its events are numbered and written, with what follows from them;
//! nothing is left of a transaction that fails.

mod functions;
mod unfolded;
mod write;

use crate::capture::{brought, moves};
use crate::error::{Error, OrRaise, Result};
use crate::identity;
use crate::log::{captured, context, lost_context};
use crate::pg::backend::my_database;
use crate::pg::catalog;
use crate::pg::function::guard;
use crate::pg::shmem::{Guarded, wake_launcher};
use crate::sync::receive::news;
use pgrx::pg_sys;
use std::ffi::c_void;
use write::write_captured;

/// Registers the callbacks. Called once, from `_PG_init`.
#[allow(unsafe_code)]
pub fn register() {
    // SAFETY: the callbacks are guarded and live as long as the library.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

#[allow(unsafe_code)]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    use pg_sys::XactEvent::{
        XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PRE_COMMIT, XACT_EVENT_PRE_PREPARE,
    };
    // SAFETY: PostgreSQL calls this directly.
    unsafe {
        guard(|| match event {
            XACT_EVENT_PRE_COMMIT => {
                lost_context::warn(captured::has_any());
                tell_news().or_raise();
                write_captured().or_raise();
            }
            XACT_EVENT_COMMIT => on_commit(),
            XACT_EVENT_ABORT => on_abort(),
            XACT_EVENT_PRE_PREPARE => refuse_prepare().or_raise(),
            _ => {}
        });
    }
}

/// Listeners hear of other nodes' events when these are committed.
#[allow(unsafe_code)]
fn tell_news() -> Result<()> {
    if !news::has_any() {
        return Ok(());
    }
    // DROP EXTENSION in this transaction took all of it along.
    let Ok(log) = catalog::log() else { return Ok(()) };
    // SAFETY: the pre-commit callback runs without a snapshot.
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
    news::tell(log)?;
    // SAFETY: pops the snapshot pushed above.
    unsafe { pg_sys::PopActiveSnapshot() };
    Ok(())
}

fn on_commit() {
    let numbered = captured::end();
    forget_rows();
    context::forget_dependencies();
    news::forget();
    identity::on_commit();
    if numbered && let Ok(mut guarded) = Guarded::lock() {
        guarded.clear_in_flight();
    }
}

fn on_abort() {
    lost_context::forget();
    if captured::abort() {
        lose_numbers();
    }
    forget_rows();
    context::forget_dependencies();
    news::forget();
    identity::on_abort();
}

/// What the triggers kept of single rows ends with the transaction.
fn forget_rows() {
    moves::forget();
    brought::forget_all();
}

/// The numbers this backend held will never be in the log: somebody must void them.
fn lose_numbers() {
    if let Ok(mut guarded) = Guarded::lock() {
        guarded.clear_in_flight();
        if let Some(slot) = guarded.slot(my_database()) {
            slot.holes = true;
            slot.wake = true;
        }
    }
    wake_launcher();
}

fn refuse_prepare() -> Result<()> {
    if captured::has_any() || identity::is_minting() {
        return Err(Error::unsupported(
            "cannot PREPARE a transaction that has written to tables tracked by concord",
        )
        .detail("Events are numbered at commit, which COMMIT PREPARED does not allow.")
        .hint("Use COMMIT instead."));
    }
    if news::has_any() {
        return Err(Error::unsupported(
            "cannot PREPARE a transaction that has applied events of other nodes",
        )
        .detail("Listeners are notified at commit, which COMMIT PREPARED does not allow.")
        .hint("Use COMMIT instead."));
    }
    Ok(())
}

#[allow(unsafe_code)]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    subtransaction: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _argument: *mut c_void,
) {
    use pg_sys::SubXactEvent::{SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB};
    // SAFETY: PostgreSQL calls this directly.
    unsafe {
        guard(|| match event {
            SUBXACT_EVENT_COMMIT_SUB => end_subtransaction(false, subtransaction, parent),
            SUBXACT_EVENT_ABORT_SUB => end_subtransaction(true, subtransaction, parent),
            _ => {}
        });
    }
}

fn end_subtransaction(
    aborted: bool,
    subtransaction: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
) {
    captured::end_subtransaction(aborted, subtransaction, parent);
    if aborted {
        context::forget_dependencies();
    }
    identity::on_subtransaction(aborted, subtransaction, parent);
}
