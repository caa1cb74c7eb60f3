//! How large an event may be, and is. On its way to another node it is one `jsonb`, whose parts have 256 MB together.

use crate::error::{Error, Result};
use crate::log::event::Captured;
use crate::pg::varlena::Varlena;
use crate::pg_function;
use pgrx::{PgSqlErrorCode, pg_sys};

/// What an event's values may have together. The rest is for names, numbers and what the node has seen of others.
const MOST: usize = 255 << 20;

/// Refuses an event that no other node could be sent: 54000.
pub fn refuse_too_large(event: &Captured<'_>) -> Result<()> {
    let values =
        [event.record_id, event.old_values, event.new_values, event.touched, event.metadata];
    let values: usize = values.into_iter().flatten().map(<[u8]>::len).sum();
    let context = event.context;
    let texts = [&context.action, &context.user_id, &context.request_id, &context.metadata];
    let texts: usize = texts.into_iter().flatten().map(|text| text.as_bytes().len()).sum();
    // An id has 16 bytes here, and 26 characters there.
    let ids = 2 * context.depends_on.as_ref().map_or(0, |ids: &Varlena| ids.as_bytes().len());
    if values + texts + ids <= MOST {
        return Ok(());
    }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        "the change is too large for an event of 256 MB",
    )
    .detail("An event holds the row before and after the change, and the context.")
    .hint("Exclude large columns from tracking with exclude."))
}

pg_function!(
    /// `concord._raw_size(jsonb) → bigint`: the size of a value before it was compressed, without reading it.
    raw_size,
    |call| {
        let value = call.datum(0).unwrap_or(pg_sys::Datum::from(0));
        pg_sys::Datum::from(size_of_stored(value) as i64)
    }
);

#[allow(unsafe_code)]
fn size_of_stored(value: pg_sys::Datum) -> usize {
    // SAFETY: sql/ declares a jsonb, and the function STRICT.
    unsafe { pg_sys::toast_raw_datum_size(value) }
}
