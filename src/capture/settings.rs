//! Output functions obey session settings; images must not. While [`Neutral`] lives, values print
//! the way `pg_dump` makes them print: exactly, and readable under any settings.

#![allow(unsafe_code)]

use crate::pg::externs::bytea_output;
use crate::pg::owner::NeutralNames;
use pgrx::pg_sys;
use std::ffi::c_int;

const SHORTEST_EXACT: c_int = 1;
/// `BYTEA_OUTPUT_HEX` in src/include/utils/bytea.h
const HEX: c_int = 1;

/// The session's settings, put back on drop.
pub struct Neutral {
    date_style: c_int,
    interval_style: c_int,
    float_digits: c_int,
    bytea: c_int,
    zone: *mut pg_sys::pg_tz,
    _names: Option<NeutralNames>,
}

impl Neutral {
    /// Sets ISO dates, PostgreSQL's intervals, exact floats, hex bytes and UTC. With `names`, also an
    /// empty `search_path` and the C locale for money: that is dearer and few types need it.
    pub fn enter(names: bool) -> Neutral {
        // SAFETY: plain variables behind the settings of these names. They are put back before
        // anybody else can look, errors included, so PostgreSQL's own bookkeeping needs no part in it.
        unsafe {
            let saved = Neutral {
                date_style: pg_sys::DateStyle,
                interval_style: pg_sys::IntervalStyle,
                float_digits: pg_sys::extra_float_digits,
                bytea: bytea_output,
                zone: pg_sys::session_timezone,
                _names: names.then(NeutralNames::enter),
            };
            pg_sys::DateStyle = pg_sys::USE_ISO_DATES as c_int;
            pg_sys::IntervalStyle = pg_sys::INTSTYLE_POSTGRES as c_int;
            pg_sys::extra_float_digits = SHORTEST_EXACT;
            bytea_output = HEX;
            let utc = pg_sys::pg_tzset(c"GMT".as_ptr());
            if !utc.is_null() {
                pg_sys::session_timezone = utc;
            }
            saved
        }
    }
}

impl Drop for Neutral {
    fn drop(&mut self) {
        // SAFETY: as in `enter`.
        unsafe {
            pg_sys::DateStyle = self.date_style;
            pg_sys::IntervalStyle = self.interval_style;
            pg_sys::extra_float_digits = self.float_digits;
            bytea_output = self.bytea;
            pg_sys::session_timezone = self.zone;
        }
    }
}
