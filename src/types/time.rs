//! Between Unix milliseconds, which both types hold, and `timestamptz`.

use crate::error::{Error, OrRaise};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::{IntoDatum, direct_function_call, pg_sys};
use std::ffi::CStr;

/// Unix milliseconds at PostgreSQL's epoch, 2000-01-01.
const POSTGRES_EPOCH_MS: i64 = 946_684_800_000;

/// The milliseconds of a time, microseconds cut off; far beyond both types for the infinities.
pub fn to_unix_ms(time: TimestampWithTimeZone) -> i64 {
    pg_sys::TimestampTz::from(time).div_euclid(1000) + POSTGRES_EPOCH_MS
}

/// The time of 48 bits of milliseconds: at most in the year 10889, where `timestamptz` goes on.
pub fn from_unix_ms(ms: i64) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from((ms - POSTGRES_EPOCH_MS) * 1000)
        .map_err(|error| Error::internal(format!("{ms} ms is no timestamptz: {error}")))
        .or_raise()
}

/// The time as the session shows it.
#[allow(unsafe_code)]
pub fn show(time: TimestampWithTimeZone) -> String {
    // SAFETY: an output function with its one argument; the text is copied at once.
    let text: Option<&CStr> =
        unsafe { direct_function_call(pg_sys::timestamptz_out, &[time.into_datum()]) };
    text.unwrap_or_default().to_string_lossy().into_owned()
}
