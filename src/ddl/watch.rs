//! `concord._watch_ddl`: the event trigger.

use super::registry::{self, Watched};
use super::windows;
use crate::capture::relation;
use crate::ddl::note::{Quiet, note};
use crate::error::{Error, OrRaise, Result};
use crate::pg::function::Call;
use crate::pg::owner::AsOwner;
use crate::pg::relation::cached_name;
use crate::pg::{catalog, query};
use crate::{pg_function, track, tree};
use pgrx::{PgSqlErrorCode, pg_sys};
use serde_json::json;
use std::ffi::CStr;

pg_function!(
    /// `concord._watch_ddl()`: ON ddl_command_end. 39P03 when it is used otherwise.
    watch_ddl,
    |call| {
        let command = command_of(call).or_raise();
        if let Some(quiet) = Quiet::enter() {
            watch(&command).or_raise();
            drop(quiet);
        }
        pg_sys::Datum::from(0)
    }
);

/// The command's tag, as in `ALTER TABLE`.
#[allow(unsafe_code)]
fn command_of(call: Call) -> Result<String> {
    let tag = pg_sys::NodeTag::T_EventTriggerData;
    let Some(data) = call.context::<pg_sys::EventTriggerData>(tag) else {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
            "concord._watch_ddl() was not called as an event trigger",
        )
        .hint("The extension has created its event trigger; do not create another one."));
    };
    // SAFETY: the event trigger manager's data are valid during the call; command tags have static names.
    let name = unsafe { CStr::from_ptr(pg_sys::GetCommandTagName((*data).tag)) };
    Ok(name.to_string_lossy().into_owned())
}

fn watch(command: &str) -> Result<()> {
    let _owner = AsOwner::of(catalog::log()?);
    let (before, now) = (registry::seen(), registry::present());
    for table in &now {
        if let Some(seen) = before.iter().find(|seen| seen.relation == table.relation) {
            follow_columns(seen, table)?;
        }
    }
    // Made by hand, or enabled again the short way: they are to fire always.
    for relation in registry::fire_sometimes() {
        relation::validate(relation)?;
        track::fire_always(relation);
    }
    if before.is_empty() && now.is_empty() {
        return Ok(());
    }
    let altered = altered_relations();
    for table in &now {
        match before.iter().find(|seen| seen.relation == table.relation) {
            None => {
                begin(table);
                track::warn_of_secrets(table.relation, &[]);
            }
            Some(seen) => {
                let known = compare(command, seen, table)?;
                if seen.columns != table.columns {
                    track::warn_of_secrets(table.relation, &seen.columns);
                }
                if !known && altered.contains(&table.relation) && command == "ALTER TABLE" {
                    note(table, json!({"command": command, "change": "altered"}))?;
                }
            }
        }
    }
    for seen in before.iter().filter(|seen| now.iter().all(|t| t.relation != seen.relation)) {
        end(command, seen)?;
    }
    Ok(())
}

/// Options go along when a column is renamed, and forget one that is dropped: what was left out of
/// images stays out.
fn follow_columns(seen: &Watched, table: &Watched) -> Result<()> {
    let changed: Vec<_> = seen
        .columns
        .iter()
        .zip(&table.columns)
        .filter(|(old, new)| !old.is_empty() && old != new)
        .map(|(old, new)| (old.as_str(), (!new.is_empty()).then_some(new.as_str())))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    tree::rename_columns(&seen.name, &changed);
    track::rename_columns(table.relation, &changed)
}

/// Relations that the command names.
fn altered_relations() -> Vec<pg_sys::Oid> {
    query::all(
        "SELECT DISTINCT objid FROM pg_catalog.pg_event_trigger_ddl_commands()
         WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass",
        &[],
        |row| row.required(1),
    )
}

/// A table whose capture trigger was made by hand, or came with a restore.
fn begin(table: &Watched) {
    windows::close(&table.name);
    registry::remember(table);
}

/// Notes what is different; whether anything was.
fn compare(command: &str, seen: &Watched, table: &Watched) -> Result<bool> {
    if seen == table {
        return Ok(false);
    }
    if seen.name != table.name {
        windows::rename(&seen.name, &table.name);
        tree::rename(&seen.name, &table.name);
        let from = json!([seen.name.schema, seen.name.name]);
        note(table, json!({"command": command, "change": "renamed", "renamed_from": from}))?;
    }
    if seen.capturing && !table.capturing {
        windows::open(&table.name, "capture trigger disabled");
        note(table, json!({"command": command, "change": "capture disabled"}))?;
    } else if seen.truncating && !table.truncating {
        windows::open(&table.name, "truncate trigger dropped");
        note(table, json!({"command": command, "change": "capture of TRUNCATE dropped"}))?;
    } else if table.capturing && table.truncating && windows::close(&table.name) {
        note(table, json!({"command": command, "change": "capture enabled"}))?;
    }
    compare_partitions(command, seen, table)?;
    registry::remember(table);
    // New columns alone are no news of their own.
    Ok(Watched { columns: seen.columns.clone(), ..table.clone() } != *seen)
}

/// Rows that come or go with a partition are not captured row by row.
fn compare_partitions(command: &str, seen: &Watched, table: &Watched) -> Result<()> {
    let new = table.partitions_without(seen);
    let gone = seen.partitions_without(table);
    if !new.is_empty() {
        track::equip_partitions(table.relation);
    }
    // What was detached is a table of its own.
    for (partition, _) in gone.iter().filter(|(partition, _)| relation_name(*partition).is_some()) {
        track::remove(*partition);
    }
    let mut changes = Vec::new();
    // A partition that was just created holds no rows yet.
    if command == "ALTER TABLE" {
        changes.extend(new.into_iter().map(|(_, name)| ("partition attached", name)));
    }
    changes.extend(gone.into_iter().map(|(_, name)| ("partition detached or dropped", name)));
    for (change, partition) in changes {
        windows::note(&table.name, change);
        note(table, json!({"command": command, "change": change, "partition": partition}))?;
    }
    Ok(())
}

/// The name of a relation, or null where it is gone.
fn relation_name(relation: pg_sys::Oid) -> Option<String> {
    cached_name(relation).map(|table| table.name)
}

/// A table that is gone, or lost its capture trigger.
fn end(command: &str, seen: &Watched) -> Result<()> {
    let change = match relation_name(seen.relation) {
        Some(_) => {
            windows::open(&seen.name, "capture trigger dropped");
            "capture dropped"
        }
        None => {
            windows::close(&seen.name);
            "dropped"
        }
    };
    note(seen, json!({"command": command, "change": change}))?;
    tree::forget(&seen.name);
    registry::forget(seen.relation);
    Ok(())
}
