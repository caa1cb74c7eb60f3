//! New identities: minted where a place has none, or as the successor of one that ends.

use super::pin::refuse_shared_pin;
use super::place::Place;
use super::{Attached, MINTED, Minted};
use crate::clock::{self, seed};
use crate::error::{Error, Result};
use crate::identity::known::{Identity, last_number};
use crate::pg::backend::my_database;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::pg::transaction;
use crate::types::parameter::ulid;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;

/// A new identity for this place.
pub fn mint(
    pin: Option<Ulid>,
    predecessor: Option<&Identity>,
    log: pg_sys::Oid,
) -> Result<Attached> {
    refuse_other_encodings()?;
    seed::seed(log)?;
    let node_id = match pin {
        Some(pin) => pin,
        None => clock::functions::new_ulid()?,
    };
    refuse_shared_pin(node_id)?;
    insert_identity(node_id);
    match predecessor {
        Some(predecessor) => succeed(node_id, predecessor.node_id, log, true),
        None => begin(Attached { node_id, log }, 0, None),
    }
}

/// Names and images travel between databases as JSON, which is UTF-8.
#[allow(unsafe_code)]
fn refuse_other_encodings() -> Result<()> {
    // SAFETY: reads the database's encoding.
    let encoding = unsafe { pg_sys::GetDatabaseEncoding() };
    if encoding != pg_sys::pg_enc::PG_UTF8 as i32 {
        return Err(Error::unsupported("concord requires database encoding UTF8")
            .hint("Create the database with ENCODING 'UTF8' TEMPLATE template0."));
    }
    Ok(())
}

pub fn insert_identity(node_id: Ulid) {
    let place = Place::here();
    query::run(
        "INSERT INTO concord.identity (node_id, system_identifier, database_oid, timeline)
         VALUES ($1, $2, $3, $4)",
        &[
            ulid(node_id),
            parameter(place.system),
            parameter(place.database),
            parameter(place.timeline),
        ],
    );
    query::run(
        "INSERT INTO concord.nodes (node_id) VALUES ($1) ON CONFLICT DO NOTHING",
        &[ulid(node_id)],
    );
}

/// Makes `node_id`, an identity of this place, the successor of `old`.
pub fn succeed(node_id: Ulid, old: Ulid, log: pg_sys::Oid, fresh: bool) -> Result<Attached> {
    let ids = [ulid(node_id), ulid(old)];
    query::run("UPDATE concord.identity SET predecessor_id = $2 WHERE node_id = $1", &ids);
    query::run("UPDATE concord.nodes SET predecessor_id = $2 WHERE node_id = $1", &ids);
    query::run(
        "UPDATE concord.nodes
         SET applied_sequence = GREATEST(applied_sequence, concord._contiguous_sequence($1))
         WHERE node_id = $1",
        &[ulid(old)],
    );
    pgrx::log!("concord: node \"{old}\" ends here; this database continues as node \"{node_id}\"");
    let issued = if fresh { 0 } else { last_number(node_id) };
    begin(Attached { node_id, log }, issued, Some(old))
}

/// From here to the end of the transaction the identity is private to it.
fn begin(node: Attached, issued: i64, predecessor: Option<Ulid>) -> Result<Attached> {
    let last_hlc = seed::seed(node.log)?;
    let subtransaction = transaction::subtransaction();
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

/// Makes other backends come by the lock that this transaction holds. 55000 while they commit.
pub fn take_slot_away(node_id: Ulid, only_unused: bool) -> Result<()> {
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
        return Err(
            Error::wrong_state(format!("node \"{node_id}\" is writing events")).hint("Try again.")
        );
    }
    Ok(())
}

/// Takes back an identity that never wrote an event, so that a pinned one can stand in its place.
pub fn forget(node_id: Ulid) -> Result<()> {
    take_slot_away(node_id, true)?;
    let id = ulid(node_id);
    query::run("DELETE FROM concord.identity WHERE node_id = $1", &[id]);
    query::run("DELETE FROM concord.nodes WHERE node_id = $1", &[id]);
    Ok(())
}
