//! Bringing a tracked table's triggers to what they should be: after columns that were renamed, on new partitions,
//! and off where there is no key.

use crate::capture::relation;
use crate::ddl::options::stored_options;
use crate::ddl::registry::{self, Present, Watched};
use crate::error::{Error, Result};
use crate::pg::catalog::qualified_name;
use crate::pg::relation::try_lock;
use crate::{track, tree};
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_sys};

/// Columns by their old names, with the new ones where they are still there.
pub type Renamed<'a> = Vec<(&'a str, Option<&'a str>)>;

/// Sets the triggers of a table right, and returns what is to be remembered of it. Waits for nobody: what
/// cannot be locked is left to the next tick.
pub fn settle(seen: Option<&Watched>, now: &Present) -> Result<Watched> {
    let relation = now.table.relation;
    let before = seen.map(|seen| seen.suspended.clone()).unwrap_or_default();
    if !now.members.iter().all(|member| try_lock(*member, pg_sys::ShareRowExclusiveLock)) {
        return Ok(now.clone().following(seen, &before));
    }
    if let Some(seen) = seen {
        follow_columns(seen, &now.table)?;
        if !now.table.partitions_without(seen).is_empty() {
            track::equip_partitions(relation);
        }
    }
    let present = || registry::pair(relation).now.unwrap_or_else(|| now.clone());
    let identified = seen.is_some_and(|seen| seen.identifies);
    let suspended = suspend_or_resume(&before, &present(), identified);
    let mut table = present().following(seen, &suspended);
    table.identifies = identified || identifies(&table).is_ok();
    Ok(table)
}

/// Columns that have another name, or none any more.
pub fn renamed<'a>(seen: &'a Watched, now: &'a Watched) -> Renamed<'a> {
    seen.columns
        .iter()
        .zip(&now.columns)
        .filter(|(old, new)| !old.is_empty() && old != new)
        .map(|(old, new)| (old.as_str(), (!new.is_empty()).then_some(new.as_str())))
        .collect()
}

/// Options go along when a column is renamed, and forget one that is dropped: what was left out of
/// images stays out.
fn follow_columns(seen: &Watched, now: &Watched) -> Result<()> {
    let changed = renamed(seen, now);
    if changed.is_empty() {
        return Ok(());
    }
    tree::rename_columns(&seen.name, &changed);
    track::rename_columns(now.relation, &changed)
}

/// Why the triggers have to stay off, empty if they need not. Writes go on, in any case.
fn suspend_or_resume(before: &str, now: &Present, identified: bool) -> String {
    let Err(error) = check(&now.table, identified) else {
        let resumes = !before.is_empty();
        if resumes || now.fires_sometimes {
            now.members.iter().for_each(|member| track::fire_always(*member, resumes));
        }
        return String::new();
    };
    now.members.iter().for_each(|member| track::suspend(*member));
    if before != error.message {
        warn(now.table.relation, &error);
    }
    error.message
}

/// Whether the triggers can work, and a record key that identified still does. Who makes a trigger by hand may
/// name one that concord cannot prove.
fn check(table: &Watched, identified: bool) -> Result<()> {
    relation::validate(table.relation)?;
    if identified { identifies(table) } else { Ok(()) }
}

fn identifies(table: &Watched) -> Result<()> {
    track::check_key(table.relation, &stored_options(&table.arguments)?)
}

fn warn(relation: pg_sys::Oid, error: &Error) {
    let (name, reason) = (qualified_name(relation), &error.message);
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_WARNING,
        format!("changes of table {name} are not captured any more: {reason}"),
        "watch",
    )
    .set_hint("Capture goes on by itself when this is put right; concord.capture_windows shows the time in between.")
    .report(PgLogLevel::WARNING);
}
