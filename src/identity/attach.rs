//! Finding or minting the identity of this place.

use super::pin::{check_pin, refuse_shared_pin};
use super::succession::{forget, mint, succeed, take_slot_away};
use crate::clock::seed::{self, refuse_in_recovery};
use crate::error::{Error, Result};
use crate::identity::known::{last_number, read_identities};
use crate::identity::place::Place;
use crate::identity::{Attached, MINTED};
use crate::pg::backend::{in_recovery, my_database};
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::shmem::{Guarded, Slot};
use crate::pg::{relation, transaction};
use crate::settings;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;

/// The node that this database is; mints or adopts an identity where the place has none.
///
/// Errors: 25006 in recovery; 22023 and 55000 when `concord.node_id` pins something that this
/// database is not; 53400 when the server has no slot left.
pub fn attach() -> Result<Attached> {
    if let Some(node) = MINTED.with_borrow(|minted| minted.map(|minted| minted.node)) {
        return Ok(node);
    }
    refuse_in_recovery()?;
    let log = catalog::log()?;
    match slot_for(log)? {
        Some(slot) if pin_agrees(slot.node_id) && !slot.recheck => Ok(attached(slot.node_id, log)),
        _ => attach_slowly(log),
    }
}

fn attached(node_id: [u8; 16], log: pg_sys::Oid) -> Attached {
    Attached { node_id: Ulid::from_bytes(node_id), log }
}

fn slot_for(log: pg_sys::Oid) -> Result<Option<Slot>> {
    Ok(Guarded::lock()?.slot(my_database()).filter(|slot| slot.log == log).copied())
}

fn pin_agrees(node_id: [u8; 16]) -> bool {
    settings::pinned_node_id().is_none_or(|pin| pin.to_bytes() == node_id)
}

fn attach_slowly(log: pg_sys::Oid) -> Result<Attached> {
    let table = catalog::identity()?;
    let mode = pg_sys::ShareUpdateExclusiveLock;
    relation::lock(table, mode);
    if let Some(slot) = slot_for(log)?
        && pin_agrees(slot.node_id)
        && !slot.recheck
    {
        relation::unlock(table, mode);
        return Ok(attached(slot.node_id, log));
    }
    let _owner = AsOwner::of(log);
    let identities = read_identities();
    let here = Place::here();
    let own = identities.iter().find(|i| i.place == here && !i.succeeded);
    let elsewhere = identities.iter().rfind(|i| i.place != here && !i.succeeded);
    let pin = settings::pinned_node_id();
    if let Some(pin) = pin {
        check_pin(pin, own, elsewhere)?;
    }
    match (own, elsewhere) {
        (Some(own), None) if pin.is_none_or(|pin| pin == own.node_id) => {
            let node = Attached { node_id: own.node_id, log };
            if !keep_slot(node)? {
                publish(node, own.contiguous)?;
            }
            // The slot is there for everybody.
            relation::unlock(table, mode);
            Ok(node)
        }
        (Some(own), Some(old)) => {
            take_slot_away(own.node_id, false)?;
            succeed(own.node_id, old.node_id, log, false)
        }
        (Some(unused), None) => {
            forget(unused.node_id)?;
            mint(pin, None, log)
        }
        (None, predecessor) => mint(pin, predecessor, log),
    }
}

/// A slot that was only to be looked at again stays as it is: numbers may be in flight.
fn keep_slot(node: Attached) -> Result<bool> {
    let last_hlc = seed::seed(node.log)?;
    let mut guarded = Guarded::lock()?;
    let id = node.node_id.to_bytes();
    let slot = guarded.slot(my_database());
    Ok(slot.filter(|slot| slot.log == node.log && slot.node_id == id).is_some_and(|slot| {
        slot.recheck = false;
        slot.last_hlc = slot.last_hlc.max(last_hlc);
        true
    }))
}

/// Lays the identity of this place into shared memory.
fn publish(node: Attached, contiguous: i64) -> Result<()> {
    let issued = last_number(node.node_id);
    let last_hlc = seed::seed(node.log)?;
    let database = my_database();
    refuse_shared_pin(node.node_id)?;
    let mut guarded = Guarded::lock()?;
    let slot = guarded.slot_or_free(database)?;
    // Numbers given out before this slot was made may have died with the server.
    *slot = Slot {
        database,
        log: node.log,
        node_id: node.node_id.to_bytes(),
        issued,
        last_hlc,
        contiguous,
        holes: issued > contiguous,
        wake: true,
        recheck: false,
    };
    Ok(())
}

/// The node's id for showing: attached where possible; on a standby or in a read-only transaction
/// the newest identity that the database holds.
pub fn shown_node_id() -> Result<Ulid> {
    if !in_recovery() && !transaction::is_read_only() {
        return Ok(attach()?.node_id);
    }
    let log = catalog::log()?;
    let _owner = AsOwner::of(log);
    read_identities()
        .last()
        .map(|identity| identity.node_id)
        .ok_or_else(|| Error::internal("concord.identity is empty"))
}
