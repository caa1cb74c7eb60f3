//! Foreign keys after a write: no row stays whose parent is not there.

use crate::capture::key_sql::{ROW, key_condition, key_parameters, key_values};
use crate::error::Result;
use crate::sync::decide::pending;
use crate::sync::record::Record;
use crate::sync::show::revive;
use crate::sync::show::work::Work;
use crate::sync::table::constraints::ForeignKey;
use crate::sync::table::foreign_keys::{Gone, first_lacking, orphans};
use crate::sync::table::keys::Keys;
use std::rc::Rc;

/// Takes out of the tables every row among those written whose parent is missing, and every child of
/// a row that went; then their children, until none is left. So of all rows that could be shown, as
/// many are as can be.
pub fn settle(work: &mut Work) -> Result<()> {
    let written: Vec<Record> = work
        .outcomes
        .iter()
        .filter(|(_, outcome)| outcome.obstacle.is_none())
        .map(|(record, _)| record.clone())
        .collect();
    for record in written {
        if let Some(key) = missing_parent(work, &record)? {
            hide(work, &record, &key)?;
        }
    }
    while let Some(lost) = work.gone.pop() {
        for (record, key) in orphans(&lost)? {
            hide(work, &record, &key)?;
        }
    }
    Ok(())
}

/// A row has lost its parent: the parent is brought back where the table wants it so, or the row goes.
pub fn hide(work: &mut Work, record: &Record, key: &Rc<ForeignKey>) -> Result<()> {
    if revive::revive_parent(work, record, key)? {
        return Ok(());
    }
    work.take_out(record, false)?;
    work.set_aside(record, key);
    Ok(())
}

/// The first foreign key of the record's row that leads nowhere.
pub fn missing_parent(work: &mut Work, record: &Record) -> Result<Option<Rc<ForeignKey>>> {
    let case = work.decision.case(record)?;
    let (Some(target), Some(_)) = (case.target.clone(), &case.current) else { return Ok(None) };
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    let row = format!("{} {ROW} WHERE {}", target.name, key_condition(&target.tracked, 1));
    first_lacking(&target, |key| format!("{row} AND {}", key.refers()), &keys)
}

/// Rows that are set aside and refer to this one.
pub fn waiting_for(parent: &Gone) -> Result<Vec<Record>> {
    let constraints = parent.target.constraints()?;
    if constraints.children.is_empty() || !pending::is_any()? {
        return Ok(Vec::new());
    }
    let keys = Keys::of(&parent.target, &parent.image)?;
    let mut waiting = Vec::new();
    for key in &constraints.children {
        if let Some(hash) = keys.children.get(&(key.child, Rc::clone(&key.name))) {
            waiting.extend(pending::waiting(&key.child_name, &key.name, *hash));
        }
    }
    Ok(waiting)
}
