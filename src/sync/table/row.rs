//! One row of a table: read and locked, written, taken out.

use crate::capture::current::row_image;
use crate::capture::key_sql::{key_parameters, key_values};
use crate::error::{Error, OrRaise, Result};
use crate::pg::attempt::attempt;
use crate::pg::owner::AsTableOwner;
use crate::pg::query;
use crate::pg::varlena::{Varlena, copy_varlena, jsonb_text};
use crate::sync::record::{Record, parse_image};
use crate::sync::table::foreign_keys;
use crate::sync::table::keys::Keys;
use crate::sync::table::target::Target;
use crate::types::parameter;
use pgrx::{PgSqlErrorCode, pg_sys};
use serde_json::{Map, Value};
use std::rc::Rc;

/// A row as its table has it.
pub struct Current {
    /// Its image.
    pub image: Map<String, Value>,
    /// The whole row, what images leave out included.
    pub row: Varlena,
    /// Its values in the table's constraints.
    pub keys: Keys,
}

/// What is there of a record before its row is written.
#[derive(Clone, Copy)]
pub struct Former<'a> {
    /// The row in the table.
    pub current: Option<&'a Current>,
    /// The row as it was taken out of the table to make way.
    pub parked: Option<&'a Current>,
}

/// Locks and reads the record's row.
#[allow(unsafe_code)]
pub fn fetch(target: &Target, record: &Record) -> Result<Option<Current>> {
    let keys = key_values(&target.tracked, &record.record_id)?;
    let _owner = AsTableOwner::of(target.tracked.root);
    let rows = query::returning(&target.select(), &key_parameters(&keys), |row| {
        // SAFETY: the column is the whole row of the tracked table.
        unsafe { Current::read(target, row.datum(1)) }
    });
    rows.into_iter().next().transpose()
}

impl Current {
    #[allow(unsafe_code)]
    unsafe fn read(target: &Target, row: pg_sys::Datum) -> Result<Current> {
        // SAFETY: by the caller's promise; a whole row is never compressed or stored elsewhere.
        unsafe {
            let image = row_image(&target.tracked, row)?;
            let row =
                copy_varlena(pg_sys::Datum::from(pg_sys::pg_detoast_datum(row.cast_mut_ptr())));
            Ok(Current { image: parse_image(&jsonb_text(&image))?, row, keys: Keys::default() })
        }
    }
}

/// Writes a row, or takes it out, outside of any group. Errors are the caller's.
pub fn write_row(
    target: &Rc<Target>,
    record: &Record,
    current: Option<Current>,
    image: Option<&Map<String, Value>>,
) -> Result<()> {
    match (current, image) {
        (None, None) => Ok(()),
        (Some(current), None) => delete(target, record, &current, false),
        (current, Some(image)) => {
            let former = Former { current: current.as_ref(), parked: None };
            write(target, record, former, image)
        }
    }
}

/// Takes a row out of its table; if it is `parked`, until it is put back.
pub fn delete(target: &Target, record: &Record, current: &Current, parked: bool) -> Result<()> {
    if !parked {
        foreign_keys::release_untracked(target, &current.image)?;
    }
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    let _owner = target.writing()?;
    take_effect(target, query::run(&target.delete(), &keys), 1)
}

/// Inserts, updates or puts back the row, if it is not what it should be.
pub fn write(
    target: &Target,
    record: &Record,
    former: Former<'_>,
    image: &Map<String, Value>,
) -> Result<()> {
    if let Some(parked) = former.parked {
        let _owner = target.writing()?;
        let old = target.row_parameter(parked.row.datum());
        let put = query::run(&target.reinsert(image), &[parameter::image(image), old]);
        return take_effect(target, put, 1);
    }
    let Some(current) = former.current else {
        let _owner = target.writing()?;
        let defaults = parameter::image(&target.tracked.options.redact_default);
        let parameters = [parameter::image(image), defaults];
        return take_effect(target, query::run(&target.insert(image), &parameters), 1);
    };
    let differs = |name: &String, value: &Value| current.image.get(name) != Some(value);
    if !image.iter().any(|(name, value)| differs(name, value)) {
        return Ok(());
    }
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    let _owner = target.writing()?;
    let fixed = target.columns.iter().filter(|column| column.fixed);
    if fixed.filter_map(|c| image.get_key_value(&c.name)).any(|(name, v)| differs(name, v)) {
        // PostgreSQL does not update such a column, but takes what an INSERT brings.
        take_effect(target, query::run(&target.delete(), &keys), 1)?;
        let old = target.row_parameter(current.row.datum());
        let put = query::run(&target.reinsert(image), &[parameter::image(image), old]);
        return take_effect(target, put, 1);
    }
    let parameters = [&[parameter::image(image)], &keys[..]].concat();
    take_effect(target, query::run(&target.update(image), &parameters), 1)
}

/// A trigger or a rule of the owner's can have a write do nothing: 27000, and what it was to show is not shown.
pub fn take_effect(target: &Target, written: u64, wanted: u64) -> Result<()> {
    if written < wanted {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION,
            format!("a write to table {} had no effect", target.name),
        )
        .detail("A BEFORE trigger or a rule of the table suppressed the write.")
        .hint("Change the trigger or rule so that it lets rows of other nodes pass; it fires because it is ENABLE ALWAYS or ENABLE REPLICA."));
    }
    Ok(())
}

/// Whether a row with this image would break CHECK or NOT NULL: tried, and undone.
pub fn breaks_check(
    target: &Target,
    record: &Record,
    former: Former<'_>,
    image: &Map<String, Value>,
) -> bool {
    let tried: std::result::Result<(), _> = attempt(
        || {
            write(target, record, former, image).or_raise();
            Error::new(PgSqlErrorCode::ERRCODE_TRIGGERED_ACTION_EXCEPTION, "undone").raise()
        },
        |failure| failure.is_of_the_data() || failure.sqlstate == UNDONE,
    );
    tried.is_err_and(|failure| matches!(failure.sqlstate.as_str(), "23514" | "23502"))
}

/// SQLSTATE under which a write that went well is undone.
const UNDONE: &str = "09000";
