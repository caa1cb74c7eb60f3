//! Foreign keys after other nodes' changes: no row is shown whose parent is not. The triggers that
//! keep foreign keys are silent while events are applied, so this looks itself: at the rows that were
//! written, and at the children of those that went.

#![allow(unsafe_code)]

use super::constraints::ForeignKey;
use super::entry::{as_json, keys_of};
use super::revive;
use super::rows::Record;
use super::show::{Gone, Work};
use super::target::Target;
use crate::capture::current::{
    ROW, key_condition, key_of_text, key_parameters, key_values, record_id_of,
};
use crate::error::{Error, Result};
use crate::pg::owner::{AsTableOwner, FiringTriggers};
use crate::pg::query::{self, Parameter, parameter};
use crate::track::qualified_name;
use concord_core::names::{quote_identifier, quote_literal};
use pgrx::PgSqlErrorCode;
use serde_json::{Map, Value};
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
fn hide(work: &mut Work, record: &Record, key: &Rc<ForeignKey>) -> Result<()> {
    if revive::revive_parent(work, record, key)? {
        return Ok(());
    }
    work.take_out(record, false)?;
    work.set_aside(record, key);
    Ok(())
}

/// The first foreign key of the record's row that leads nowhere.
fn missing_parent(work: &mut Work, record: &Record) -> Result<Option<Rc<ForeignKey>>> {
    let entry = work.decision.entry(record)?;
    let (Some(target), Some(_)) = (entry.target.clone(), &entry.current) else { return Ok(None) };
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    for foreign_key in &target.constraints()?.parents {
        let condition = key_condition(&target.tracked, 1);
        let broken = foreign_key.broken();
        let sql = format!("SELECT FROM {} {ROW} WHERE {condition} AND {broken}", target.name);
        if query::exists(&sql, &keys) {
            return Ok(Some(Rc::clone(foreign_key)));
        }
    }
    Ok(None)
}

/// The first foreign key of an image that leads nowhere.
pub fn lacking(target: &Target, image: &Map<String, Value>) -> Result<Option<Rc<ForeignKey>>> {
    for foreign_key in &target.constraints()?.parents {
        let columns: Vec<String> = foreign_key
            .columns
            .iter()
            .filter_map(|name| target.column(name))
            .map(|column| {
                format!("{} AS {}", column.value_of("$1"), quote_identifier(&column.name))
            })
            .collect();
        let sql = format!(
            "SELECT FROM (SELECT {}) {ROW} WHERE {}",
            columns.join(", "),
            foreign_key.broken()
        );
        if query::exists(&sql, &[as_json(image)]) {
            return Ok(Some(Rc::clone(foreign_key)));
        }
    }
    Ok(None)
}

/// Rows that are set aside and refer to this one.
pub fn waiting_for(parent: &Gone) -> Result<Vec<Record>> {
    let constraints = parent.target.constraints()?;
    if constraints.children.is_empty() || !super::pending::is_any()? {
        return Ok(Vec::new());
    }
    let before = constraints.unique.len() + constraints.parents.len();
    let keys = keys_of(&parent.target, &parent.image)?;
    let mut waiting = Vec::new();
    for (key, hash) in constraints.children.iter().zip(keys.iter().skip(before)) {
        if let Some(hash) = hash {
            let (schema, table) = &key.child_names;
            waiting.extend(super::pending::waiting(schema, table, &key.name, *hash));
        }
    }
    Ok(waiting)
}

/// Rows that referred to one that is gone, and now refer to none.
fn orphans(lost: &Gone) -> Result<Vec<(Record, Rc<ForeignKey>)>> {
    let mut orphans = Vec::new();
    for foreign_key in &lost.target.constraints()?.children {
        let (schema, table) = &foreign_key.child_names;
        let Some(target) = Target::find(schema, table)? else { continue };
        let (refers, broken) = (foreign_key.refers_to("$1"), foreign_key.broken());
        let sql = format!("SELECT {ROW} FROM {} {ROW} WHERE {refers} AND {broken}", target.name);
        let ids = query::all(&sql, &[as_json(&lost.image)], |row| {
            // SAFETY: the column is the whole row of the tracked table.
            unsafe { record_id_of(&target.tracked, row.datum(1)) }
        });
        for id in ids {
            let record = Record { schema: schema.clone(), table: table.clone(), record_id: id? };
            orphans.push((record, Rc::clone(foreign_key)));
        }
    }
    Ok(orphans)
}

/// Whether tracked rows refer to what this image was, and to nothing now.
pub fn leaves_orphans(target: &Rc<Target>, image: &Map<String, Value>) -> Result<bool> {
    let lost = Gone { target: Rc::clone(target), image: image.clone() };
    Ok(!orphans(&lost)?.is_empty())
}

/// Of these records, those whose row lacks a parent.
pub fn lacking_among(target: &Target, ids: &[String]) -> Result<Vec<String>> {
    let key = key_of_text(&target.tracked, "k.id");
    let mut lacking = Vec::new();
    for foreign_key in &target.constraints()?.parents {
        let sql = format!(
            "SELECT k.id FROM unnest($1) k(id) JOIN {} {ROW} ON {key} WHERE {}",
            target.name,
            foreign_key.broken()
        );
        lacking
            .extend(query::all(&sql, &[parameter(ids.to_vec())], |row| row.required::<String>(1)));
    }
    Ok(lacking)
}

/// Rows that refer to what the events at this place of the log took away from a table, and to nothing
/// now.
pub fn orphaned_by(target: &Target, place: &[Parameter]) -> Result<Vec<Record>> {
    let mut orphans = Vec::new();
    for foreign_key in &target.constraints()?.children {
        let (schema, table) = &foreign_key.child_names;
        let Some(child) = Target::find(schema, table)? else { continue };
        let referred: Vec<String> = foreign_key
            .referred
            .iter()
            .map(|name| {
                format!("k.image -> {0} IS DISTINCT FROM e.new_values -> {0}", quote_literal(name))
            })
            .collect();
        let sql = format!(
            "SELECT {ROW}
             FROM concord.change_events e
             CROSS JOIN LATERAL (SELECT e.old_values AS image OFFSET 0) k
             JOIN {} {ROW} ON {}
             WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
               AND e.table_schema = $4 AND e.table_name = $5
               AND e.operation IN ('UPDATE', 'DELETE', 'TRUNCATE') AND ({}) AND {}",
            child.name,
            foreign_key.refers_to("k.image"),
            referred.join(" OR "),
            foreign_key.broken()
        );
        orphans.extend(query::all(&sql, place, |row| {
            // SAFETY: the column is the whole row of the tracked table.
            let id = unsafe { record_id_of(&child.tracked, row.datum(1)) };
            id.map(|record_id| Record { schema: schema.clone(), table: table.clone(), record_id })
        }));
    }
    orphans.into_iter().collect()
}

/// Before a row goes: children in tables that are not tracked are nobody's but this node's, and what
/// their foreign keys declare for a DELETE is done here. 23503 where it is to be refused.
pub fn release_untracked(target: &Target, image: &Map<String, Value>) -> Result<()> {
    for key in &target.constraints()?.children {
        let (schema, table) = &key.child_names;
        if Target::find(schema, table)?.is_some() {
            continue;
        }
        let child = qualified_name(key.child);
        let refers = key.refers_to("$1");
        let set = |value: &str| {
            let columns = key.columns.iter().map(|c| format!("{} = {value}", quote_identifier(c)));
            let columns = columns.collect::<Vec<_>>().join(", ");
            format!("UPDATE {child} {} SET {columns} WHERE {refers}", crate::capture::current::ROW)
        };
        let statement = match key.on_delete.as_str() {
            "c" => format!("DELETE FROM {child} {ROW} WHERE {refers}"),
            "n" => set("NULL"),
            "d" => set("DEFAULT"),
            _ => {
                let sql = format!("SELECT FROM {child} {ROW} WHERE {refers} LIMIT 1");
                if query::exists(&sql, &[as_json(image)]) {
                    return Err(still_referred(key));
                }
                continue;
            }
        };
        let _owner = AsTableOwner::of(key.child);
        let _firing = FiringTriggers::begin();
        query::run(&statement, &[as_json(image)]);
    }
    Ok(())
}

fn still_referred(key: &ForeignKey) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!(
            "rows of {}, which is not tracked, refer to it by foreign key \"{}\"",
            qualified_name(key.child),
            key.name
        ),
    )
    .hint("Delete those rows, or declare the foreign key ON DELETE CASCADE or SET NULL.")
}
