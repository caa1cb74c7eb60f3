//! What this transaction has captured, until it ends.
//!
//! The state is borrowed for moments only: whatever can raise works on a buffer that was taken out, since the
//! callbacks at the end of a transaction come back here, and after a FATAL error they come before anything unwinds.

use crate::error::{Error, Result};
use crate::log::buffer::{Buffer, Link};
use crate::log::context::Context;
use crate::log::event::Captured;
use crate::log::size::refuse_too_large;
use crate::pg::transaction;
use concord_core::operation::Operation;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

#[derive(Default)]
struct Transaction {
    /// Events without numbers.
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

/// The buffer, taken out; it is put back when this goes.
pub struct Lent(Buffer);

impl Lent {
    /// Takes the buffer out.
    pub fn take() -> Lent {
        Lent(TRANSACTION.with_borrow_mut(|transaction| std::mem::take(&mut transaction.buffer)))
    }
}

impl Deref for Lent {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        &self.0
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Buffer {
        &mut self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        TRANSACTION
            .with_borrow_mut(|transaction| std::mem::swap(&mut transaction.buffer, &mut self.0));
    }
}

/// Buffers an event until the transaction commits; returns its position. 55000 after `flush`.
pub fn append(event: &Captured<'_>) -> Result<usize> {
    TRANSACTION.with_borrow(refuse_after_flush)?;
    refuse_too_large(event)?;
    Lent::take().push(event, transaction::subtransaction(), spill_limit())
}

/// Buffers a GAP event, once per table and transaction.
pub fn append_gap(event: &Captured<'_>) -> Result<()> {
    let Some(table) = event.table else {
        return Ok(());
    };
    let new = TRANSACTION.with_borrow_mut(|transaction| {
        transaction.buffer.note_gap(table, transaction::subtransaction())
    });
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

/// Numbers are about to be taken: from here on they are this transaction's to lose.
pub fn note_numbered() {
    TRANSACTION.with_borrow_mut(|transaction| transaction.numbered = true);
}

/// Events were written.
pub fn note_written(count: i64) {
    TRANSACTION.with_borrow_mut(|transaction| transaction.written += count);
}

/// No more can be captured, unless nothing was written; how many events were.
pub fn close() -> i64 {
    TRANSACTION.with_borrow_mut(|transaction| {
        transaction.flushed = transaction.written > 0;
        transaction.written
    })
}

/// Whether this transaction has events, in the buffer or in the log.
pub fn has_any() -> bool {
    TRANSACTION.with_borrow(|transaction| transaction.buffer.len() > 0 || transaction.written > 0)
}

/// At commit: forgets all; whether numbers were taken.
pub fn end() -> bool {
    TRANSACTION.take().numbered
}

/// At abort: forgets all, but keeps memory for the next; whether numbers died.
pub fn abort() -> bool {
    TRANSACTION.with_borrow_mut(|transaction| {
        transaction.buffer.forget();
        let lost = transaction.numbered || transaction.filling;
        let buffer = std::mem::take(&mut transaction.buffer);
        *transaction = Transaction { buffer, ..Transaction::default() };
        lost
    })
}

/// When a subtransaction ends.
pub fn end_subtransaction(
    aborted: bool,
    subtransaction: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
) {
    TRANSACTION.with_borrow_mut(|transaction| match aborted {
        true => transaction.buffer.cut(subtransaction),
        false => transaction.buffer.merge(subtransaction, parent),
    });
}

fn refuse_after_flush(transaction: &Transaction) -> Result<()> {
    if transaction.flushed {
        return Err(Error::wrong_state(
            "cannot write to a tracked table after concord.flush() in the same transaction",
        )
        .detail("The events of this transaction have already been numbered.")
        .hint("Commit and write in a new transaction, or call concord.flush() last."));
    }
    Ok(())
}

/// Refuses what must know the whole log where this transaction has changes that are not in it yet.
pub fn refuse_after_capture() -> Result<()> {
    if TRANSACTION.with_borrow(|transaction| transaction.buffer.len() > 0) {
        return Err(Error::wrong_state(
            "cannot apply events in a transaction that has written to tracked tables",
        )
        .detail(
            "Changes of this transaction get their place in the order of events when it commits.",
        )
        .hint("Commit first, and apply the events in a transaction of their own."));
    }
    Ok(())
}

#[allow(unsafe_code)]
fn spill_limit() -> usize {
    // SAFETY: `work_mem` is a plain setting, in kilobytes.
    unsafe { pg_sys::work_mem as usize * 1024 }
}

/// A control event without more.
pub fn control(operation: Operation, context: &Rc<Context>) -> Captured<'_> {
    Captured {
        operation,
        table: None,
        context,
        record_id: None,
        old_values: None,
        new_values: None,
        touched: None,
        metadata: None,
        base_version: None,
        command: transaction::command(),
    }
}

/// The wall clock, in PostgreSQL's microseconds.
#[allow(unsafe_code)]
pub fn now() -> pg_sys::TimestampTz {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}
