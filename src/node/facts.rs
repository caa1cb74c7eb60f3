//! What `concord.status` shows of the shared state.

use crate::error::{OrRaise, Result};
use crate::pg::backend::my_database;
use crate::pg::shmem::{Guarded, shared};
use crate::types::hlc::Hlc;
use crate::{clock, identity};
use pgrx::iter::TableIterator;
use pgrx::{name, pg_extern};
use std::sync::atomic::Ordering;

type Facts = (Hlc, i64, i64, i64, i64, bool, i32, Option<String>);

/// `concord._clock_facts() → (hlc, forward_jumps, backward_jumps, issued_sequence,
/// contiguous_sequence, background_worker, tick_failures, tick_error)`; no tick.
// The names are those of the result's columns; a type of their own would not carry them.
#[allow(clippy::type_complexity)]
#[pg_extern(sql = false)]
fn concord_clock_facts() -> TableIterator<
    'static,
    (
        name!(hlc, Hlc),
        name!(forward_jumps, i64),
        name!(backward_jumps, i64),
        name!(issued_sequence, i64),
        name!(contiguous_sequence, i64),
        name!(background_worker, bool),
        name!(tick_failures, i32),
        name!(tick_error, Option<String>),
    ),
> {
    TableIterator::once(facts().or_raise())
}

fn facts() -> Result<Facts> {
    // On a server that has just started, nobody may have looked at this database yet.
    identity::shown_node_id()?;
    let shared = shared()?;
    let (issued, contiguous) = numbers()?;
    let failed = Guarded::lock()?.failed_ticks(my_database()).unzip();
    Ok((
        clock::last()?.into(),
        shared.forward_jumps.load(Ordering::Relaxed) as i64,
        shared.backward_jumps.load(Ordering::Relaxed) as i64,
        issued,
        contiguous,
        !shared.launcher.load(Ordering::Relaxed).is_null(),
        failed.0.unwrap_or(0),
        failed.1,
    ))
}

/// The highest number given out, and the highest below which all are known to be in the log.
fn numbers() -> Result<(i64, i64)> {
    let database = my_database();
    let mut guarded = Guarded::lock()?;
    let in_flight = guarded.lowest_in_flight(database);
    let Some(slot) = guarded.slot(database) else { return Ok((0, 0)) };
    let contiguous = match slot.holes {
        true => slot.contiguous,
        false => in_flight.map_or(slot.issued, |lowest| lowest - 1),
    };
    Ok((slot.issued, contiguous))
}
