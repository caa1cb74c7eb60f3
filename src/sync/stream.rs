//! Events over PostgreSQL's logical replication: the publisher's log arrives as rows of
//! `concord.change_events`. A BEFORE trigger stores each where all events wait; a deferred one lets
//! them enter once the publisher's transaction is here.

#![allow(unsafe_code)]

use super::retry::enter_waiting;
use super::{applying, functions, intake};
use crate::capture::image::RowValues;
use crate::error::{Error, OrRaise, Result};
use crate::identity;
use crate::pg::attempt::Failure;
use crate::pg::backend::my_database;
use crate::pg::function::guard;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::pg::trigger::{self, Protocol};
use crate::pg_function;
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::ulid::Ulid;
use pgrx::{FromDatum, PgSqlErrorCode, pg_sys};
use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::time::{Duration, Instant};

/// Columns of the log, from 0.
const ORIGIN: usize = 2;
const SEQUENCE: usize = 3;

/// How long the worker waits for a row that somebody is writing before it goes on without.
const PATIENCE: &CStr = c"5s";
/// The same while it is known that somebody does.
const LITTLE_PATIENCE: &CStr = c"100ms";
/// How long an event may be under way here while it comes back from elsewhere already.
const COMMITTING: Duration = Duration::from_secs(2);

thread_local! {
    /// This transaction has stored an event that makes the deferred trigger fire.
    static ARRIVED: Cell<bool> = const { Cell::new(false) };
    /// This transaction has let enter what has arrived.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
    /// Some row was locked when this worker last looked.
    static LOCKED: Cell<bool> = const { Cell::new(false) };
    /// This process has the settings of an apply worker.
    static SET_UP: Cell<bool> = const { Cell::new(false) };
}

pg_function!(
    /// `concord.receive_trigger()`: BEFORE INSERT, FOR EACH ROW, on the log: takes what logical
    /// replication brings; what others insert it leaves alone. 39P01 when it is used otherwise.
    receive_trigger,
    pg_finfo_receive_trigger,
    |fcinfo| {
        // SAFETY: the check says whether PostgreSQL's trigger manager is the caller.
        unsafe {
            let data = trigger::check(fcinfo, "receive_trigger", Protocol::BeforeRowInsert).or_raise();
            if !in_apply_worker() {
                return pg_sys::Datum::from(data.tg_trigtuple);
            }
            receive(data).or_raise();
        }
        // The row goes no further.
        pg_sys::Datum::from(0)
    }
);

pg_function!(
    /// `concord.enter_trigger()`: AFTER INSERT, FOR EACH ROW, deferred, on the waiting room: lets
    /// enter what a replicated transaction has brought. 39P01 when it is used otherwise.
    enter_trigger,
    pg_finfo_enter_trigger,
    |fcinfo| {
        // SAFETY: as above.
        unsafe { trigger::check(fcinfo, "enter_trigger", Protocol::AfterRowInsert).or_raise() };
        if in_apply_worker() && !ENTERED.replace(true) {
            enter_arrived().or_raise();
        }
        pg_sys::Datum::from(0)
    }
);

/// Registers what runs at the end of transactions. Called once, from `_PG_init`.
pub fn register() {
    // SAFETY: the callback is guarded and lives as long as the library.
    unsafe { pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut()) };
}

/// Whether this row comes from another server just now.
fn in_apply_worker() -> bool {
    // SAFETY: reads the state of the process.
    unsafe { pg_sys::IsLogicalWorker() && !applying() }
}

/// Stores an event unless it is known.
unsafe fn receive(data: &pg_sys::TriggerData) -> Result<()> {
    let node = identity::attach()?;
    let _owner = AsOwner::deferring(node.log);
    // Before looking: what another applier takes in must be visible.
    functions::lock_appliers()?;
    // SAFETY: the trigger manager's data are valid during the call; the row is one of the log.
    let row = unsafe {
        let descriptor = (*data.tg_relation).rd_att;
        await_own(node.node_id, &RowValues::of(data.tg_trigtuple, descriptor))?;
        let row = pg_sys::heap_copy_tuple_as_datum(data.tg_trigtuple, descriptor);
        ((*(*data.tg_relation).rd_rel).reltype, Some(row))
    };
    // One row a transaction is marked: the deferred trigger fires for it alone.
    let reason = if ARRIVED.get() { "incomplete_group" } else { "arriving" };
    if intake::store_row(row, node.node_id, reason) {
        ARRIVED.set(true);
    }
    Ok(())
}

/// An event of this node can come back before the transaction that wrote it is seen to have
/// committed: it is sent as soon as its commit is on disk.
fn await_own(own: Ulid, row: &RowValues) -> Result<()> {
    let (Some(origin), Some(sequence)) = (row.get(ORIGIN), row.get(SEQUENCE)) else {
        return Ok(());
    };
    // SAFETY: the columns' types are ulid and bigint.
    let (origin, sequence) =
        unsafe { (SqlUlid::from_datum(origin, false), i64::from_datum(sequence, false)) };
    let (Some(origin), Some(sequence)) = (origin.map(Ulid::from), sequence) else { return Ok(()) };
    if origin != own {
        return Ok(());
    }
    let started = Instant::now();
    loop {
        let in_flight = Guarded::lock()?.lowest_in_flight(my_database());
        if in_flight.is_none_or(|lowest| sequence < lowest) || is_in_log(own, sequence) {
            return Ok(());
        }
        if started.elapsed() > COMMITTING {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
                format!("number {sequence} of this node has come back and is not committed here"),
            )
            .detail("A transaction of this node holds it, or a later number.")
            .hint(
                "Replication tries again by itself; end transactions that called concord.flush().",
            ));
        }
        pgrx::check_for_interrupts!();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn is_in_log(origin: Ulid, sequence: i64) -> bool {
    let mut found = false;
    query::read_latest(
        "SELECT FROM concord.change_events WHERE origin_node_id = $1 AND node_sequence = $2",
        &[parameter(SqlUlid::from(origin)), parameter(sequence)],
        |_| found = true,
    );
    found
}

/// Lets enter what may. Replication goes on whatever is wrong with the data: what cannot enter waits.
fn enter_arrived() -> Result<()> {
    let node = identity::attach()?;
    let _owner = AsOwner::of(node.log);
    intake::note_arrivals();
    let patience = if LOCKED.get() { LITTLE_PATIENCE } else { PATIENCE };
    let outcome = enter_waiting(node, patience, |failure| !failure.is_transient());
    LOCKED.set(matches!(&outcome, Err(failure) if failure.is_lock_timeout()));
    if let Err(failure) = outcome {
        note_failure(&failure);
    }
    Ok(())
}

/// Says of what has arrived and not been looked at why it waits: the tick tries again.
fn note_failure(failure: &Failure) {
    let reason = if failure.is_lock_timeout() { "row_locked" } else { "error" };
    query::write(
        "UPDATE concord.received_events SET reason = $1, detail = $2
         WHERE reason = 'arriving' OR reason = 'incomplete_group' AND detail IS NULL",
        &[parameter(reason), parameter(failure.message.as_str())],
        |_| {},
    );
    pgrx::log!("concord: events wait because they could not be applied: {}", failure.message);
}

unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PRE_COMMIT};
    match event {
        // SAFETY: PostgreSQL calls this directly.
        XACT_EVENT_PRE_COMMIT => unsafe { guard(set_up_worker) },
        XACT_EVENT_COMMIT | XACT_EVENT_ABORT => {
            ARRIVED.set(false);
            ENTERED.set(false);
        }
        _ => {}
    }
}

/// An apply worker starts with a transaction that reads its subscription. When that ends, the
/// settings for those that follow are made: events are applied in READ COMMITTED, whatever the
/// defaults of database and role are.
fn set_up_worker() {
    // SAFETY: reads the state of the process; the settings exist, and the values are among theirs.
    unsafe {
        if SET_UP.get() || !pg_sys::IsLogicalWorker() {
            return;
        }
        for (name, value) in [
            (c"default_transaction_isolation", c"read committed"),
            (c"default_transaction_read_only", c"off"),
        ] {
            // As the worker itself sets session_replication_role.
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
    SET_UP.set(true);
}
