//! Taking in what waits, for callers whom no error of the data may stop: the apply worker of
//! PostgreSQL's logical replication, and the tick.

use super::apply;
use crate::clock;
use crate::error::{OrRaise, Result};
use crate::identity::Attached;
use crate::log::sql::seen_of;
use crate::pg::attempt::{Failure, attempt};
use crate::pg::owner::{AsOwner, limit_lock_waits};
use crate::pg::query::{self, parameter};
use crate::types::parameter::hlc;
use pgrx::JsonB;
use std::ffi::CStr;

/// How long a tick waits for a row that somebody is writing: the next one tries again.
const TICK_PATIENCE: &CStr = c"1s";
/// How long rows behind a constraint are left alone at most.
const UNEVENTFUL_MINUTES: i32 = 10;

/// Does what `body` says in a subtransaction, waiting for locks so long. A failure that `expected` accepts undoes it and is returned; others are raised.
pub fn enter_waiting(
    node: Attached,
    patience: &CStr,
    body: impl FnOnce() -> Result<()>,
    expected: impl Fn(&Failure) -> bool,
) -> std::result::Result<(), Failure> {
    let _owner = AsOwner::of(node.log);
    limit_lock_waits(patience);
    attempt(|| body().or_raise(), expected)
}

/// Tries again what no further event will set free: groups whose clock has come, rows that could not
/// be shown.
pub fn retry_waiting(node: Attached) -> Result<()> {
    if !anything_to_retry()? {
        return Ok(());
    }
    let vector = read_vector();
    {
        let _owner = AsOwner::of(node.log);
        limit_lock_waits(TICK_PATIENCE);
        apply::run(None)?;
    }
    remember(vector);
    Ok(())
}

/// Rows behind a constraint are tried when something has happened that could have moved it, or after a
/// while: an index that is dropped, or a parent in a table that is not tracked, makes no event.
fn anything_to_retry() -> Result<bool> {
    let any = query::exists(
        &format!(
            "SELECT WHERE EXISTS (SELECT FROM concord.pending_rows WHERE reason <> 'constraint')
             OR EXISTS (SELECT FROM concord.received_events r
                        WHERE r.reason IN ('row_locked', 'error')
                           OR r.reason = 'future_hlc' AND r.hlc <= $1)
             OR EXISTS (SELECT FROM concord.pending_rows)
                AND NOT EXISTS (
                    SELECT FROM concord._retried t
                    WHERE pg_catalog.clock_timestamp()
                          BETWEEN t.retried_at AND t.retried_at + pg_catalog.make_interval(mins => $2)
                      AND NOT EXISTS (
                          SELECT FROM concord.nodes n
                          CROSS JOIN LATERAL (
                              SELECT FROM concord.change_events e
                              WHERE e.origin_node_id = n.node_id
                                AND e.node_sequence
                                    > {seen}
                                AND e.operation NOT IN ('NODE', 'VOID')
                              LIMIT 1) e))",
            seen = seen_of("t.vector", "n.node_id::text")
        ),
        &[hlc(clock::bound()?), parameter(UNEVENTFUL_MINUTES)],
    );
    Ok(any)
}

fn read_vector() -> Option<JsonB> {
    query::one("SELECT concord.vector()", &[], |row| row.get(1)).flatten()
}

fn remember(vector: Option<JsonB>) {
    query::run(
        "INSERT INTO concord._retried (vector, retried_at) VALUES ($1, pg_catalog.clock_timestamp())
         ON CONFLICT (one) DO UPDATE SET vector = excluded.vector, retried_at = excluded.retried_at",
        &[parameter(vector)],
    );
}
