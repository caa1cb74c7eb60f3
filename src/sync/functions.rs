//! `concord.apply_events` and `concord.retry_pending`.

use crate::error::OrRaise;
use crate::pg_function;
use crate::sync::apply::run;
use crate::sync::receive::intake;

pg_function!(
    /// `concord.apply_events(jsonb[]) → record`; see `sql/83_apply.sql`. 22023 for a malformed event,
    /// 22004 for a null, 25001 above READ COMMITTED, 25006 in recovery, 55000 after captured writes,
    /// `NC001` where the clock may not run on.
    apply_events,
    |call| {
        let events = call.datum(0).ok_or_else(|| intake::null_argument("events")).or_raise();
        call.record(run(Some(events)).or_raise().columns())
    }
);

pg_function!(
    /// `concord.retry_pending() → record`: as `apply_events` without new events.
    retry_pending,
    |call| call.record(run(None).or_raise().columns())
);
