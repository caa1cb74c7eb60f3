//! `concord.flush`.

use crate::error::OrRaise;
use crate::pg_function;
use pgrx::pg_sys;

pg_function!(
    /// `concord.flush() → bigint`: numbers and writes what this transaction has captured, so that it
    /// can read its own events. Returns how many events it has written. 55000 inside a savepoint.
    flush,
    |_| pg_sys::Datum::from(super::write::flush().or_raise())
);
