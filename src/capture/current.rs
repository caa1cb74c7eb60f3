//! Rows as a table has them: `concord._row_now`, `row_image` and `digest`.

use super::memory::RowMemory;
use super::relation::of_relation;
use super::shape::Tracked;
use crate::capture::image::Imager;
use crate::capture::key_sql::{ROW, key_condition, key_parameters, key_values, whole_row};
use crate::error::{Error, OrRaise, Result};
use crate::pg::owner::AsTableOwner;
use crate::pg::query::Snapshot;
use crate::pg::relation::Open;
use crate::pg::tuple::RowValues;
use crate::pg_function;
use pgrx::{IntoDatum, PgSqlErrorCode, pg_sys};

pg_function!(
    /// `concord._row_now(regclass, text, boolean) → jsonb`: null where no row has this key, or, if asked
    /// to be exact, where its `record_id` is spelled otherwise; 55000 for a
    /// table that is not tracked, 22023 for a `record_id` of the wrong form.
    row_now,
    |call| {
        let relation = call.argument(0).unwrap_or(pg_sys::Oid::INVALID);
        let record: String = call.argument(1).unwrap_or_default();
        let exact = call.argument(2).unwrap_or_default();
        match read(relation, &record, exact).or_raise() {
            Some(image) => copy_out(&image),
            None => call.null(),
        }
    }
);

#[allow(unsafe_code)]
fn copy_out(image: &[u8]) -> pg_sys::Datum {
    // SAFETY: the copy has room for the whole varlena.
    unsafe {
        let copy = pg_sys::palloc(image.len()).cast::<u8>();
        std::ptr::copy_nonoverlapping(image.as_ptr(), copy, image.len());
        pg_sys::Datum::from(copy)
    }
}

#[allow(unsafe_code)]
fn read(relation: pg_sys::Oid, record_id: &str, exact: bool) -> Result<Option<Vec<u8>>> {
    // SAFETY: the relation is open while its shape is read.
    let tracked =
        unsafe { of_relation(Open::existing(relation, pg_sys::AccessShareLock)?.as_ptr())? };
    let _owner = AsTableOwner::reading_for_caller(relation);
    let table = crate::pg::catalog::qualified_name(relation);
    let row = whole_row(&table);
    let sql = format!("SELECT {row} FROM {table} {ROW} WHERE {}", key_condition(&tracked, 1));
    let keys = key_values(&tracked, record_id)?;
    let image = Snapshot::Active.one(&sql, &key_parameters(&keys), |row| {
        // A key spelled otherwise finds the row, but is no record_id: the log does not know it.
        // SAFETY: the column is the whole row.
        unsafe {
            record_id_of(&tracked, row.datum(1)).and_then(|id| match id == record_id || !exact {
                true => row_image(&tracked, row.datum(1)).map(Some),
                false => Ok(None),
            })
        }
    });
    image.unwrap_or(Ok(None))
}

/// The image of a whole-row value.
///
/// # Safety
/// The datum is a row of the tracked table's own row type, not null.
#[allow(unsafe_code)]
pub unsafe fn row_image(tracked: &Tracked, row: pg_sys::Datum) -> Result<Vec<u8>> {
    // SAFETY: by the caller's promise.
    unsafe { with_row(tracked, row, |imager, values| imager.image(values)) }
}

/// The `record_id` of a whole-row value.
///
/// # Safety
/// As for `row_image`.
#[allow(unsafe_code)]
pub unsafe fn record_id_of(tracked: &Tracked, row: pg_sys::Datum) -> Result<String> {
    // SAFETY: by the caller's promise.
    let id = unsafe { with_row(tracked, row, |imager, values| imager.record_id(values))? };
    Ok(String::from_utf8_lossy(&id[4..]).into_owned())
}

#[allow(unsafe_code)]
unsafe fn with_row<R>(
    tracked: &Tracked,
    row: pg_sys::Datum,
    body: impl FnOnce(&Imager<'_>, &RowValues) -> R,
) -> R {
    // SAFETY: by the caller's promise; a whole-row value names its row type.
    unsafe {
        let header =
            pg_sys::pg_detoast_datum(row.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
        let row_type = (*header).t_choice.t_datum;
        let descriptor =
            pg_sys::lookup_rowtype_tupdesc_copy(row_type.datum_typeid, row_type.datum_typmod);
        let mut tuple = pg_sys::HeapTupleData {
            t_len: pgrx::varsize_any(header.cast()) as u32,
            t_data: header,
            ..Default::default()
        };
        let memory = RowMemory::enter();
        let values = RowValues::of(&mut tuple, descriptor);
        body(&Imager::new(tracked, &memory), &values)
    }
}

pg_function!(
    /// `concord.row_image(regclass, record) → jsonb`: the image of a row of a tracked table. 55000
    /// where the table is not tracked, 42804 where the row is another table's.
    row_image_of,
    |call| {
        let relation = call.argument(0).unwrap_or(pg_sys::Oid::INVALID);
        let row = call.datum(1).unwrap_or(pg_sys::Datum::from(0));
        // SAFETY: sql/ declares a record, and the function STRICT.
        copy_out(&unsafe { image_of(relation, row) }.or_raise())
    }
);

#[allow(unsafe_code)]
unsafe fn image_of(relation: pg_sys::Oid, row: pg_sys::Datum) -> Result<Vec<u8>> {
    // SAFETY: the row's own type says whose it is.
    unsafe {
        let header =
            pg_sys::pg_detoast_datum(row.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
        if (*header).t_choice.t_datum.datum_typeid != pg_sys::get_rel_type_id(relation) {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                "the row does not belong to the given table",
            )
            .hint(
                "Pass the whole row of the table, as in SELECT concord.row_image('t', t) FROM t.",
            ));
        }
        let open = Open::existing(relation, pg_sys::AccessShareLock)?;
        let tracked = of_relation(open.as_ptr())?;
        let _owner = AsTableOwner::unless_current(relation);
        row_image(&tracked, row)
    }
}

pg_function!(
    /// `concord.digest(regclass) → text`: equal exactly when the rows are, whatever their order. 42P01 where the
    /// table is gone, 42501 for a caller who may not read it, 55000 where it is not tracked.
    digest,
    |call| {
        let text = digest_of(call.argument(0).unwrap_or(pg_sys::Oid::INVALID)).or_raise();
        text.into_datum().unwrap_or(pg_sys::Datum::from(0))
    }
);

#[allow(unsafe_code)]
fn digest_of(relation: pg_sys::Oid) -> Result<String> {
    // SAFETY: the relation is open while its shape is read.
    unsafe { of_relation(Open::existing(relation, pg_sys::AccessShareLock)?.as_ptr())? };
    let _owner = AsTableOwner::reading_for_caller(relation);
    let table = crate::pg::catalog::qualified_name(relation);
    let sql = format!(
        "SELECT pg_catalog.md5(COALESCE(pg_catalog.string_agg(i.hash, '' ORDER BY i.hash COLLATE \"C\"), ''))
         FROM (SELECT pg_catalog.md5(concord.row_image($1, {ROW}.*)::text) AS hash FROM {table} {ROW}) i"
    );
    let relation = (pg_sys::REGCLASSOID, Some(pg_sys::Datum::from(relation)));
    Ok(Snapshot::Active.one(&sql, &[relation], |row| row.required(1)).unwrap_or_default())
}
