//! What happens to captured events when their transaction ends: at pre-commit they get consecutive
//! numbers and one HLC, and are written; nothing is left of a transaction that fails.

#![allow(unsafe_code)]

use crate::clock::functions::random_u64;
use crate::commit::unfolded::Unfolded;
use crate::error::{Error, OrRaise, Result};
use crate::identity::{self, Attached};
use crate::log::buffer::{Buffer, Link};
use crate::log::context::Context;
use crate::log::event::{Operation, Pending};
use crate::log::writer::{Group, Writer};
use crate::log::{holes, metadata};
use crate::pg::backend::my_database;
use crate::pg::catalog;
use crate::pg::function::guard;
use crate::pg::shmem::{Guarded, wake_launcher};
use crate::pg::varlena::to_jsonb;

use crate::{capture, vector, version};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

#[derive(Default)]
struct Transaction {
    buffer: Buffer,
    /// Events written so far.
    written: i64,
    /// Numbers were taken from the database's slot.
    numbered: bool,
    /// `flush` was called: no more can be captured.
    flushed: bool,
    /// This transaction undertook to fill holes.
    filling: bool,
}

thread_local! {
    static TRANSACTION: RefCell<Transaction> = RefCell::new(Transaction::default());
}

/// Registers the callbacks. Called once, from `_PG_init`.
pub fn register() {
    // SAFETY: the callbacks are guarded and live as long as the library.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

/// Buffers an event until the transaction commits; returns its position. 55000 after `flush`.
pub fn append(event: &Pending<'_>) -> Result<usize> {
    TRANSACTION.with_borrow_mut(|transaction| {
        refuse_after_flush(transaction)?;
        transaction.buffer.push(event, subtransaction(), spill_limit())
    })
}

/// Buffers a GAP event, once per table and transaction.
pub fn append_gap(event: &Pending<'_>) -> Result<()> {
    let Some(table) = event.table else {
        return Ok(());
    };
    let new = TRANSACTION
        .with_borrow_mut(|transaction| transaction.buffer.note_gap(table, subtransaction()));
    if new {
        append(event)?;
    }
    Ok(())
}

/// Notes what became of a DELETE that was appended.
pub fn link(position: usize, link: Link) {
    TRANSACTION.with_borrow_mut(|transaction| transaction.buffer.link(position, link));
}

/// Notes that this transaction undertook to fill holes: should it fail, somebody else must.
pub fn note_filling() {
    TRANSACTION.with_borrow_mut(|transaction| transaction.filling = true);
}

/// Numbers and writes what was captured so far; returns the count of events written by this
/// transaction. 55000 inside a savepoint, whose rollback could not take numbers back.
pub fn flush() -> Result<i64> {
    // SAFETY: reads and advances the transaction state.
    unsafe {
        if pg_sys::GetCurrentTransactionNestLevel() > 1 {
            return Err(Error::wrong_state("concord.flush() cannot run inside a savepoint")
                .detail("Numbers that it gives out could not be taken back with the savepoint.")
                .hint("RELEASE the savepoint first; a PL/pgSQL block with EXCEPTION is a savepoint, too."));
        }
        write_captured()?;
        pg_sys::CommandCounterIncrement();
    }
    TRANSACTION.with_borrow_mut(|transaction| {
        transaction.flushed = transaction.written > 0;
        Ok(transaction.written)
    })
}

fn refuse_after_flush(transaction: &Transaction) -> Result<()> {
    if transaction.flushed {
        return Err(Error::wrong_state(
            "a tracked table cannot be written after concord.flush() in the same transaction",
        )
        .detail("The events of this transaction are numbered already.")
        .hint("COMMIT, and write in a new transaction; or call concord.flush() last."));
    }
    Ok(())
}

/// Refuses what must know the whole log where this transaction has changes that are not in it yet.
pub fn refuse_after_capture() -> Result<()> {
    if TRANSACTION.with_borrow(|transaction| transaction.buffer.len() > 0) {
        return Err(Error::wrong_state(
            "events cannot be applied in a transaction that has written tracked tables",
        )
        .detail("Its own changes get their place in the order of events when it commits.")
        .hint("COMMIT first, and apply the events in a transaction of their own."));
    }
    Ok(())
}

fn subtransaction() -> pg_sys::SubTransactionId {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::GetCurrentSubTransactionId() }
}

fn spill_limit() -> usize {
    // SAFETY: `work_mem` is a plain setting, in kilobytes.
    unsafe { pg_sys::work_mem as usize * 1024 }
}

/// Numbers and writes the buffer.
fn write_captured() -> Result<()> {
    let mut buffer = TRANSACTION.with_borrow_mut(|t| std::mem::take(&mut t.buffer));
    if buffer.len() == 0 && !identity::has_announcement() {
        return Ok(());
    }
    // DROP EXTENSION in this transaction took the log along.
    if catalog::log().is_err() {
        buffer.clear();
        return Ok(());
    }
    // SAFETY: the pre-commit callback runs without a snapshot; index insertion may detoast.
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
    let node = identity::attach()?;
    // A log that cannot be written costs no numbers.
    let mut writer = Writer::open(node.log)?;
    let predecessor = identity::take_announcement();
    let lead = i64::from(predecessor.is_some());
    let observed = vector::observed(node.node_id)?;
    let size = buffer.len() as i64 + lead;
    // From here on the numbers are ours to lose.
    TRANSACTION.with_borrow_mut(|t| t.numbered = true);
    let issued = identity::issue(node, size)?;
    if issued.holes {
        holes::fill_if_free(node)?;
    }
    let group = Group {
        node_id: node.node_id,
        first: issued.first,
        size,
        hlc: issued.hlc,
        id_base: random_u64()? >> 1,
        observed: Some(observed),
        wall: now(),
    };
    if let Some(predecessor) = predecessor {
        let text = crate::identity::describe::of_node(Some(predecessor), None);
        let (context, metadata) = (crate::log::context::current(), to_jsonb(&text)?);
        writer.add(&group, group.first, &control(Operation::Node, &context), Some(&metadata));
    }
    let written = write_events(&mut buffer, &mut writer, &group, lead)?;
    writer.finish();
    buffer.clear();
    TRANSACTION.with_borrow_mut(|t| t.written += size);
    if written.stale || written.gaps {
        // SAFETY: makes the group visible to the statements below.
        unsafe { pg_sys::CommandCounterIncrement() };
        note_consequences(&node, &group, &written);
    }
    // SAFETY: pops the snapshot pushed above.
    unsafe { pg_sys::PopActiveSnapshot() };
    Ok(())
}

#[derive(Default)]
struct Written {
    stale: bool,
    gaps: bool,
}

fn write_events(
    buffer: &mut Buffer,
    writer: &mut Writer,
    group: &Group,
    lead: i64,
) -> Result<Written> {
    let mut written = Written::default();
    let mut sequence = group.first + lead;
    let unshown = Unfolded::watch()?;
    buffer.for_each(|event| {
        let addition = unshown.addition(event)?;
        let event = &unshown.adapt(event, addition.as_deref());
        written.stale |= event.operation == Operation::Stale;
        written.gaps |= event.operation == Operation::Gap;
        match event.metadata {
            Some(addition) => {
                let merged = metadata::merge(event.context.metadata_text.as_deref(), addition)?;
                writer.add(group, sequence, event, Some(&merged));
            }
            None => writer.add(group, sequence, event, event.context.metadata.as_ref()),
        }
        sequence += 1;
        Ok(())
    })?;
    Ok(written)
}

/// What follows from the events of a group in tables beside the log.
fn note_consequences(node: &Attached, group: &Group, written: &Written) {
    let last = group.first + group.size - 1;
    if written.stale {
        version::conflicts::record(node, group.first, last);
    }
    if written.gaps {
        crate::ddl::windows::record_gaps(node, group.first, last);
    }
}

/// A control event without more.
pub fn control(operation: Operation, context: &Rc<Context>) -> Pending<'_> {
    Pending {
        operation,
        table: None,
        context,
        record_id: None,
        old_values: None,
        new_values: None,
        touched: None,
        metadata: None,
        base_version: None,
        // SAFETY: reads the transaction state.
        command: unsafe { pg_sys::GetCurrentCommandId(false) },
    }
}

/// The wall clock, in PostgreSQL's microseconds.
pub fn now() -> pg_sys::TimestampTz {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _argument: *mut c_void) {
    use pg_sys::XactEvent::{
        XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PRE_COMMIT, XACT_EVENT_PRE_PREPARE,
    };
    // SAFETY: PostgreSQL calls this directly.
    unsafe {
        guard(|| match event {
            XACT_EVENT_PRE_COMMIT => write_captured().or_raise(),
            XACT_EVENT_COMMIT => on_commit(),
            XACT_EVENT_ABORT => on_abort(),
            XACT_EVENT_PRE_PREPARE => refuse_prepare().or_raise(),
            _ => {}
        });
    }
}

fn on_commit() {
    let ended = TRANSACTION.take();
    forget_rows();
    identity::on_commit();
    if ended.numbered
        && let Ok(mut guarded) = Guarded::lock()
    {
        guarded.clear_in_flight();
    }
}

fn on_abort() {
    TRANSACTION.with_borrow_mut(|transaction| {
        transaction.buffer.forget();
        let lost = transaction.numbered || transaction.filling;
        *transaction = Transaction {
            buffer: std::mem::take(&mut transaction.buffer),
            ..Transaction::default()
        };
        if lost {
            lose_numbers();
        }
    });
    forget_rows();
    identity::on_abort();
}

/// What the triggers kept of single rows ends with the transaction.
fn forget_rows() {
    capture::moves::forget();
    capture::brought::forget_all();
}

/// The numbers this backend held will never be in the log: somebody must void them.
fn lose_numbers() {
    if let Ok(mut guarded) = Guarded::lock() {
        guarded.clear_in_flight();
        if let Some(slot) = guarded.slot(my_database()) {
            slot.holes = true;
            slot.wake = true;
        }
    }
    wake_launcher();
}

fn refuse_prepare() -> Result<()> {
    let busy =
        TRANSACTION.with_borrow(|t| t.buffer.len() > 0 || t.written > 0) || identity::is_minting();
    if busy {
        return Err(Error::unsupported(
            "cannot PREPARE a transaction that has written to tables tracked by concord",
        )
        .detail("Its events get their numbers at commit, and COMMIT PREPARED gives no occasion for that.")
        .hint("COMMIT the transaction instead."));
    }
    Ok(())
}

unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    subtransaction: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _argument: *mut c_void,
) {
    use pg_sys::SubXactEvent::{SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB};
    // SAFETY: PostgreSQL calls this directly.
    unsafe {
        guard(|| match event {
            SUBXACT_EVENT_COMMIT_SUB => {
                TRANSACTION.with_borrow_mut(|t| t.buffer.merge(subtransaction, parent));
                identity::on_subtransaction(false, subtransaction, parent);
            }
            SUBXACT_EVENT_ABORT_SUB => {
                TRANSACTION.with_borrow_mut(|t| t.buffer.cut(subtransaction));
                identity::on_subtransaction(true, subtransaction, parent);
            }
            _ => {}
        });
    }
}
