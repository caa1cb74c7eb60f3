//! The hybrid logical clock's value: 48 bits of Unix milliseconds above 16 bits of logical counter.
//!
//! An HLC alone is not a total order of events: two nodes may write the same one. The order is
//! (hlc, origin node, sequence), everywhere.

mod civil;
mod step;
mod text;

use std::fmt;

pub use step::{DriftError, StepError, bounded_step, step};
pub use text::{HlcTextError, MAX_TEXT};

const COUNTER_BITS: u32 = 16;

/// The latest wall clock that an HLC can hold: 6429-10-17T02:45:55.327Z.
pub const MAX_WALL_MS: i64 = i64::MAX >> COUNTER_BITS;

/// One tick of a hybrid logical clock: `(wall_ms << 16) | counter`, never negative.
#[derive(Copy, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Hlc(i64);

/// What cannot be an HLC: a negative integer, or a wall clock outside 0 to [`MAX_WALL_MS`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct HlcRangeError;

impl Hlc {
    /// The smallest HLC, where a clock starts that has ticked nothing yet.
    pub const MIN: Hlc = Hlc(0);
    /// The greatest HLC; nothing comes after it.
    pub const MAX: Hlc = Hlc(i64::MAX);

    /// The HLC of a wall clock in Unix milliseconds and a counter.
    pub const fn from_parts(wall_ms: i64, counter: u16) -> Result<Hlc, HlcRangeError> {
        if wall_ms < 0 || wall_ms > MAX_WALL_MS {
            return Err(HlcRangeError);
        }
        Ok(Hlc((wall_ms << COUNTER_BITS) | counter as i64))
    }

    /// Its Unix milliseconds.
    pub const fn wall_ms(self) -> i64 {
        self.0 >> COUNTER_BITS
    }

    /// Its logical counter.
    pub const fn counter(self) -> u16 {
        self.0 as u16
    }

    /// The integer that holds both; orders as the HLC does.
    pub const fn as_i64(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Hlc {
    type Error = HlcRangeError;

    fn try_from(bits: i64) -> Result<Hlc, HlcRangeError> {
        if bits < 0 { Err(HlcRangeError) } else { Ok(Hlc(bits)) }
    }
}

impl fmt::Display for HlcRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of range for an hlc")
    }
}

impl std::error::Error for HlcRangeError {}
