//! Events over PostgreSQL's logical replication: the publisher's log arrives as rows of
//! `concord.change_events`. A BEFORE trigger stores each where all events wait; a deferred one lets
//! them enter once the publisher's transaction is here.

mod gate;

use crate::capture::applying::applying;
use crate::error::{Error, OrRaise, Result};
use crate::identity;
use crate::log::columns;
use crate::pg::attempt::Failure;
use crate::pg::backend::{in_replication, my_database};
use crate::pg::function::guard;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::pg::trigger::{self, Protocol};
use crate::pg::tuple::RowValues;
use crate::pg_function;
use crate::sync::apply;
use crate::sync::receive::group::place;
use crate::sync::receive::intake;
use crate::sync::receive::waiting::forget_applied;
use crate::sync::retry::enter_waiting;
use crate::sync::stream::gate::{Arrival, Gate, Way};
use crate::types::parameter::{ulid, word};
use concord_core::delivery::{Group, ReceivedReason};
use concord_core::ulid::Ulid;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_void};
use std::time::{Duration, Instant};

/// How long the worker waits for a row that somebody is writing before it goes on without.
const PATIENCE: &CStr = c"5s";
/// The same while it is known that somebody does.
const LITTLE_PATIENCE: &CStr = c"100ms";
/// How long an event may be under way here while it comes back from elsewhere already.
const COMMITTING: Duration = Duration::from_secs(2);

thread_local! {
    /// What this transaction lets pass into the log.
    static GATE: RefCell<Option<Gate>> = const { RefCell::new(None) };
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
    /// `concord._receive_trigger()`: BEFORE INSERT, FOR EACH ROW, on the log: takes what logical
    /// replication brings; what others insert it leaves alone. 39P01 when it is used otherwise.
    receive_trigger,
    |call| {
        let data = trigger::check(call, "_receive_trigger", Protocol::BeforeRowInsert).or_raise();
        if !in_apply_worker() {
            return pg_sys::Datum::from(data.tg_trigtuple);
        }
        match receive(data).or_raise() {
            Way::Log => pg_sys::Datum::from(data.tg_trigtuple),
            // The row goes no further.
            Way::Known | Way::Wait => pg_sys::Datum::from(0),
        }
    }
);

pg_function!(
    /// `concord._enter_trigger()`: AFTER INSERT, FOR EACH ROW, deferred, on the waiting room: lets
    /// enter what a replicated transaction has brought. 39P01 when it is used otherwise.
    enter_trigger,
    |call| {
        trigger::check(call, "_enter_trigger", Protocol::AfterRowInsert).or_raise();
        if in_apply_worker() && !ENTERED.replace(true) {
            enter_arrived().or_raise();
        }
        pg_sys::Datum::from(0)
    }
);

/// Registers what runs at the end of transactions. Called once, from `_PG_init`.
#[allow(unsafe_code)]
pub fn register() {
    // SAFETY: the callback is guarded and lives as long as the library.
    unsafe { pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut()) };
}

pg_function!(
    /// `concord._is_arriving() → boolean`: whether rows of the log come from another server just now.
    is_arriving,
    |_| pg_sys::Datum::from(in_apply_worker())
);

/// Whether this row comes from another server just now.
fn in_apply_worker() -> bool {
    in_replication() && !applying()
}

/// Finds out where an event is to go, and stores it if it has to wait.
#[allow(unsafe_code)]
fn receive(data: &pg_sys::TriggerData) -> Result<Way> {
    // SAFETY: the trigger manager's data are valid during the call.
    let (values, row_type) = unsafe {
        let relation = data.tg_relation;
        columns::require(relation)?;
        (RowValues::of(data.tg_trigtuple, (*relation).rd_att), (*(*relation).rd_rel).reltype)
    };
    let arrival = Arrival::read(&values);
    if let Some(arrival) = &arrival
        && GATE.with_borrow_mut(|gate| gate.as_mut().is_some_and(|gate| gate.passes(arrival)))
    {
        return Ok(Way::Log);
    }
    let node = identity::attach()?;
    let _owner = AsOwner::deferring(node.log);
    // Before looking: what another applier takes in must be visible.
    apply::lock_appliers()?;
    if let Some(arrival) = &arrival {
        await_own(node.node_id, arrival)?;
        match way(arrival, node.node_id)? {
            Way::Log => return Ok(Way::Log),
            Way::Known if is_in_log(arrival) => return Ok(Way::Known),
            _ => {}
        }
    }
    // SAFETY: as above.
    let row =
        unsafe { pg_sys::heap_copy_tuple_as_datum(data.tg_trigtuple, (*data.tg_relation).rd_att) };
    // One row a transaction is marked: the deferred trigger fires for it alone.
    let reason = match ARRIVED.get() {
        true => ReceivedReason::IncompleteGroup,
        false => ReceivedReason::Arriving,
    };
    if intake::store_row((row_type, Some(row)), node.node_id, reason) {
        ARRIVED.set(true);
    }
    Ok(Way::Wait)
}

fn way(arrival: &Arrival<'_>, own: Ulid) -> Result<Way> {
    GATE.with_borrow_mut(|gate| match gate {
        Some(gate) => gate.way(arrival, own),
        none => none.insert(Gate::open()?).way(arrival, own),
    })
}

/// An event of this node can come back before the transaction that wrote it is seen to have
/// committed: it is sent as soon as its commit is on disk.
fn await_own(own: Ulid, arrival: &Arrival<'_>) -> Result<()> {
    let sequence = arrival.sequence;
    if arrival.origin != own {
        return Ok(());
    }
    let started = Instant::now();
    loop {
        let in_flight = Guarded::lock()?.lowest_in_flight(my_database());
        if in_flight.is_none_or(|lowest| sequence < lowest) || is_in_log(arrival) {
            return Ok(());
        }
        if started.elapsed() > COMMITTING {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
                format!("number {sequence} of this node has come back before it was committed here"),
            )
            .detail("A running transaction of this node holds this number or a later one.")
            .hint(
                "Replication retries automatically; end transactions that have called concord.flush().",
            ));
        }
        pgrx::check_for_interrupts!();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the log has this very event.
fn is_in_log(arrival: &Arrival<'_>) -> bool {
    query::exists(
        "SELECT FROM concord.change_events
         WHERE origin_node_id = $1 AND node_sequence = $2 AND event_id = $3",
        &[ulid(arrival.origin), parameter(arrival.sequence), ulid(arrival.event_id)],
    )
}

/// Lets enter what may. Replication goes on whatever is wrong with the data: what cannot enter waits.
fn enter_arrived() -> Result<()> {
    let node = identity::attach()?;
    let _owner = AsOwner::of(node.log);
    let passed = GATE.take().map_or(Vec::new(), Gate::passed);
    // What came in part, of a transaction that nobody should have cut, waits for the rest.
    let (whole, cut): (Vec<_>, Vec<_>) =
        passed.into_iter().partition(|passed| passed.here == passed.group.size);
    cut.iter().for_each(|passed| retreat(&passed.group));
    let groups: Vec<Group> = whole.into_iter().map(|passed| passed.group).collect();
    if ARRIVED.get() || !cut.is_empty() {
        intake::note_arrivals();
    }
    let patience = if LOCKED.get() { LITTLE_PATIENCE } else { PATIENCE };
    let body = || apply::run_passed(&groups);
    let outcome = enter_waiting(node, patience, body, Failure::is_of_the_data);
    LOCKED.set(matches!(&outcome, Err(failure) if failure.is_lock_timeout()));
    if let Err(failure) = outcome {
        groups.iter().for_each(retreat);
        intake::note_arrivals();
        note_failure(&failure);
    }
    Ok(())
}

/// Takes a group that passed out of the log again: it waits.
fn retreat(group: &Group) {
    query::run(
        "WITH gone AS (DELETE FROM concord.change_events
                       WHERE origin_node_id = $1 AND node_sequence BETWEEN $2 AND $3 RETURNING *)
         INSERT INTO concord.received_events SELECT g.*, 'incomplete_group' FROM gone g",
        &place(group),
    );
}

/// Says of what has arrived and not been looked at why it waits: the tick tries again.
fn note_failure(failure: &Failure) {
    let reason = match failure.is_lock_timeout() {
        true => ReceivedReason::RowLocked,
        false => ReceivedReason::Error,
    };
    query::run(
        "UPDATE concord.received_events SET reason = $1, detail = $2
         WHERE reason = 'arriving' OR reason = 'incomplete_group' AND detail IS NULL",
        &[word(reason), parameter(failure.message.as_str())],
    );
    pgrx::log!(
        "concord: events are waiting because they could not be applied: {}",
        failure.message
    );
}

#[allow(unsafe_code)]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PRE_COMMIT};
    match event {
        // SAFETY: PostgreSQL calls this directly.
        XACT_EVENT_PRE_COMMIT => unsafe { guard(set_up_worker) },
        XACT_EVENT_COMMIT | XACT_EVENT_ABORT => {
            GATE.take();
            forget_applied();
            ARRIVED.set(false);
            ENTERED.set(false);
        }
        _ => {}
    }
}

/// An apply worker starts with a transaction that reads its subscription. When that ends, the
/// settings for those that follow are made: events are applied in READ COMMITTED, whatever the
/// defaults of database and role are.
#[allow(unsafe_code)]
fn set_up_worker() {
    // SAFETY: reads the state of the process; the settings exist, and the values are among theirs.
    unsafe {
        if SET_UP.get() || !in_replication() {
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
