//! The settings that values print by, and are read by.

#![allow(unsafe_code)]

use super::externs::{bytea_output, xmloption};
use pgrx::pg_sys;
use std::ffi::c_int;

const SHORTEST_EXACT: c_int = 1;
/// `BYTEA_OUTPUT_HEX` in src/include/utils/bytea.h
const HEX: c_int = 1;
/// `XMLOPTION_CONTENT` in src/include/nodes/primnodes.h
const CONTENT: c_int = 1;

/// While it lives: ISO dates, PostgreSQL's intervals, exact floats, hex bytes and UTC; arrays with nulls and XML content can
/// be read.
pub struct ExactPrinting {
    date_style: c_int,
    interval_style: c_int,
    float_digits: c_int,
    bytea: c_int,
    zone: *mut pg_sys::pg_tz,
    array_nulls: bool,
    xml: c_int,
}

impl ExactPrinting {
    /// Sets them; what they were is put back on drop.
    pub fn enter() -> ExactPrinting {
        // SAFETY: plain variables behind the settings of these names. They are put back before
        // anybody else can look, errors included, so PostgreSQL's own bookkeeping needs no part in it.
        unsafe {
            let saved = ExactPrinting {
                date_style: pg_sys::DateStyle,
                interval_style: pg_sys::IntervalStyle,
                float_digits: pg_sys::extra_float_digits,
                bytea: bytea_output,
                zone: pg_sys::session_timezone,
                array_nulls: pg_sys::Array_nulls,
                xml: xmloption,
            };
            pg_sys::DateStyle = pg_sys::USE_ISO_DATES as c_int;
            pg_sys::IntervalStyle = pg_sys::INTSTYLE_POSTGRES as c_int;
            pg_sys::extra_float_digits = SHORTEST_EXACT;
            bytea_output = HEX;
            pg_sys::Array_nulls = true;
            xmloption = CONTENT;
            let utc = pg_sys::pg_tzset(c"GMT".as_ptr());
            if !utc.is_null() {
                pg_sys::session_timezone = utc;
            }
            saved
        }
    }
}

impl Drop for ExactPrinting {
    fn drop(&mut self) {
        // SAFETY: as in `enter`.
        unsafe {
            pg_sys::DateStyle = self.date_style;
            pg_sys::IntervalStyle = self.interval_style;
            pg_sys::extra_float_digits = self.float_digits;
            bytea_output = self.bytea;
            pg_sys::session_timezone = self.zone;
            pg_sys::Array_nulls = self.array_nulls;
            xmloption = self.xml;
        }
    }
}
