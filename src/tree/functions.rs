//! `concord.track_tree` and `concord.untrack_tree`.

use super::declaring;
use super::table::{Shape, shape_of};
use crate::error::{Error, OrRaise, Result};
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::relation::lock;
use crate::track;
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_extern, pg_sys};
use std::ffi::CStr;

/// `concord.track_tree`: see `sql/65_tree.sql`. 22004, 22023, 42501, 42703, 42804, 55000.
#[pg_extern(sql = false)]
fn concord_track_tree(
    relation: Option<pg_sys::Oid>,
    parent: Option<&CStr>,
    first_child: Option<&CStr>,
    next: Option<&CStr>,
    prev: Option<&CStr>,
) {
    // A `name` is a C string in 64 bytes.
    let columns = [parent, first_child, next, prev]
        .map(|name| name.map(|name| name.to_string_lossy().into_owned()));
    set_up(relation, columns).or_raise();
}

/// `concord.untrack_tree`.
#[pg_extern(sql = false)]
fn concord_untrack_tree(relation: Option<pg_sys::Oid>) {
    take_down(relation).or_raise();
}

fn given<T>(argument: Option<T>, name: &str, hint: &str) -> Result<T> {
    argument.ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            format!("{name} must not be null"),
        )
        .hint(hint)
    })
}

fn set_up(relation: Option<pg_sys::Oid>, columns: [Option<String>; 4]) -> Result<()> {
    let relation = given(relation, "relation", "Specify a table.")?;
    given(columns[0].as_ref(), "parent", "Specify the column that points to the parent.")?;
    let name = track::check_owned(relation)?;
    // The columns stay as they are until the commit.
    lock(relation, pg_sys::AccessShareLock);
    let shape = shape_of(relation, &columns, &name)?;
    refuse_doubles(&shape, &columns)?;
    let Some(table) = catalog::name_of(relation) else { return Ok(()) };
    let _owner = AsOwner::of(catalog::log()?);
    declaring::declare(&table, &columns);
    Ok(())
}

/// A column is one pointer, and the key is none.
fn refuse_doubles(shape: &Shape, columns: &[Option<String>; 4]) -> Result<()> {
    for (i, column) in columns.iter().enumerate().filter_map(|(i, c)| Some((i, c.as_ref()?))) {
        if *column == shape.key {
            return Err(Error::invalid_argument(format!(
                "column \"{column}\" is the key and cannot be a pointer"
            ))
            .hint("Specify the column that contains the key of another row."));
        }
        if columns[..i].iter().flatten().any(|other| other == column) {
            return Err(Error::invalid_argument(format!(
                "column \"{column}\" is specified more than once"
            ))
            .hint("Each pointer must be a column of its own; omit those that the table lacks."));
        }
    }
    Ok(())
}

fn take_down(relation: Option<pg_sys::Oid>) -> Result<()> {
    let relation = given(relation, "relation", "Specify a table.")?;
    let name = track::check_owned(relation)?;
    let Some(table) = catalog::name_of(relation) else { return Ok(()) };
    let _owner = AsOwner::of(catalog::log()?);
    if !declaring::forget(&table) {
        pg_sys::panic::ErrorReport::new(
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("table {name} has no tree, skipping"),
            "untrack_tree",
        )
        .report(PgLogLevel::NOTICE);
    }
    Ok(())
}
