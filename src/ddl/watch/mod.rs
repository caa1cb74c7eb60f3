//! `concord._watch_ddl`: the event trigger. It looks at the tables that a command has touched, whatever
//! the command was, and leaves all others alone: nobody's DDL fails or waits for somebody else's table.

mod compare;
mod drift;
mod own;
mod publications;
mod refuse;
mod settle;
mod touched;

pub use drift::check_drift;

use super::registry::{self, Pair};
use super::windows;
use crate::ddl::note::{Quiet, note};
use crate::ddl::registry::Watched;
use crate::error::{Error, OrRaise, Result};
use crate::pg::catalog;
use crate::pg::function::Call;
use crate::pg::owner::{AsOwner, current_user};
use crate::pg::relation::cached_name;
use crate::{pg_function, track, tree};
use pgrx::{PgSqlErrorCode, pg_sys};
use serde_json::json;
use std::ffi::CStr;
use touched::Touched;

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
    let user = current_user();
    let _owner = AsOwner::of(catalog::log()?);
    publications::follow(command);
    let touched = Touched::by(command);
    if touched.is_elsewhere() {
        return Ok(());
    }
    own::restore();
    let pairs = registry::pairs();
    refuse::makers(user, &touched, &pairs)?;
    for pair in pairs.iter().filter(|pair| touched.concerns(pair)) {
        follow(pair, &touched)?;
    }
    Ok(())
}

/// Sees what a command has done to one table.
fn follow(pair: &Pair, touched: &Touched) -> Result<()> {
    let (command, seen) = (touched.command, pair.seen.as_ref());
    let Some(present) = &pair.now else {
        return seen.map_or(Ok(()), |seen| end(command, seen));
    };
    refuse::shapes(present, touched)?;
    let table = settle::settle(seen, present)?;
    let known = seen.map(|seen| seen.columns.as_slice()).unwrap_or_default();
    if known != table.columns {
        track::warn_of_secrets(table.relation, known);
    }
    match seen {
        None => begin(command, &table),
        Some(seen) => compare::compare(touched, seen, &table),
    }
}

/// A table whose capture trigger was made by hand, or came with a restore.
fn begin(command: &str, table: &Watched) -> Result<()> {
    windows::close(&table.name);
    if !table.lacks.is_empty() {
        windows::open(&table.name, &table.lacks);
        note(
            table,
            json!({"command": command, "change": compare::loss(table), "reason": table.lacks}),
        )?;
    }
    registry::remember(table);
    Ok(())
}

/// A table that is gone, or lost its capture trigger.
fn end(command: &str, seen: &Watched) -> Result<()> {
    let change = match cached_name(seen.relation) {
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
