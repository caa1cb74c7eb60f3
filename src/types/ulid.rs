//! `concord.ulid`: 16 bytes, laid out and ordered as a `uuid` is.

use super::datum::prelude::*;
use super::{text, time};
use crate::error::{Error, OrRaise};
use crate::pg::compat;
use concord_core::ulid::{TEXT_LEN, Ulid as Value, UlidTextError};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::{PgSqlErrorCode, pg_extern};
use std::ffi::{CStr, CString};

/// A ULID as a value of the SQL type.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Ulid(pub Value);

impl FixedSize for Ulid {
    const NAME: &'static CStr = c"ulid";

    #[allow(unsafe_code)]
    unsafe fn read(datum: pg_sys::Datum) -> Self {
        // SAFETY: the datum points to the type's 16 bytes, which need no alignment.
        Ulid(Value::from_bytes(unsafe { *datum.cast_mut_ptr::<[u8; 16]>() }))
    }

    #[allow(unsafe_code)]
    fn write(self) -> pg_sys::Datum {
        // SAFETY: palloc returns room for 16 bytes or raises.
        unsafe {
            let copy = pg_sys::palloc(size_of::<Value>()).cast::<[u8; 16]>();
            copy.write(*self.0.as_bytes());
            pg_sys::Datum::from(copy)
        }
    }
}

fixed_size_type!(Ulid, Value, "ulid");

#[pg_extern(sql = false)]
fn concord_ulid_in(input: &CStr, fcinfo: pg_sys::FunctionCallInfo) -> Option<Ulid> {
    match Value::parse(&text::lossy(input.to_bytes())) {
        Ok(value) => Some(Ulid(value)),
        Err(reason) => compat::soft_error(fcinfo, refuse(input.to_bytes(), reason)),
    }
}

#[pg_extern(sql = false)]
fn concord_ulid_out(ulid: Ulid) -> CString {
    text::output(ulid.0.encode(&mut [0; TEXT_LEN]).as_bytes())
}

// The two below take `text` in SQL: bytes, because it need not be UTF-8.

#[pg_extern(sql = false)]
fn concord_ulid_normalize(input: &[u8]) -> Ulid {
    Ulid(Value::normalize(&text::lossy(input)).map_err(|reason| refuse(input, reason)).or_raise())
}

#[pg_extern(sql = false)]
fn concord_ulid_is_valid(input: &[u8]) -> bool {
    Value::parse(&text::lossy(input)).is_ok()
}

#[pg_extern(sql = false)]
fn concord_ulid_from_bytea(input: &[u8]) -> Ulid {
    let bytes = input
        .try_into()
        .map_err(|_| {
            Error::new(
                PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION,
                format!("bytea of length {} cannot be a ulid", input.len()),
            )
            .hint("A ULID has 16 bytes.")
        })
        .or_raise();
    Ulid(Value::from_bytes(bytes))
}

#[pg_extern(sql = false)]
fn concord_ulid_time(ulid: Ulid) -> TimestampWithTimeZone {
    time::from_unix_ms(ulid.0.timestamp_ms())
}

#[pg_extern(sql = false)]
fn concord_ulid_larger(a: Ulid, b: Ulid) -> Ulid {
    a.max(b)
}

#[pg_extern(sql = false)]
fn concord_ulid_smaller(a: Ulid, b: Ulid) -> Ulid {
    a.min(b)
}

fn refuse(input: &[u8], reason: UlidTextError) -> Error {
    let hint = match Value::normalize(&text::lossy(input)) {
        Ok(meant) => format!("concord.ulid_normalize() reads this text as {meant}."),
        Err(_) => "A ULID is 26 digits of Crockford's base 32 (0 to 9 and A to Z without I, L, O \
                   and U), the first of them at most 7."
            .to_owned(),
    };
    text::refuse("ulid", input, reason, hint)
}
