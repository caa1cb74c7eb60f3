//! Sets a poisoned clock back: the node ends, and its successor begins at the wall clock's time.

use crate::clock;
use crate::error::{Error, Result};
use crate::identity::succession::{insert_identity, succeed, take_slot_away};
use crate::identity::{attach, is_minting, note_clock_before};
use crate::log::holes;
use crate::pg::owner::AsOwner;
use crate::pg::relation;
use crate::pg::{catalog, query};
use crate::types::parameter::ulid;
use concord_core::hlc::Hlc;
use pgrx::pg_sys;

/// Closes the identity of this place and goes on as its successor from the wall clock's time.
///
/// Other backends find no slot meanwhile and wait for this transaction. Should it fail, the clock
/// goes back to where it stood.
pub fn reset() -> Result<Hlc> {
    let old = attach()?;
    if is_minting() {
        return Err(Error::wrong_state("this transaction has already taken a new identity")
            .hint("Commit the transaction first."));
    }
    relation::lock(catalog::identity()?, pg_sys::ShareUpdateExclusiveLock);
    // Nobody else could void the numbers that this identity lost.
    holes::fill_in_turn(old)?;
    take_slot_away(old.node_id, false)?;
    let before = clock::last()?;
    clock::set_to_wall()?;
    let _owner = AsOwner::of(old.log);
    let id = ulid(old.node_id);
    query::run("UPDATE concord.identity SET clock_reset = true WHERE node_id = $1", &[id]);
    query::run("UPDATE concord.nodes SET status = 'retired' WHERE node_id = $1", &[id]);
    let node_id = clock::functions::new_ulid()?;
    insert_identity(node_id);
    succeed(node_id, old.node_id, old.log, true)?;
    note_clock_before(before);
    clock::tick_unseeded()
}
