//! `on_missing_parent => 'revive_parent'`: the node that wrote a child brings back the parent which
//! another node deleted meanwhile, by an ordinary event.

use crate::error::Result;
use crate::log::{self, Written};
use crate::pg::query;
use crate::sync::decide::pending;
use crate::sync::record::{Record, parse_image};
use crate::sync::show::work::Work;
use crate::sync::table::constraints::ForeignKey;
use crate::sync::table::foreign_keys::{self, parent_of};
use crate::types::parameter::ulid;
use crate::{identity, version};
use concord_core::event::Change;
use concord_core::options::OnMissingParent;
use concord_core::ulid::Ulid;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// Brings back the parent of a record, if this is how its table wants it and this node wrote the
/// record. False when the parent stays away.
pub fn revive_parent(work: &mut Work, child: &Record, key: &Rc<ForeignKey>) -> Result<bool> {
    let own = identity::attach()?.node_id;
    let case = work.decision.case(child)?;
    let (Some(target), Some(state)) = (&case.target, &case.state) else { return Ok(false) };
    let wanted = target.tracked.options.on_missing_parent == OnMissingParent::ReviveParent;
    let written_here = state.stamp_of(&key.columns).is_some_and(|stamp| stamp.origin == own);
    if !wanted || !written_here {
        return Ok(false);
    }
    let image = state.image.clone();
    let Some(parent) = parent_of(key, &image)? else { return Ok(false) };
    if !revive(work, &parent, child)? {
        return Ok(false);
    }
    let outcome = work.outcomes.entry(child.clone()).or_default();
    outcome.parent = Some(Rc::clone(key));
    outcome.revived = true;
    Ok(true)
}

/// Brings back a deleted record, and the parents that it needs itself.
fn revive(work: &mut Work, record: &Record, child: &Record) -> Result<bool> {
    let case = work.decision.case(record)?;
    let Some(target) = case.target.clone() else { return Ok(false) };
    if case.current.is_some() {
        return Ok(true);
    }
    let deletes = case.events.iter().filter(|event| event.event.change == Change::Delete);
    let last = deletes.max_by_key(|event| event.event.stamp).map(|event| event.event_id);
    let (None, Some(last)) = (&case.state, last) else { return Ok(false) };
    let Some(mut image) = image_before(last)? else { return Ok(false) };
    if let Some((column, value)) = version::fresh(&target.tracked)? {
        image.insert(column, value);
    }
    while let Some(key) = foreign_keys::lacking(&target, &image)? {
        let Some(grandparent) = parent_of(&key, &image)? else { return Ok(false) };
        if grandparent == *record || !revive(work, &grandparent, record)? {
            return Ok(false);
        }
    }
    work.put(record, &image)?;
    if work.outcomes.get(record).is_some_and(|outcome| outcome.obstacle.is_some()) {
        return Ok(false);
    }
    log::append_written(&Written {
        table: &target.tracked.table,
        record_id: &record.record_id,
        before: None,
        after: Some(&image),
        metadata: json!({ "revived_for": [child.table.schema, child.table.name, child.record_id] }),
    })?;
    Ok(true)
}

/// Brings back a deleted record that a resolution needs.
pub fn bring_back(record: &Record, child: &Record) -> Result<bool> {
    let mut work = Work::of(&[])?;
    let brought = revive(&mut work, record, child)?;
    if brought {
        pending::forget(record);
    }
    Ok(brought)
}

/// What the event found.
fn image_before(event: Ulid) -> Result<Option<Map<String, Value>>> {
    let image = query::one(
        "SELECT old_values::text FROM concord.change_events WHERE event_id = $1",
        &[ulid(event)],
        |row| row.get::<String>(1),
    )
    .flatten();
    image.map(|text| parse_image(&text)).transpose()
}
