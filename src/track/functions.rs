//! `concord.track` and `concord.untrack`.

use super::arguments::Arguments;
use super::{check, install, secrets};
use crate::capture::shape::Tracked;
use crate::ddl::{self, Quiet};
use crate::error::{Error, OrRaise, Result};
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::relation::{self, Open};
use concord_core::options::VersionColumn;
use pgrx::{JsonB, PgLogLevel, PgSqlErrorCode, pg_extern, pg_sys};

/// `concord.track`: sets up or changes the tracking of a table; see `sql/60_track.sql`.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn concord_track(
    relation: Option<pg_sys::Oid>,
    version_column: Option<String>,
    conflict_policy: Option<String>,
    on_stale: Option<String>,
    exclude: Option<Vec<Option<String>>>,
    redact: Option<Vec<Option<String>>>,
    redact_default: Option<JsonB>,
    merge_groups: Option<JsonB>,
    merge_silently: Option<Vec<Option<String>>>,
    rename: Option<Vec<Option<String>>>,
    on_missing_parent: Option<String>,
    record_key: Option<Vec<Option<String>>>,
) {
    let arguments = Arguments {
        version_column,
        conflict_policy,
        on_stale,
        exclude: names(exclude, "exclude").or_raise(),
        redact: names(redact, "redact").or_raise(),
        redact_default: redact_default.map(|json| json.0),
        merge_groups: merge_groups.map(|json| json.0),
        merge_silently: names(merge_silently, "merge_silently").or_raise(),
        rename: names(rename, "rename").or_raise(),
        on_missing_parent,
        record_key: names(record_key, "record_key").or_raise(),
    };
    set_up(given(relation).or_raise(), arguments).or_raise();
}

/// `concord.untrack`: takes concord's triggers off a table. The version column stays.
#[pg_extern(sql = false)]
fn concord_untrack(relation: Option<pg_sys::Oid>) {
    take_down(given(relation).or_raise()).or_raise();
}

/// A list of names; 22004 for a null among them.
fn names(list: Option<Vec<Option<String>>>, option: &str) -> Result<Option<Vec<String>>> {
    let Some(list) = list else { return Ok(None) };
    list.into_iter().collect::<Option<Vec<_>>>().map(Some).ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            format!("{option} must not contain nulls"),
        )
        .hint("Specify column names.")
    })
}

fn given(relation: Option<pg_sys::Oid>) -> Result<pg_sys::Oid> {
    relation.ok_or_else(|| {
        Error::new(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, "relation must not be null")
            .hint("Specify a table.")
    })
}

fn set_up(relation: pg_sys::Oid, arguments: Arguments) -> Result<()> {
    let options = arguments.into_options()?;
    let name = check::relation(relation)?;
    let _quiet = Quiet::enter();
    // Writers wait: from here to the commit no change can slip past the new triggers.
    lock(relation);
    if let VersionColumn::Named(column) = &options.version_column
        && !check::has_column(relation, column)
    {
        install::add_version_column(&name, column);
    }
    let trigger_arguments = options.to_arguments();
    let has_version = load(relation, &trigger_arguments)?;
    check::options(relation, &options)?;
    install::create(relation, &trigger_arguments, has_version);
    secrets::point_out(relation, &options);
    let _owner = AsOwner::of(catalog::log()?);
    ddl::adopt(relation)
}

/// The lock that CREATE TRIGGER takes.
fn lock(relation: pg_sys::Oid) {
    relation::lock(relation, pg_sys::ShareRowExclusiveLock);
}

/// Reads the relation as its triggers will; whether it has a version column.
#[allow(unsafe_code)]
fn load(relation: pg_sys::Oid, arguments: &[String]) -> Result<bool> {
    let open = Open::existing(relation, pg_sys::NoLock)?;
    // SAFETY: the relation is open.
    let tracked = unsafe { Tracked::load(open.as_ptr(), arguments)? };
    Ok(tracked.version.is_some())
}

fn take_down(relation: pg_sys::Oid) -> Result<()> {
    let name = check::relation(relation)?;
    let _quiet = Quiet::enter();
    if !install::remove(relation) {
        pg_sys::panic::ErrorReport::new(
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("table {name} is not tracked, skipping"),
            "untrack",
        )
        .report(PgLogLevel::NOTICE);
    }
    let _owner = AsOwner::of(catalog::log()?);
    ddl::note_untracked(relation)
}
