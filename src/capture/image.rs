//! A row's images and its `record_id`.

use super::column::{Column, key_field};
use super::memory::RowMemory;
use super::settings::Neutral;
use super::shape::Tracked;
use crate::error::{Error, Result};
use crate::pg::function;
use crate::pg::tuple::RowValues;
use concord_core::jsonb::{Field, varlena_header};
use pgrx::{PgSqlErrorCode, pg_sys};
use std::ffi::{CStr, c_char};

/// Bytes. The index of the log holds a record key beside a table name, in a third of a page.
const LONGEST_KEY: usize = 2496;

/// Puts a relation's rows into the forms that events hold.
pub struct Imager<'a> {
    tracked: &'a Tracked,
    memory: &'a RowMemory,
    _neutral: Option<Neutral>,
}

#[allow(unsafe_code)]
impl<'a> Imager<'a> {
    /// Ready for rows of `tracked`; session settings that would show are set aside while it lives.
    pub fn new(tracked: &'a Tracked, memory: &'a RowMemory) -> Imager<'a> {
        let neutral = tracked.obeys_settings || tracked.shows_names;
        Imager { tracked, memory, _neutral: neutral.then(|| Neutral::enter(tracked.shows_names)) }
    }

    /// The image of a row, as a complete `jsonb` value.
    #[allow(unsafe_code)]
    pub fn image(&self, row: &RowValues) -> Result<Vec<u8>> {
        let mut fields = Vec::with_capacity(self.tracked.columns.len());
        for column in &self.tracked.columns {
            fields.push(match row.get(column.index) {
                None => Field::Null,
                // SAFETY: the row is of the relation; RowMemory is current.
                Some(datum) => unsafe { column.field(datum, self.memory)? },
            });
        }
        let mut image = Vec::with_capacity(64 + fields.iter().map(field_size).sum::<usize>());
        self.tracked.keys.encode(&fields, &mut image).map_err(|_| {
            Error::new(
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                "the row is too large for an image of 256 MB",
            )
            .hint("Leave large columns out with exclude => '{...}'.")
        })?;
        Ok(image)
    }

    /// The row's `record_id`, as a complete `text` value.
    pub fn record_id(&self, row: &RowValues) -> Result<Vec<u8>> {
        let mut text = vec![0; 4];
        let key: Vec<&Column> = self.tracked.key_columns().collect();
        if let [column] = key[..] {
            self.append_key(column, row, &mut text, false)?;
        } else {
            for (i, column) in key.into_iter().enumerate() {
                text.extend_from_slice(if i == 0 { b"[" } else { b", " });
                self.append_key(column, row, &mut text, true)?;
            }
            text.push(b']');
        }
        if text.len() - 4 > LONGEST_KEY {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                format!("record key of {} bytes is too long", text.len() - 4),
            )
            .detail(format!("Up to {LONGEST_KEY} bytes fit into the index of the log."))
            .hint("Choose a shorter key with record_key => '{...}'."));
        }
        let header = varlena_header(text.len()).to_ne_bytes();
        text[..4].copy_from_slice(&header);
        Ok(text)
    }

    fn append_key(
        &self,
        column: &Column,
        row: &RowValues,
        text: &mut Vec<u8>,
        as_json: bool,
    ) -> Result<()> {
        let Some(datum) = row.get(column.index) else {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
                format!("null value in column \"{}\" of the record key", column.name),
            )
            .hint("Declare the columns of the record key NOT NULL."));
        };
        // SAFETY: the row is of the relation; RowMemory is current.
        match unsafe { key_field(column, datum, self.memory)? } {
            Field::Bool(value) => text.extend_from_slice(value.to_string().as_bytes()),
            Field::Numeric(number) => text.extend_from_slice(number_text(number)),
            Field::String(bytes) if as_json => {
                let quoted = serde_json::Value::from(String::from_utf8_lossy(bytes)).to_string();
                text.extend_from_slice(quoted.as_bytes());
            }
            Field::String(bytes) => text.extend_from_slice(bytes),
            Field::Null | Field::Container(_) => {
                return Err(Error::internal("a key column of a type that was refused"));
            }
        }
        Ok(())
    }
}

fn field_size(field: &Field<'_>) -> usize {
    match field {
        Field::Null | Field::Bool(_) => 32,
        Field::String(bytes) | Field::Numeric(bytes) | Field::Container(bytes) => bytes.len() + 32,
    }
}

#[allow(unsafe_code)]
fn number_text(number: &[u8]) -> &[u8] {
    // SAFETY: the bytes are a complete numeric; numeric_out returns a palloc'ed C string in the row
    // context, which outlives the caller's use.
    unsafe {
        let text = function::call(pg_sys::numeric_out, &[pg_sys::Datum::from(number.as_ptr())]);
        CStr::from_ptr(text.cast_mut_ptr::<c_char>()).to_bytes()
    }
}
