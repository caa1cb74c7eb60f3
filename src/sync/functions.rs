//! `concord.apply_events` and `concord.retry_pending`.

#![allow(unsafe_code)]

use crate::error::OrRaise;
use crate::pg::function::argument;
use crate::pg_function;
use crate::sync::Counts;
use crate::sync::apply::run;
use crate::sync::receive::intake;
use pgrx::pg_sys;

pg_function!(
    /// `concord.apply_events(jsonb[]) → record`; see `sql/83_apply.sql`. 22023 for a malformed event,
    /// 22004 for a null, 25001 above READ COMMITTED, 25006 in recovery, 55000 after captured writes,
    /// `NC001` where the clock may not run on.
    apply_events,
    |fcinfo| {
        // SAFETY: declared with an argument of type jsonb[].
        let events = unsafe { argument(fcinfo, 0) };
        let events = events.ok_or_else(|| intake::null_argument("events")).or_raise();
        record_of(fcinfo, run(Some(events)).or_raise())
    }
);

pg_function!(
    /// `concord.retry_pending() → record`: as `apply_events` without new events.
    retry_pending,
    |fcinfo| record_of(fcinfo, run(None).or_raise())
);

/// The counts as the record that the function returns.
fn record_of(fcinfo: pg_sys::FunctionCallInfo, counts: Counts) -> pg_sys::Datum {
    let mut values = counts.columns().map(pg_sys::Datum::from);
    let mut nulls = [false; 5];
    // SAFETY: both functions are declared with five OUT parameters of type bigint.
    unsafe {
        let mut descriptor = std::ptr::null_mut();
        pg_sys::get_call_result_type(fcinfo, std::ptr::null_mut(), &mut descriptor);
        let descriptor = pg_sys::BlessTupleDesc(descriptor);
        let tuple = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
        pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
    }
}
