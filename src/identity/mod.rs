//! Who this node is: a ULID bound to the place where the database lives.
//!
//! A backend *attaches* before its first event: it finds the identity of this place, or mints one,
//! and lays what all backends need into the database's slot in shared memory. An identity that was
//! minted in a transaction is private to it until it commits; a lock on `concord.identity` keeps
//! others from minting a second one meanwhile.

mod attach;
pub mod describe;
mod known;
mod pin;
mod place;
pub mod succession;

use crate::clock::seed::ensure_seeded;
use crate::error::{Error, Result};
use crate::pg::backend::my_database;
use crate::pg::shmem::{Guarded, Slot};
use crate::{clock, settings};
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::cell::{Cell, RefCell};

pub use attach::{attach, shown_node_id};

/// The node as this transaction sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached {
    /// The node's ULID.
    pub node_id: Ulid,
    /// `concord.change_events`.
    pub log: pg_sys::Oid,
}

/// An identity that this transaction minted and has not committed yet.
#[derive(Clone, Copy)]
struct Minted {
    node: Attached,
    issued: i64,
    last_hlc: u64,
    predecessor: Option<Ulid>,
    announced: bool,
    /// Where the clock stood before this transaction set it back.
    clock_before: Option<Hlc>,
    subtransaction: pg_sys::SubTransactionId,
}

thread_local! {
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
    static MINTED: RefCell<Option<Minted>> = const { RefCell::new(None) };
}

/// Notes that the log has taken in an event of another node with this HLC.
pub fn note_hlc(node: Attached, hlc: Hlc) -> Result<()> {
    let mut guarded = Guarded::lock()?;
    if let Some(slot) = guarded.slot(my_database()).filter(|slot| slot.log == node.log) {
        slot.last_hlc = slot.last_hlc.max(hlc.as_i64() as u64);
    }
    Ok(())
}

/// Numbers and the HLC that goes with them.
pub struct Issued {
    /// The first of the consecutive numbers.
    pub first: i64,
    /// Their common HLC.
    pub hlc: Hlc,
    /// Some number given out earlier may have died.
    pub holes: bool,
}

/// Takes the next `count` numbers of this node together with a tick, in one step, so that within
/// the node HLC and sequence rise together.
pub fn issue(node: Attached, count: i64) -> Result<Issued> {
    ensure_seeded()?;
    let private = MINTED.with_borrow_mut(|minted| {
        minted.as_mut().map(|minted| {
            let hlc = clock::tick_above(minted.last_hlc)?;
            let first = minted.issued + 1;
            minted.issued += count;
            minted.last_hlc = hlc.as_i64() as u64;
            Ok(Issued { first, hlc, holes: false })
        })
    });
    if let Some(issued) = private {
        return issued;
    }
    let database = my_database();
    // Nothing below calls PostgreSQL while the lock is held, so no error can jump over its release.
    let mut guarded = Guarded::lock()?;
    let Some(slot) = guarded.slot(database).filter(|slot| slot.log == node.log) else {
        drop(guarded);
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            "the identity of this node changed while the transaction was committing",
        )
        .hint("Retry the transaction."));
    };
    let hlc = clock::tick_above(slot.last_hlc)?;
    slot.last_hlc = hlc.as_i64() as u64;
    let first = slot.issued + 1;
    let holes = slot.holes;
    slot.issued += count;
    guarded.set_in_flight(database, first);
    Ok(Issued { first, hlc, holes })
}

/// Whether a minted identity still has to tell whose successor it is.
pub fn has_announcement() -> bool {
    MINTED.with_borrow(|minted| {
        minted.as_ref().is_some_and(|minted| !minted.announced && minted.predecessor.is_some())
    })
}

/// The predecessor that the first group of a minted identity still has to announce.
pub fn take_announcement() -> Option<Ulid> {
    MINTED.with_borrow_mut(|minted| {
        let minted = minted.as_mut()?;
        if minted.announced {
            return None;
        }
        minted.announced = true;
        minted.predecessor
    })
}

/// Notes where the clock stood before this transaction set it back.
pub fn note_clock_before(before: Hlc) {
    MINTED.with_borrow_mut(|minted| {
        if let Some(minted) = minted {
            minted.clock_before = Some(before);
        }
    });
}

/// Notes that this transaction wrote `concord.identity`.
pub fn note_written() {
    WRITTEN.set(true);
}

/// At commit: what was minted is everybody's.
pub fn on_commit() {
    let written = WRITTEN.replace(false);
    let Some(minted) = MINTED.take() else {
        if written {
            recheck();
        }
        return;
    };
    // Without a free slot the next backend to attach says so; a committed transaction cannot.
    if let Ok(mut guarded) = Guarded::lock()
        && let Ok(slot) = guarded.slot_or_free(my_database())
    {
        *slot = Slot {
            database: my_database(),
            log: minted.node.log,
            node_id: minted.node.node_id.to_bytes(),
            issued: minted.issued,
            last_hlc: minted.last_hlc,
            contiguous: 0,
            holes: false,
            wake: true,
            recheck: false,
        };
    }
}

/// At abort: what was minted never was.
pub fn on_abort() {
    WRITTEN.set(false);
    MINTED.take().iter().for_each(undo);
}

/// Puts a clock back that was set back in vain.
fn undo(minted: &Minted) {
    if let Some(before) = minted.clock_before {
        // Shared memory exists, or the clock could not have been set.
        let _ = clock::raise_to(before);
    }
}

/// When a subtransaction ends.
pub fn on_subtransaction(
    aborted: bool,
    subtransaction: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
) {
    MINTED.with_borrow_mut(|minted| {
        let Some(inner) = minted.as_mut() else { return };
        if aborted && inner.subtransaction >= subtransaction {
            undo(inner);
            *minted = None;
        } else if inner.subtransaction == subtransaction {
            inner.subtransaction = parent;
        }
    });
}

/// Whether this transaction has minted an identity.
pub fn is_minting() -> bool {
    MINTED.with_borrow(Option::is_some)
}

/// The node's name for people: `concord.node_name`, or the name of the database.
pub fn name() -> String {
    settings::node_name().unwrap_or_else(place::database_name)
}

/// The name of this host.
pub fn hostname() -> String {
    place::hostname()
}

/// Has every backend look at `concord.identity` again, where somebody else wrote it.
fn recheck() {
    if let Ok(mut guarded) = Guarded::lock()
        && let Some(slot) = guarded.slot(my_database())
    {
        slot.recheck = true;
    }
}
