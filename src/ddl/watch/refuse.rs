//! What a command may not do to a tracked table, or to track one. Only the command itself is refused, and
//! only for what it has done.

use super::touched::Touched;
use crate::capture::relation;
use crate::ddl::registry::{Pair, Present};
use crate::error::{Error, Result, SqlState};
use crate::pg::catalog::qualified_name;
use crate::pg::query::{self, parameter};
use crate::track;
use concord_core::names::quote_literal;
use pgrx::{PgSqlErrorCode, pg_sys};

/// Everybody can have a trigger made with concord's functions, since PostgreSQL asks for that when it clones
/// triggers to a new partition; a table that was not tracked before is for those who may call `track`. 42501.
pub fn makers(user: pg_sys::Oid, touched: &Touched, pairs: &[Pair]) -> Result<()> {
    for (trigger, table) in made(touched) {
        let is_tracked = |pair: &Pair| {
            let is_member = |now: &Present| now.members.contains(&table);
            pair.seen.is_some() && pair.now.as_ref().is_some_and(is_member)
        };
        if pairs.iter().any(is_tracked) || may_track(user) {
            continue;
        }
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("permission denied to create trigger \"{trigger}\" of concord's"),
        )
        .detail("Whoever creates the first of these triggers tracks the table.")
        .hint("Ask a superuser to GRANT EXECUTE ON FUNCTION concord.track."));
    }
    Ok(())
}

/// Names and tables of concord's triggers that the command has made.
fn made(touched: &Touched) -> Vec<(String, pg_sys::Oid)> {
    if touched.triggers.is_empty() {
        return Vec::new();
    }
    query::all(
        "SELECT t.tgname::text, t.tgrelid FROM pg_catalog.pg_trigger t
         WHERE t.oid = ANY ($1)
           AND t.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                            'concord.version_trigger()'::pg_catalog.regprocedure,
                            'concord.truncate_trigger()'::pg_catalog.regprocedure)",
        &[parameter(touched.triggers.clone())],
        |row| (row.required(1), row.required(2)),
    )
}

fn may_track(user: pg_sys::Oid) -> bool {
    query::exists(
        "SELECT FROM pg_catalog.pg_proc f
         WHERE f.pronamespace = 'concord'::pg_catalog.regnamespace AND f.proname = 'track'
           AND pg_catalog.has_function_privilege($1, f.oid, 'EXECUTE')",
        &[parameter(user)],
    )
}

/// Refuses shapes in which a tracked table's changes could not be captured, a second capture trigger, and
/// triggers with arguments that make no sense.
pub fn shapes(now: &Present, touched: &Touched) -> Result<()> {
    if touched.is_tick {
        return Ok(());
    }
    let table = &now.table;
    let name = || qualified_name(table.relation);
    track::check_owned(table.relation).and_then(|_| logged(&now.members)).map_err(|error| {
        let table = quote_literal(&name());
        let untrack = format!("SELECT concord.untrack({table}) first, or leave it as it is.");
        error.detail("Its changes are captured.").hint(untrack)
    })?;
    let is_own = made(touched).iter().any(|(_, relation)| now.members.contains(relation));
    match relation::validate(table.relation) {
        // A restore can bring the trigger before the key; who makes it by hand is warned.
        Err(error) if is_own && !is_of_the_moment(&error) => return Err(error),
        _ => {}
    }
    if now.captures > 1 {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
            format!("table {} already has a capture trigger", name()),
        )
        .detail("Each change would be captured twice.")
        .hint("Call concord.track() to change its options."));
    }
    Ok(())
}

/// Refuses an unlogged partition.
fn logged(members: &[pg_sys::Oid]) -> Result<()> {
    let unlogged = query::one(
        "SELECT oid FROM pg_catalog.pg_class
         WHERE oid = ANY ($1) AND relpersistence = 'u' ORDER BY oid LIMIT 1",
        &[parameter(members.to_vec())],
        |row| row.required(1),
    );
    match unlogged.map(qualified_name) {
        Some(name) => {
            Err(Error::unsupported(format!("cannot track {name}: it is an unlogged table")))
        }
        None => Ok(()),
    }
}

/// Whether the table, not the trigger, lacks something.
fn is_of_the_moment(error: &Error) -> bool {
    error.state == SqlState::Standard(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)
}
