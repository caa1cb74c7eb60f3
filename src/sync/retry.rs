//! Taking in what waits, for callers whom no error of the data may stop: the apply worker of
//! PostgreSQL's logical replication, and the tick.

use super::functions;
use crate::clock;
use crate::error::{OrRaise, Result};
use crate::identity::Attached;
use crate::pg::attempt::{Failure, attempt};
use crate::pg::owner::{AsOwner, limit_lock_waits};
use crate::pg::query::{self, parameter};
use crate::types::hlc::Hlc as SqlHlc;
use std::ffi::CStr;

/// How long a tick waits for a row that somebody is writing: the next one tries again.
const TICK_PATIENCE: &CStr = c"1s";

/// Does what `body` says in a subtransaction; locks are waited for so
/// long. A failure that `expected` accepts undoes it and is returned; others are raised.
pub fn enter_waiting(
    node: Attached,
    patience: &CStr,
    body: impl FnOnce() -> Result<()>,
    expected: impl Fn(&Failure) -> bool,
) -> std::result::Result<(), Failure> {
    let _owner = AsOwner::of(node.log);
    limit_lock_waits(patience);
    attempt(
        || {
            // A trigger that raises at the end of the transaction would fail all of it.
            query::write("SET CONSTRAINTS ALL IMMEDIATE", &[], |_| {});
            body().or_raise();
        },
        expected,
    )
}

/// Tries again what no further event will set free: groups whose clock has come, rows that could not
/// be shown. A failure is for the server log.
pub fn retry_waiting(node: Attached) -> Result<()> {
    if !anything_to_retry()? {
        return Ok(());
    }
    let body = || functions::run(None).map(|_| ());
    if let Err(failure) =
        enter_waiting(node, TICK_PATIENCE, body, |failure| !failure.is_cancellation())
    {
        pgrx::log!("concord: what waits could not be tried again: {}", failure.message);
    }
    Ok(())
}

fn anything_to_retry() -> Result<bool> {
    let mut any = false;
    query::read_latest(
        "SELECT WHERE EXISTS (SELECT FROM concord.pending_rows)
             OR EXISTS (SELECT FROM concord.received_events r
                        WHERE r.reason IN ('row_locked', 'error')
                           OR r.reason = 'future_hlc' AND r.hlc <= $1)",
        &[parameter(SqlHlc::from(clock::bound()?))],
        |_| any = true,
    );
    Ok(any)
}
