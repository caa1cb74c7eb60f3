//! Tables that `track` and `untrack` have just set up or taken down.

use super::note::note;
use super::options::{changed_options, stored_options};
use super::registry::{self, Pair, Watched};
use super::windows;
use crate::error::Result;
use pgrx::pg_sys;
use serde_json::json;

/// Takes a table that `track` has just set up as it is. What is captured otherwise than before is noted.
pub fn adopt(relation: pg_sys::Oid) -> Result<()> {
    let Pair { seen, now: Some(now) } = registry::pair(relation) else { return Ok(()) };
    let table = Watched { identifies: true, ..now.table };
    let was_open = windows::close(&table.name);
    if was_open {
        note(&table, json!({"command": "track", "change": "capture enabled"}))?;
    }
    match &seen {
        None if was_open => {}
        None => windows::note_untracked(&table.name),
        Some(seen) => note_options(seen, &table)?,
    }
    registry::remember(&table);
    Ok(())
}

fn note_options(seen: &Watched, table: &Watched) -> Result<()> {
    let Ok(before) = stored_options(&seen.arguments) else { return Ok(()) };
    match changed_options(&before, &stored_options(&table.arguments)?) {
        Some(options) => note(
            table,
            json!({"command": "track", "change": "options changed", "options": options}),
        ),
        None => Ok(()),
    }
}

/// Notes that a table is not tracked any more.
pub fn note_untracked(relation: pg_sys::Oid) -> Result<()> {
    let Pair { seen: Some(table), .. } = registry::pair(relation) else { return Ok(()) };
    windows::close(&table.name);
    crate::tree::forget(&table.name);
    registry::forget(relation);
    note(&table, json!({"command": "untrack", "change": "untracked"}))
}
