//! Rows of one table written together: what goes, what changes, what comes.

use crate::capture::key_sql::{ROW, key_of_text};
use crate::error::Result;
use crate::pg::owner::AsTableOwner;
use crate::pg::query::{self, Parameter, jsonb, parameter};
use crate::pg::varlena::{Varlena, copy_varlena};
use crate::sync::table::row::take_effect;
use crate::sync::table::target::Target;
use crate::types::parameter::image;
use pgrx::pg_sys;

/// The row of a group of one event.
pub struct Single {
    /// `record_id`
    pub record_id: String,
    /// `new_values`; `None` for a row that went.
    pub image: Option<Varlena>,
    /// The row came.
    pub is_insert: bool,
}

/// The last events of some records of a table, as arrays.
pub struct Batch {
    /// Records that exist, as `text[]`.
    pub ids: Varlena,
    /// Their images, as `jsonb[]`.
    pub images: Varlena,
    /// Records that do not, as `text[]`.
    pub gone: Varlena,
    /// How many exist.
    pub kept_count: i64,
    /// How many do not.
    pub gone_count: i64,
    /// All of them came.
    pub inserts_only: bool,
    /// Records whose image is not of the columns that the table has here.
    pub odd: Vec<String>,
}

impl Batch {
    /// Of one row.
    pub fn of(single: &Single, target: &Target) -> Batch {
        let id = Varlena::text(&single.record_id);
        let (ids, images, gone): (&[&Varlena], &[&Varlena], &[&Varlena]) = match &single.image {
            Some(image) => (&[&id], &[image], &[]),
            None => (&[], &[], &[&id]),
        };
        let is_odd = single.image.as_ref().is_some_and(|image| is_odd(image, target));
        Batch {
            ids: array_of(pg_sys::TEXTOID, ids),
            images: array_of(pg_sys::JSONBOID, images),
            gone: array_of(pg_sys::TEXTOID, gone),
            kept_count: ids.len() as i64,
            gone_count: gone.len() as i64,
            inserts_only: single.is_insert,
            odd: if is_odd { vec![single.record_id.clone()] } else { Vec::new() },
        }
    }
}

/// Whether an image is not of the columns that the table has here.
fn is_odd(image: &Varlena, target: &Target) -> bool {
    let names: Vec<&str> = target.tracked.columns.iter().map(|c| c.name.as_str()).collect();
    query::one(
        "SELECT NOT ($1 ?& $2 AND $1 - $2 = '{}')",
        &[jsonb(image), parameter(names)],
        |row| row.required(1),
    )
    .unwrap_or_default()
}

/// An array of some values.
#[allow(unsafe_code)]
fn array_of(element: pg_sys::Oid, values: &[&Varlena]) -> Varlena {
    let mut values: Vec<pg_sys::Datum> = values.iter().map(|value| value.datum()).collect();
    // SAFETY: the elements are varlenas of the type, which are aligned as integers.
    unsafe {
        let array = pg_sys::construct_array(
            values.as_mut_ptr(),
            values.len() as i32,
            element,
            -1,
            false,
            pg_sys::TYPALIGN_INT as std::ffi::c_char,
        );
        copy_varlena(pg_sys::Datum::from(array))
    }
}

fn texts(array: &Varlena) -> Parameter {
    (pg_sys::TEXTARRAYOID, Some(array.datum()))
}

fn images(array: &Varlena) -> Parameter {
    (pg_sys::JSONBARRAYOID, Some(array.datum()))
}

/// Locks the rows in one order everywhere, so that appliers and writers cannot wait in a circle.
pub fn lock(target: &Target, batch: &Batch) -> Result<()> {
    if batch.inserts_only {
        return Ok(());
    }
    let _owner = AsTableOwner::of(target.tracked.root);
    let sql = format!(
        "SELECT count(*) FROM (
             SELECT FROM unnest($1 || $2) k(id) JOIN {} {ROW} ON {} ORDER BY k.id
             FOR UPDATE OF {ROW}) l",
        target.name,
        key_of_text(&target.tracked, "k.id")
    );
    query::run(&sql, &[texts(&batch.ids), texts(&batch.gone)]);
    Ok(())
}

/// Writes the batch: what goes, what changes, what comes.
pub fn write(target: &Target, batch: &Batch) -> Result<()> {
    let _owner = target.writing()?;
    let name = &target.name;
    if batch.gone_count > 0 {
        let key = key_of_text(&target.tracked, "k.id");
        let sql = format!("DELETE FROM {name} {ROW} USING unnest($1) k(id) WHERE {key}");
        let deleted = query::run(&sql, &[texts(&batch.gone)]);
        let stay = || {
            let sql = format!("SELECT FROM unnest($1) k(id) JOIN {name} {ROW} ON {key} LIMIT 1");
            query::exists(&sql, &[texts(&batch.gone)])
        };
        if (deleted as i64) < batch.gone_count && stay() {
            return take_effect(target, 0, 1);
        }
    }
    if batch.kept_count == 0 {
        return Ok(());
    }
    let key = key_of_text(&target.tracked, "k.id");
    let rows = [texts(&batch.ids), images(&batch.images)];
    let mut changed = 0;
    if !batch.inserts_only {
        let settings = target.settings(target.settable(None), "k.image");
        let sql = format!(
            "UPDATE {name} {ROW} SET {settings} FROM unnest($1, $2) k(id, image) WHERE {key}"
        );
        changed = query::run(&sql, &rows);
    }
    if (changed as i64) < batch.kept_count {
        let (names, values) = target.inserted(target.settable(None), "k.image", "$3");
        let missing = match changed {
            0 if batch.inserts_only => String::new(),
            _ => format!(" WHERE NOT EXISTS (SELECT FROM {name} {ROW} WHERE {key})"),
        };
        let sql = format!(
            "INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE
             SELECT {values} FROM unnest($1, $2) k(id, image){missing}"
        );
        let defaults = image(&target.tracked.options.redact_default);
        let [ids, images] = rows;
        changed += query::run(&sql, &[ids, images, defaults]);
    }
    take_effect(target, changed, batch.kept_count as u64)
}
