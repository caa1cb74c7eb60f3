//! Finding or minting the identity of this place.

#![allow(unsafe_code)]

use super::place::{Place, in_recovery};
use super::{Attached, MINTED, Minted, refuse_in_recovery};
use crate::clock;
use crate::error::{Error, Result};
use crate::pg::backend::my_database;
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::{Guarded, Slot};
use crate::settings;
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::hlc::Hlc;
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

/// One row of `concord.identity`.
#[derive(Clone, Copy)]
struct Identity {
    node_id: Ulid,
    place: Place,
    contiguous: i64,
    succeeded: bool,
}

fn attach_slowly(log: pg_sys::Oid) -> Result<Attached> {
    let table = catalog::identity()?;
    let lock = pg_sys::ShareUpdateExclusiveLock as i32;
    // SAFETY: an ordinary relation lock; PostgreSQL releases it when the transaction ends.
    unsafe { pg_sys::LockRelationOid(table, lock) };
    if let Some(slot) = slot_for(log)?
        && pin_agrees(slot.node_id)
        && !slot.recheck
    {
        // SAFETY: releases the lock taken above.
        unsafe { pg_sys::UnlockRelationOid(table, lock) };
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
            // SAFETY: releases the lock taken above; the slot is there for everybody.
            unsafe { pg_sys::UnlockRelationOid(table, lock) };
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

/// All identities, oldest first.
fn read_identities() -> Vec<Identity> {
    let mut identities = Vec::new();
    query::read_latest(
        "SELECT i.node_id, i.system_identifier, i.database_oid, i.timeline, i.contiguous_sequence,
                EXISTS (SELECT FROM concord.identity s WHERE s.predecessor_id = i.node_id)
         FROM concord.identity i ORDER BY i.created_at, i.node_id",
        &[],
        |row| {
            identities.push(Identity {
                node_id: row.required::<SqlUlid>(1).into(),
                place: Place {
                    system: row.required(2),
                    database: row.required(3),
                    timeline: row.required(4),
                },
                contiguous: row.required(5),
                succeeded: row.required(6),
            });
        },
    );
    identities
}

/// Whether `concord.node_id` may stand: it is this node, or nobody yet.
fn check_pin(pin: Ulid, own: Option<&Identity>, elsewhere: Option<&Identity>) -> Result<()> {
    if own.is_some_and(|own| own.node_id == pin) {
        return Ok(());
    }
    if elsewhere.is_some_and(|old| old.node_id == pin) {
        return Err(Error::wrong_state(format!(
            "this database is not where node \"{pin}\" lived, but concord.node_id pins it"
        ))
        .detail("It was restored, copied or promoted: two databases must not write as one node.")
        .hint(
            "ALTER DATABASE ... RESET concord.node_id, and this database takes an identity of its own; \
             or pin a new one made by concord.gen_ulid().",
        ));
    }
    let mut known = false;
    query::read_latest(
        "SELECT FROM concord.nodes WHERE node_id = $1",
        &[parameter(SqlUlid::from(pin))],
        |_| known = true,
    );
    if known {
        return Err(Error::invalid_argument(format!(
            "concord.node_id \"{pin}\" belongs to another node"
        ))
        .hint("Every node needs an id of its own: RESET concord.node_id, or pin one made by concord.gen_ulid()."));
    }
    match own {
        Some(own) if last_number(own.node_id) > 0 => Err(Error::wrong_state(format!(
            "concord.node_id pins \"{pin}\", but this database is node \"{}\"",
            own.node_id
        ))
        .detail("Its events are in the log already.")
        .hint(format!(
            "ALTER DATABASE ... RESET concord.node_id, or set it to '{}'.",
            own.node_id
        ))),
        _ => Ok(()),
    }
}

/// The highest number of a node in the log.
fn last_number(node_id: Ulid) -> i64 {
    let mut last = 0;
    query::read_latest(
        "SELECT node_sequence FROM concord.change_events
         WHERE origin_node_id = $1 ORDER BY node_sequence DESC LIMIT 1",
        &[parameter(SqlUlid::from(node_id))],
        |row| last = row.required(1),
    );
    last
}

/// A slot that was only to be looked at again stays as it is: numbers may be in flight.
fn keep_slot(node: Attached) -> Result<bool> {
    let last_hlc = super::seed(node.log)?;
    let mut guarded = Guarded::lock()?;
    let id = node.node_id.to_bytes();
    let slot = guarded.slot(my_database());
    Ok(slot.filter(|slot| slot.log == node.log && slot.node_id == id).is_some_and(|slot| {
        slot.recheck = false;
        slot.last_hlc = slot.last_hlc.max(last_hlc);
        true
    }))
}

/// Has every backend look at `concord.identity` again, where somebody else wrote it.
pub fn recheck() {
    if let Ok(mut guarded) = Guarded::lock()
        && let Some(slot) = guarded.slot(my_database())
    {
        slot.recheck = true;
    }
}

/// Lays the identity of this place into shared memory.
fn publish(node: Attached, contiguous: i64) -> Result<()> {
    let issued = last_number(node.node_id);
    let last_hlc = super::seed(node.log)?;
    let database = my_database();
    let mut guarded = Guarded::lock()?;
    refuse_shared_pin(&mut guarded, node.node_id)?;
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

/// 55000 when another database of this server is the same node: `concord.node_id` was set for all.
fn refuse_shared_pin(guarded: &mut Guarded, node_id: Ulid) -> Result<()> {
    let bytes = node_id.to_bytes();
    let database = my_database();
    let twice = guarded.slots().iter().any(|slot| {
        slot.database != pg_sys::Oid::INVALID && slot.database != database && slot.node_id == bytes
    });
    if twice {
        return Err(Error::wrong_state(format!(
            "another database of this server is node \"{node_id}\" already"
        ))
        .hint(
            "Pin a node id for one database only: ALTER DATABASE ... SET concord.node_id = '...'",
        ));
    }
    Ok(())
}

/// Closes the identity of this place and goes on as its successor from the wall clock's time.
///
/// Other backends find no slot meanwhile and wait for this transaction. Should it fail, the clock
/// goes back to where it stood.
pub fn reset() -> Result<Hlc> {
    let old = attach()?;
    if MINTED.with_borrow(Option::is_some) {
        return Err(Error::wrong_state("this transaction has taken a new identity already")
            .hint("COMMIT first."));
    }
    // SAFETY: an ordinary relation lock; PostgreSQL releases it when the transaction ends.
    unsafe {
        pg_sys::LockRelationOid(catalog::identity()?, pg_sys::ShareUpdateExclusiveLock as i32);
    }
    take_slot_away(old.node_id, false)?;
    let before = clock::last()?;
    clock::set_to_wall()?;
    let _owner = AsOwner::of(old.log);
    let id = parameter(SqlUlid::from(old.node_id));
    query::write(
        "UPDATE concord.identity SET clock_reset = true WHERE node_id = $1",
        &[id],
        |_| {},
    );
    query::write("UPDATE concord.nodes SET status = 'retired' WHERE node_id = $1", &[id], |_| {});
    let node_id = clock::functions::new_ulid()?;
    insert_identity(node_id);
    succeed(node_id, old.node_id, old.log, true)?;
    MINTED.with_borrow_mut(|minted| {
        if let Some(minted) = minted {
            minted.clock_before = Some(before);
        }
    });
    clock::tick_unseeded()
}

/// Makes other backends come by the lock that this transaction holds. 55000 while they commit.
fn take_slot_away(node_id: Ulid, only_unused: bool) -> Result<()> {
    let database = my_database();
    let busy = {
        let mut guarded = Guarded::lock()?;
        let in_flight = guarded.lowest_in_flight(database).is_some();
        match guarded.slot(database) {
            Some(slot) if in_flight || (only_unused && slot.issued > 0) => true,
            Some(slot) => {
                slot.database = pg_sys::Oid::INVALID;
                false
            }
            None => false,
        }
    };
    if busy {
        return Err(Error::wrong_state(format!("node \"{node_id}\" is writing events just now"))
            .hint("Try again."));
    }
    Ok(())
}

/// Takes back an identity that never wrote an event, so that a pinned one can stand in its place.
fn forget(node_id: Ulid) -> Result<()> {
    take_slot_away(node_id, true)?;
    let id = parameter(SqlUlid::from(node_id));
    query::write("DELETE FROM concord.identity WHERE node_id = $1", &[id], |_| {});
    query::write("DELETE FROM concord.nodes WHERE node_id = $1", &[id], |_| {});
    Ok(())
}

fn mint(pin: Option<Ulid>, predecessor: Option<&Identity>, log: pg_sys::Oid) -> Result<Attached> {
    refuse_other_encodings()?;
    super::seed(log)?;
    let node_id = match pin {
        Some(pin) => pin,
        None => clock::functions::new_ulid()?,
    };
    refuse_shared_pin(&mut Guarded::lock()?, node_id)?;
    insert_identity(node_id);
    match predecessor {
        Some(predecessor) => succeed(node_id, predecessor.node_id, log, true),
        None => begin(Attached { node_id, log }, 0, None),
    }
}

/// Names and images travel between databases as JSON, which is UTF-8.
fn refuse_other_encodings() -> Result<()> {
    // SAFETY: reads the database's encoding.
    let encoding = unsafe { pg_sys::GetDatabaseEncoding() };
    if encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        return Err(Error::unsupported("concord needs a database in encoding UTF8")
            .hint("CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0;"));
    }
    Ok(())
}

fn insert_identity(node_id: Ulid) {
    let place = Place::here();
    query::write(
        "INSERT INTO concord.identity (node_id, system_identifier, database_oid, timeline)
         VALUES ($1, $2, $3, $4)",
        &[
            parameter(SqlUlid::from(node_id)),
            parameter(place.system),
            parameter(place.database),
            parameter(place.timeline),
        ],
        |_| {},
    );
    query::write(
        "INSERT INTO concord.nodes (node_id) VALUES ($1) ON CONFLICT DO NOTHING",
        &[parameter(SqlUlid::from(node_id))],
        |_| {},
    );
}

/// Makes `node_id`, an identity of this place, the successor of `old`.
fn succeed(node_id: Ulid, old: Ulid, log: pg_sys::Oid, fresh: bool) -> Result<Attached> {
    let ids = [parameter(SqlUlid::from(node_id)), parameter(SqlUlid::from(old))];
    query::write(
        "UPDATE concord.identity SET predecessor_id = $2 WHERE node_id = $1",
        &ids,
        |_| {},
    );
    query::write("UPDATE concord.nodes SET predecessor_id = $2 WHERE node_id = $1", &ids, |_| {});
    query::write(
        "UPDATE concord.nodes SET applied_sequence = GREATEST(applied_sequence, $2) WHERE node_id = $1",
        &[parameter(SqlUlid::from(old)), parameter(last_number(old))],
        |_| {},
    );
    pgrx::log!("concord: node \"{old}\" ends here; this database goes on as node \"{node_id}\"");
    let issued = if fresh { 0 } else { last_number(node_id) };
    begin(Attached { node_id, log }, issued, Some(old))
}

/// From here to the end of the transaction the identity is private to it.
fn begin(node: Attached, issued: i64, predecessor: Option<Ulid>) -> Result<Attached> {
    let last_hlc = super::seed(node.log)?;
    // SAFETY: reads the transaction state.
    let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
    MINTED.set(Some(Minted {
        node,
        issued,
        last_hlc,
        predecessor,
        announced: false,
        clock_before: None,
        subtransaction,
    }));
    Ok(node)
}

/// The node's id for showing: attached where possible; on a standby or in a read-only transaction
/// the newest identity that the database holds.
pub fn shown_node_id() -> Result<Ulid> {
    // SAFETY: reads the transaction state.
    let read_only = unsafe { pg_sys::XactReadOnly };
    if !in_recovery() && !read_only {
        return Ok(attach()?.node_id);
    }
    let log = catalog::log()?;
    let _owner = AsOwner::of(log);
    read_identities()
        .last()
        .map(|identity| identity.node_id)
        .ok_or_else(|| Error::internal("concord.identity is empty"))
}
