//! The hybrid logical clock: one 64-bit value shared by all backends of a cluster, stepped by the
//! pure rule in `concord_core::hlc` (Kulkarni et al., "Logical Physical Clocks", 2014).

pub mod functions;
pub mod seed;
mod value;
mod wall;

pub use value::{last, raise_to};

use crate::clock::seed::ensure_seeded;
use crate::clock::value::from_shared;
use crate::error::{Error, Result, SqlState};
use crate::pg::shmem::{Shared, shared};
use crate::settings;
use concord_core::hlc::{DriftError, Hlc, bounded_step};
use std::sync::atomic::Ordering;

/// A fresh HLC, greater than every one this node gave out, wrote or applied. `NC001` when the clock
/// would run further ahead of the wall clock than `concord.max_clock_drift`.
pub fn tick() -> Result<Hlc> {
    ensure_seeded()?;
    advance(None)
}

/// Takes in a remote HLC by the receive rule and returns a fresh one. `NC001` when the remote is
/// further ahead of the wall clock than `concord.max_clock_drift`; the clock stays as it is.
pub fn observe(remote: Hlc) -> Result<Hlc> {
    ensure_seeded()?;
    advance(Some(remote))
}

/// A tick for the places that seed the clock themselves.
pub fn tick_unseeded() -> Result<Hlc> {
    advance(None)
}

/// A tick that is greater than `floor`, too.
pub fn tick_above(floor: u64) -> Result<Hlc> {
    let floor = from_shared(floor);
    match floor > bound()? {
        true => Err(too_far_ahead(floor, settings::max_clock_drift_ms())),
        false => advance(Some(floor)),
    }
}

/// Sets a clock that is ahead back to the wall clock.
pub fn set_to_wall() -> Result<()> {
    let wall_ms = wall::now_ms();
    if last()?.wall_ms() > wall_ms {
        let start = Hlc::from_parts(wall_ms, 0).map_err(out_of_range)?;
        shared()?.clock.store(start.as_i64() as u64, Ordering::SeqCst);
    }
    Ok(())
}

/// The highest HLC that the drift bound allows now: a value beyond it comes from the future.
pub fn bound() -> Result<Hlc> {
    let limit = wall::now_ms() + settings::max_clock_drift_ms();
    Hlc::from_parts(limit, u16::MAX).map_err(out_of_range)
}

fn advance(remote: Option<Hlc>) -> Result<Hlc> {
    let shared = shared()?;
    let wall_ms = wall::look(shared);
    let drift = settings::max_clock_drift_ms();
    let mut last = shared.clock.load(Ordering::Relaxed);
    loop {
        let next = bounded_step(from_shared(last), remote, wall_ms, drift)
            .map_err(|error| refuse(error, shared, remote, drift))?;
        let swapped = shared.clock.compare_exchange_weak(
            last,
            next.as_i64() as u64,
            Ordering::SeqCst,
            Ordering::Relaxed,
        );
        match swapped {
            Ok(_) => return Ok(next),
            Err(current) => last = current,
        }
    }
}

fn out_of_range(error: impl std::fmt::Display) -> Error {
    Error::new(
        pgrx::PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
        format!("the wall clock is outside the range of hlc: {error}"),
    )
    .hint("Correct the server's clock.")
}

fn refuse(error: DriftError, shared: &Shared, remote: Option<Hlc>, drift_ms: i64) -> Error {
    let bound = format!("concord.max_clock_drift is {drift_ms} ms.");
    match error {
        DriftError::RemoteAhead { .. } => {
            let remote = remote.unwrap_or_default();
            Error::with_state(
                SqlState::ClockDrift,
                format!("hlc \"{remote}\" is too far ahead of the wall clock"),
            )
            .detail(bound)
            .hint("Correct the clock of the node that it comes from; the value is accepted when its time has come.")
        }
        DriftError::LocalAhead { .. } => {
            too_far_ahead(from_shared(shared.clock.load(Ordering::Relaxed)), drift_ms)
        }
        other => out_of_range(other),
    }
}

fn too_far_ahead(last: Hlc, drift_ms: i64) -> Error {
    Error::with_state(
        SqlState::ClockDrift,
        format!("the hybrid logical clock is at \"{last}\", too far ahead of the wall clock"),
    )
    .detail(format!("concord.max_clock_drift is {drift_ms} ms."))
    .hint(
        "Correct the server's clock, wait until it has caught up, or increase concord.max_clock_drift. \
         A superuser can set the hybrid logical clock back with concord.hlc_reset().",
    )
}
