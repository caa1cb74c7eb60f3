//! `hlc_now`, `hlc_observe` and `gen_ulid`; `hlc_reset` stands with the identity that it closes.

use crate::error::{Error, OrRaise};
use crate::pg_function;
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use pgrx::{IntoDatum, pg_sys};
use std::cell::RefCell;

pg_function!(
    /// `concord.hlc_now() → hlc`: ticks the clock. `NC001` beyond the drift bound, 25006 in recovery.
    hlc_now,
    |_| pg_sys::Datum::from(super::tick().or_raise().as_i64())
);

pg_function!(
    /// `concord.hlc_observe(hlc) → hlc`: takes in a remote HLC. `NC001` when it is too far ahead.
    hlc_observe,
    |call| {
        let remote = Hlc::try_from(call.argument::<i64>(0).unwrap_or_default())
            .map_err(|error| Error::invalid_argument(error.to_string()))
            .or_raise();
        pg_sys::Datum::from(super::observe(remote).or_raise().as_i64())
    }
);

pg_function!(
    /// `concord.gen_ulid() → ulid`: a tick of the clock and 64 random bits; strictly increasing over
    /// all backends of the cluster. Errors as `hlc_now`.
    gen_ulid,
    |_| {
        crate::clock::seed::ensure_seeded().or_raise();
        let ulid = new_ulid().or_raise();
        crate::types::ulid::Ulid::from(ulid).into_datum().unwrap_or(pg_sys::Datum::from(0))
    }
);

/// A fresh ULID from a clock that is seeded already.
pub fn new_ulid() -> crate::error::Result<Ulid> {
    Ok(Ulid::from_hlc(super::tick_unseeded()?, random_u64()?))
}

const POOL: usize = 512;

thread_local! {
    static RANDOM: RefCell<(Vec<u64>, usize)> = const { RefCell::new((Vec::new(), 0)) };
}

/// Sixty-four random bits from PostgreSQL's strong generator, which is asked for a pool at a time.
#[allow(unsafe_code)]
pub fn random_u64() -> crate::error::Result<u64> {
    RANDOM.with_borrow_mut(|(pool, used)| {
        if *used >= pool.len() {
            pool.resize(POOL, 0);
            // SAFETY: the buffer is POOL words long.
            let filled = unsafe { pg_sys::pg_strong_random(pool.as_mut_ptr().cast(), POOL * 8) };
            if !filled {
                *used = POOL;
                return Err(Error::internal("could not generate random values"));
            }
            *used = 0;
        }
        *used += 1;
        Ok(pool[*used - 1])
    })
}
