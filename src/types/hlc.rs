//! `concord.hlc`: an `int8` that is never negative.

use super::datum::prelude::*;
use super::{text, time};
use crate::error::{Error, OrRaise};
use crate::pg::compat;
use concord_core::hlc::{Hlc as Value, HlcTextError, MAX_TEXT, StepError, step};
use pgrx::datum::{Internal, TimestampWithTimeZone};
use pgrx::{PgSqlErrorCode, pg_extern};
use std::ffi::{CStr, CString};

/// An HLC as a value of the SQL type.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Hlc(pub Value);

impl FixedSize for Hlc {
    const NAME: &'static CStr = c"hlc";

    #[allow(unsafe_code)]
    unsafe fn read(datum: pg_sys::Datum) -> Self {
        let bits = datum.value() as i64;
        Hlc(Value::try_from(bits)
            .map_err(|_| {
                Error::new(
                    PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
                    format!("stored hlc is negative: {bits}"),
                )
            })
            .or_raise())
    }

    fn write(self) -> pg_sys::Datum {
        pg_sys::Datum::from(self.0.as_i64())
    }
}

fixed_size_type!(Hlc, Value, "hlc");

const HINT: &str = "Write a time in UTC with a counter, as in \"2024-01-24T12:40:00.000Z/5\", \
                    or a non-negative integer.";

#[pg_extern(sql = false)]
fn concord_hlc_in(input: &CStr, fcinfo: pg_sys::FunctionCallInfo) -> Option<Hlc> {
    let parsed: Result<Value, HlcTextError> = text::lossy(input.to_bytes()).parse();
    match parsed {
        Ok(value) => Some(Hlc(value)),
        Err(reason) => {
            compat::soft_error(fcinfo, text::refuse("hlc", input.to_bytes(), reason, HINT))
        }
    }
}

#[pg_extern(sql = false)]
fn concord_hlc_out(hlc: Hlc) -> CString {
    text::output(hlc.0.encode(&mut [0; MAX_TEXT]))
}

/// `int8recv` accepts negative numbers; this does not.
#[pg_extern(sql = false)]
#[allow(unsafe_code)]
fn concord_hlc_recv(mut message: Internal) -> Hlc {
    // SAFETY: PostgreSQL calls receive functions with a StringInfo.
    let bits = unsafe {
        message.get_mut::<pg_sys::StringInfoData>().map(|message| pg_sys::pq_getmsgint64(message))
    };
    let bits = bits.ok_or_else(|| Error::internal("hlc_recv without a message")).or_raise();
    from_bigint(bits, PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION)
}

#[pg_extern(sql = false)]
fn concord_hlc_from_bigint(bits: i64) -> Hlc {
    from_bigint(bits, PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE)
}

fn from_bigint(bits: i64, code: PgSqlErrorCode) -> Hlc {
    Hlc(Value::try_from(bits)
        .map_err(|_| {
            Error::new(code, format!("bigint {bits} out of range for type hlc"))
                .hint("An hlc is (milliseconds since 1970 << 16) | counter and never negative.")
        })
        .or_raise())
}

#[pg_extern(sql = false)]
fn concord_hlc_from_time(at: TimestampWithTimeZone, counter: i32) -> Hlc {
    let counter = u16::try_from(counter)
        .map_err(|_| {
            Error::new(
                PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                format!("counter {counter} out of range for type hlc"),
            )
            .hint("The counter must be between 0 and 65535.")
        })
        .or_raise();
    Hlc(Value::from_parts(time::to_unix_ms(at), counter)
        .map_err(|_| {
            Error::new(
                PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
                format!("timestamp \"{}\" out of range for type hlc", time::show(at)),
            )
            .hint(format!("An hlc is from {} to {}.", Value::MIN, Value::MAX))
        })
        .or_raise())
}

#[pg_extern(sql = false)]
fn concord_hlc_time(hlc: Hlc) -> TimestampWithTimeZone {
    time::from_unix_ms(hlc.0.wall_ms())
}

#[pg_extern(sql = false)]
fn concord_hlc_counter(hlc: Hlc) -> i32 {
    i32::from(hlc.0.counter())
}

/// The clock's rule for whoever wants to check it; the clock itself calls the core.
#[pg_extern(sql = false)]
fn concord_hlc_step(last: Option<Hlc>, remote: Option<Hlc>, wall_ms: Option<i64>) -> Option<Hlc> {
    let next = step(last?.0, remote.map(Value::from), wall_ms?);
    Some(Hlc(next.map_err(refuse_step).or_raise()))
}

fn refuse_step(error: StepError) -> Error {
    let refusal = match error {
        StepError::NegativeWall(_) => Error::invalid_argument(error.to_string()),
        StepError::WallTooLarge(_) | StepError::Exhausted => {
            Error::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, error.to_string())
        }
    };
    refusal
        .hint("The argument wall_ms of hlc_step() is in milliseconds since 1970, and must be within the range of hlc.")
}
