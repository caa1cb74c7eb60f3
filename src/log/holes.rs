//! Numbers that were given out to transactions which died afterwards (a serialization failure at
//! the very end, a crash) are filled by VOID events, so that an absence always means loss.
//!
//! A number is dead when no backend holds it in flight and it is not in the log. In-flight numbers
//! are read before the log is, under a snapshot taken after: whatever committed in between is seen.

use super::writer::{OwnGroup, Writer};
use crate::clock;
use crate::clock::functions::random_u64;
use crate::error::Result;
use crate::identity::Attached;
use crate::log::captured::{control, note_filling, now};
use crate::log::context;
use crate::pg::backend::my_database;
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::pg::{relation, transaction};
use crate::types::parameter::ulid;
use concord_core::hlc::Hlc;
use concord_core::operation::Operation;
use concord_core::sequence::missing;
use pgrx::pg_sys;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Fills the holes of this node, unless another backend is at it. Returns the count of VOID events.
///
/// Leaves SERIALIZABLE transactions alone, where reading the log would cost others theirs.
pub fn fill_if_free(node: Attached) -> Result<i64> {
    let table = catalog::identity()?;
    // Held to the end of the transaction, so that nobody fills the same holes before these are visible.
    let free = !transaction::is_serializable() && relation::try_lock(table, LOCK);
    if free { fill(node) } else { Ok(0) }
}

/// Fills the holes of this node, once any other backend that is at it has finished.
pub fn fill_in_turn(node: Attached) -> Result<i64> {
    relation::lock(catalog::identity()?, LOCK);
    fill(node)
}

const LOCK: u32 = pg_sys::ShareUpdateExclusiveLock;

fn fill(node: Attached) -> Result<i64> {
    let Some((floor, bound)) = finished_range(node)? else {
        return Ok(0);
    };
    note_filling();
    let present = read_log(node, floor, bound);
    let holes = missing(floor, bound, present.keys().copied());
    note_contiguous(node, holes.first().map_or(bound, |hole| hole.start() - 1))?;
    for hole in &holes {
        write_voids(node, hole, hlc_for(hole, &present)?)?;
    }
    if !holes.is_empty() {
        // A second look in this transaction must see the VOID events.
        transaction::make_visible();
    }
    Ok(holes.iter().map(|hole| hole.end() - hole.start() + 1).sum())
}

/// The numbers after the last known contiguous one of which no backend may still commit any.
fn finished_range(node: Attached) -> Result<Option<(i64, i64)>> {
    let database = my_database();
    let mut guarded = Guarded::lock()?;
    let in_flight = guarded.lowest_in_flight(database);
    let Some(slot) = guarded.slot(database).filter(|slot| slot.log == node.log) else {
        return Ok(None);
    };
    let bound = in_flight.map_or(slot.issued, |lowest| lowest - 1);
    slot.holes = bound < slot.issued;
    Ok((bound > slot.contiguous).then_some((slot.contiguous, bound)))
}

fn note_contiguous(node: Attached, contiguous: i64) -> Result<()> {
    let mut guarded = Guarded::lock()?;
    if let Some(slot) = guarded.slot(my_database()).filter(|slot| slot.log == node.log) {
        slot.contiguous = slot.contiguous.max(contiguous);
    }
    Ok(())
}

/// Numbers in the log with their HLCs, the last one below the range included.
fn read_log(node: Attached, floor: i64, bound: i64) -> BTreeMap<i64, i64> {
    let _owner = AsOwner::of(node.log);
    let present = query::all(
        "SELECT node_sequence, hlc::bigint FROM concord.change_events
         WHERE origin_node_id = $1 AND node_sequence BETWEEN $2 AND $3",
        &[ulid(node.node_id), parameter(floor), parameter(bound + 1)],
        |row| (row.required(1), row.required(2)),
    );
    present.into_iter().collect()
}

/// HLCs never fall with the numbers: a void takes its predecessor's, or else its successor's.
fn hlc_for(hole: &RangeInclusive<i64>, present: &BTreeMap<i64, i64>) -> Result<Hlc> {
    let before = present.range(..hole.start()).next_back();
    let after = present.range(hole.end() + 1..).next();
    match before.or(after).map(|(_, hlc)| Hlc::try_from(*hlc)) {
        Some(Ok(hlc)) => Ok(hlc),
        _ => clock::tick(),
    }
}

fn write_voids(node: Attached, hole: &RangeInclusive<i64>, hlc: Hlc) -> Result<()> {
    let group = OwnGroup {
        node_id: node.node_id,
        first: *hole.start(),
        size: hole.end() - hole.start() + 1,
        hlc,
        id_base: random_u64()? >> 1,
        observed: Some(crate::vector::observed(node.node_id)?),
        wall: now(),
    };
    let context = context::bare();
    let mut writer = Writer::open(node.log)?;
    for sequence in hole.clone() {
        writer.add(&group, sequence, &control(Operation::Void, &context), None);
    }
    writer.finish();
    Ok(())
}
