//! The clock rule, as a pure function of (last, remote, wall clock).

use std::fmt;

use super::{COUNTER_BITS, Hlc, MAX_WALL_MS};

/// Why a clock cannot step.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum StepError {
    /// The wall clock, in Unix milliseconds, is before 1970.
    NegativeWall(i64),
    /// The wall clock is beyond [`MAX_WALL_MS`].
    WallTooLarge(i64),
    /// `last` or `remote` is [`Hlc::MAX`].
    Exhausted,
}

/// Why a clock with a bound refuses to step.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum DriftError {
    /// The remote HLC is further ahead of the wall clock than allowed: it must wait, and the local
    /// clock stays where it is.
    RemoteAhead {
        /// The HLC that came from elsewhere.
        remote: Hlc,
        /// How far ahead of the wall clock it is.
        ahead_ms: i64,
    },
    /// The local clock itself would run further ahead of the wall clock than allowed.
    LocalAhead {
        /// The HLC that was refused.
        next: Hlc,
        /// How far ahead of the wall clock it would be.
        ahead_ms: i64,
    },
    /// There is no next HLC at all.
    Step(StepError),
}

/// The next HLC: `max(last + 1, remote + 1, wall_ms << 16)`.
///
/// It is greater than both, and a counter that is full carries into the milliseconds by itself.
pub fn step(last: Hlc, remote: Option<Hlc>, wall_ms: i64) -> Result<Hlc, StepError> {
    if wall_ms < 0 {
        return Err(StepError::NegativeWall(wall_ms));
    }
    if wall_ms > MAX_WALL_MS {
        return Err(StepError::WallTooLarge(wall_ms));
    }
    let seen = remote.map_or(last, |remote| remote.max(last));
    let after_seen = seen.0.checked_add(1).ok_or(StepError::Exhausted)?;
    Ok(Hlc(after_seen.max(wall_ms << COUNTER_BITS)))
}

/// [`step`], refused when it would leave the clock more than `max_drift_ms` ahead of the wall.
pub fn bounded_step(
    last: Hlc,
    remote: Option<Hlc>,
    wall_ms: i64,
    max_drift_ms: i64,
) -> Result<Hlc, DriftError> {
    let bound = wall_ms.saturating_add(max_drift_ms);
    // Asked first: a remote clock that is ahead says nothing against the local one.
    if let Some(remote) = remote.filter(|remote| wall_ms >= 0 && remote.wall_ms() > bound) {
        return Err(DriftError::RemoteAhead { remote, ahead_ms: remote.wall_ms() - wall_ms });
    }
    let next = step(last, remote, wall_ms).map_err(DriftError::Step)?;
    if next.wall_ms() > bound {
        return Err(DriftError::LocalAhead { next, ahead_ms: next.wall_ms() - wall_ms });
    }
    Ok(next)
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepError::NegativeWall(wall_ms) => {
                write!(f, "wall clock {wall_ms} ms is before 1970-01-01")
            }
            StepError::WallTooLarge(wall_ms) => {
                write!(f, "wall clock {wall_ms} ms is beyond the last hlc, {}", Hlc::MAX)
            }
            StepError::Exhausted => write!(f, "no hlc comes after {}", Hlc::MAX),
        }
    }
}

impl fmt::Display for DriftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DriftError::RemoteAhead { remote, ahead_ms } => {
                write!(f, "remote hlc {remote} is {ahead_ms} ms ahead of the wall clock")
            }
            DriftError::LocalAhead { next, ahead_ms } => {
                write!(f, "next hlc {next} would be {ahead_ms} ms ahead of the wall clock")
            }
            DriftError::Step(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StepError {}
impl std::error::Error for DriftError {}
