//! Foreign keys after other nodes' changes: no row is shown whose parent is not. The triggers that
//! keep foreign keys are silent while events are applied, so this looks itself: at the rows that were
//! written, and at the children of those that went.

use crate::capture::current::record_id_of;
use crate::capture::key_sql::{ROW, key_of_text, whole_row};
use crate::error::{Error, Result};
use crate::pg::catalog::{qualified_name, type_name};
use crate::pg::owner::{AsTableOwner, FiringTriggers};
use crate::pg::query::{self, Parameter, Row, parameter};
use crate::sync::record::Record;
use crate::sync::table::constraints::ForeignKey;
use crate::sync::table::deferred::{Firing, deferrable, fire_at_once};
use crate::sync::table::target::Target;
use crate::types::parameter;
use concord_core::names::{quote_identifier, quote_literal};
use pgrx::PgSqlErrorCode;
use serde_json::{Map, Value};
use std::rc::Rc;

/// The first foreign key of an image that leads nowhere.
pub fn lacking(target: &Target, image: &Map<String, Value>) -> Result<Option<Rc<ForeignKey>>> {
    let row = |key: &ForeignKey| {
        let columns = key.columns.iter().filter_map(|name| target.column(name)).map(|column| {
            format!("{} AS {}", column.value_of("$1"), quote_identifier(&column.name))
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("(SELECT {columns}) {ROW} WHERE {}", key.refers())
    };
    first_lacking(target, row, &[parameter::image(image)])
}

/// The first foreign key by which the child's row in `row`, a FROM clause, finds no parent.
pub fn first_lacking(
    target: &Target,
    row: impl Fn(&ForeignKey) -> String,
    parameters: &[Parameter],
) -> Result<Option<Rc<ForeignKey>>> {
    for key in &target.constraints()?.parents {
        let referring = {
            let _owner = AsTableOwner::of(key.child);
            let sql = format!("SELECT {} FROM {}", key.referring(), row(key));
            query::all(&sql, parameters, |row| ((), values(row, 1, key)))
        };
        if !without_parent(key, referring).is_empty() {
            return Ok(Some(Rc::clone(key)));
        }
    }
    Ok(None)
}

/// A foreign key's values in a row of a result, from column `first` on.
fn values(row: &Row, first: i32, key: &ForeignKey) -> Vec<Parameter> {
    (first..first + key.width()).map(|n| row.parameter(n)).collect()
}

/// Of children with the values by which they refer, those whose values no parent has. The child's owner
/// has read the values, the parent's looks for them: each is asked about what is theirs, and nothing
/// is cast on the way.
fn without_parent<T>(key: &ForeignKey, children: Vec<(T, Vec<Parameter>)>) -> Vec<T> {
    if children.is_empty() {
        return Vec::new();
    }
    let _owner = AsTableOwner::of(key.parent);
    let sql = key.parent_by_values();
    let is_orphan = |(_, values): &(T, Vec<Parameter>)| !query::exists(&sql, values);
    children.into_iter().filter(is_orphan).map(|(child, _)| child).collect()
}

/// Rows that referred to one that is gone, and now refer to none.
pub fn orphans(lost: &Gone) -> Result<Vec<(Record, Rc<ForeignKey>)>> {
    let mut all = Vec::new();
    for key in &lost.target.constraints()?.children {
        let referred = referred(&lost.target, key, vec![parameter::image(&lost.image)]);
        all.extend(orphans_of(key, referred)?.into_iter().map(|record| (record, Rc::clone(key))));
    }
    Ok(all)
}

/// The values that children of these images, each of type `jsonb`, referred to, as their owner reads them.
pub fn referred(parent: &Target, key: &ForeignKey, images: Vec<Parameter>) -> Vec<Vec<Parameter>> {
    let _owner = AsTableOwner::of(key.parent);
    let sql = format!("SELECT {}", referred_values(parent, key, "$1"));
    let images = images.into_iter();
    let all = images.flat_map(|image| query::all(&sql, &[image], |row| values(row, 1, key)));
    all.filter(|values| values.iter().all(|(_, value)| value.is_some())).collect()
}

/// The values that children of this image of `parent` refer to, as a list to select.
fn referred_values(parent: &Target, key: &ForeignKey, image: &str) -> String {
    let values = key.referred.iter().zip(&key.operators).map(|(referred, operator)| {
        let value = parent.column(referred).map_or("NULL".to_owned(), |c| c.value_of(image));
        format!("({value})::{}", type_name(operator.left))
    });
    values.collect::<Vec<_>>().join(", ")
}

/// The tracked children that refer to any of these values, and to no parent.
#[allow(unsafe_code)]
pub fn orphans_of(key: &ForeignKey, referred: Vec<Vec<Parameter>>) -> Result<Vec<Record>> {
    let Some(target) = Target::find(&key.child_name)? else { return Ok(Vec::new()) };
    let mut children = Vec::new();
    {
        let _owner = AsTableOwner::of(key.child);
        let (row, refers) = (whole_row(&target.name), key.refers_to_values());
        let sql =
            format!("SELECT {row}, {} FROM {} {ROW} WHERE {refers}", key.referring(), target.name);
        for parent in referred {
            children.extend(query::all(&sql, &parent, |row| {
                // SAFETY: the column is the whole row of the tracked table.
                let id = unsafe { record_id_of(&target.tracked, row.datum(1)) };
                (id, values(row, 2, key))
            }));
        }
    }
    let named = |id: Result<String>| {
        id.map(|record_id| Record { table: key.child_name.clone(), record_id })
    };
    without_parent(key, children).into_iter().map(named).collect()
}

/// Whether tracked rows refer to what this image was, and to nothing now.
pub fn leaves_orphans(target: &Rc<Target>, image: &Map<String, Value>) -> Result<bool> {
    let lost = Gone { target: Rc::clone(target), image: image.clone() };
    Ok(!orphans(&lost)?.is_empty())
}

/// Of these records, those whose row lacks a parent.
pub fn lacking_among(target: &Target, ids: &[String]) -> Result<Vec<String>> {
    let is_row = key_of_text(&target.tracked, "k.id");
    let mut lacking = Vec::new();
    for key in &target.constraints()?.parents {
        let sql = format!(
            "SELECT k.id, {} FROM unnest($1) k(id) JOIN {} {ROW} ON {is_row} WHERE {}",
            key.referring(),
            target.name,
            key.refers()
        );
        let children = {
            let _owner = AsTableOwner::of(key.child);
            query::all(&sql, &[parameter(ids.to_vec())], |row| {
                (row.required::<String>(1), values(row, 2, key))
            })
        };
        lacking.extend(without_parent(key, children));
    }
    Ok(lacking)
}

/// Rows that refer to what the events at this place of the log took away from a table, and to nothing
/// now.
pub fn orphaned_by(target: &Target, place: &[Parameter]) -> Result<Vec<Record>> {
    let mut orphans = Vec::new();
    for key in &target.constraints()?.children {
        if Target::find(&key.child_name)?.is_none() {
            continue;
        }
        let changed = key.referred.iter().map(|name| {
            format!("e.old_values -> {0} IS DISTINCT FROM e.new_values -> {0}", quote_literal(name))
        });
        let sql = format!(
            "SELECT e.old_values
             FROM concord.change_events e
             WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
               AND e.table_schema = $4 AND e.table_name = $5
               AND e.operation IN ('UPDATE', 'DELETE', 'TRUNCATE') AND ({})",
            changed.collect::<Vec<_>>().join(" OR ")
        );
        let images = query::all(&sql, place, |row| row.parameter(1));
        orphans.extend(orphans_of(key, referred(target, key, images))?);
    }
    Ok(orphans)
}

/// Before a row goes: children in tables that are not tracked are nobody's but this node's, and what
/// their foreign keys declare for a DELETE is done here. 23503 where it is to be refused.
pub fn release_untracked(target: &Target, image: &Map<String, Value>) -> Result<()> {
    for key in &target.constraints()?.children {
        if Target::find(&key.child_name)?.is_some() {
            continue;
        }
        for values in referred(target, key, vec![parameter::image(image)]) {
            release(key, &values)?;
        }
    }
    Ok(())
}

/// Does to the children that refer to these values what the foreign key declares.
fn release(key: &ForeignKey, values: &[Parameter]) -> Result<()> {
    let (child, refers) = (qualified_name(key.child), key.refers_to_values());
    let set = |value: &str| {
        let columns = key.set_columns.iter();
        let columns = columns.map(|c| format!("{} = {value}", quote_identifier(c)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("UPDATE {child} {ROW} SET {columns} WHERE {refers}")
    };
    let _owner = AsTableOwner::of(key.child);
    let statement = match key.on_delete.as_str() {
        "c" => format!("DELETE FROM {child} {ROW} WHERE {refers}"),
        "n" => set("NULL"),
        "d" => set("DEFAULT"),
        _ => {
            let sql = format!("SELECT FROM {child} {ROW} WHERE {refers} LIMIT 1");
            return if query::exists(&sql, values) { Err(still_referred(key)) } else { Ok(()) };
        }
    };
    let _firing = FiringTriggers::begin();
    fire_at_once(&deferrable(key.child, Firing::Ordinary))?;
    query::run(&statement, values);
    Ok(())
}

fn still_referred(key: &ForeignKey) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!(
            "rows of untracked table {} refer to it by foreign key \"{}\"",
            qualified_name(key.child),
            key.name
        ),
    )
    .hint("Delete those rows, or declare the foreign key ON DELETE CASCADE or SET NULL.")
}

/// The record that a child's image refers to. `None` where the foreign key leads to other columns than
/// those that identify the parent's records.
pub fn parent_of(key: &ForeignKey, image: &Map<String, Value>) -> Result<Option<Record>> {
    let Some(parent) = Target::find(&key.parent_name)? else { return Ok(None) };
    let mut values = Vec::new();
    for column in parent.tracked.key_columns() {
        let place = key.referred.iter().position(|name| *name == column.name);
        let Some(value) = place.and_then(|i| image.get(&key.columns[i])) else { return Ok(None) };
        values.push(match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    }
    if values.len() != key.referred.len() {
        return Ok(None);
    }
    let record_id = match &values[..] {
        [value] => value.clone(),
        _ => format!("[{}]", image_key(key, image, &parent).join(", ")),
    };
    Ok(Some(Record { table: key.parent_name.clone(), record_id }))
}

/// The values of a composite key as `record_id` spells them.
pub fn image_key(key: &ForeignKey, image: &Map<String, Value>, parent: &Target) -> Vec<String> {
    let places = parent
        .tracked
        .key_columns()
        .filter_map(|column| key.referred.iter().position(|name| *name == column.name));
    places.filter_map(|i| image.get(&key.columns[i])).map(Value::to_string).collect()
}

/// A row that went, or changed what others may refer to: its table and its image before.
pub struct Gone {
    /// Its table.
    pub target: Rc<Target>,
    /// The image.
    pub image: Map<String, Value>,
}
