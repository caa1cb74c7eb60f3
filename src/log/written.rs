//! Events of rows that concord itself wrote: what brings back a parent, what resolves a conflict.

use crate::error::Result;
use crate::log::captured::{append, control};
use crate::log::context;
use crate::log::event::{Captured, Table};
use crate::pg::varlena::{Varlena, to_jsonb};
use concord_core::operation::Operation;
use serde_json::{Map, Value};
use std::rc::Rc;

/// A row that was written silently: its image before and after, `None` where there was no row.
pub struct Written<'a> {
    /// The table.
    pub table: &'a Rc<Table>,
    /// `record_id`
    pub record_id: &'a str,
    /// `old_values`
    pub before: Option<&'a Map<String, Value>>,
    /// `new_values`
    pub after: Option<&'a Map<String, Value>>,
    /// What to add to `metadata`.
    pub metadata: Value,
}

/// Buffers the event of such a row. It touches all columns.
pub fn append_written(written: &Written<'_>) -> Result<()> {
    let operation = match (written.before, written.after) {
        (None, _) => Operation::Insert,
        (Some(_), Some(_)) => Operation::Update,
        (Some(_), None) => Operation::Delete,
    };
    append_about(operation, written)
}

/// Buffers an event of any operation about a record.
pub fn append_about(operation: Operation, written: &Written<'_>) -> Result<()> {
    let context = context::current();
    let image = |image: Option<&Map<String, Value>>| {
        image.map(|image| to_jsonb(&Value::Object(image.clone()).to_string())).transpose()
    };
    let (before, after) = (image(written.before)?, image(written.after)?);
    let record_id = Varlena::text(written.record_id);
    let metadata = written.metadata.to_string();
    append(&Captured {
        table: Some(written.table),
        record_id: Some(record_id.as_bytes()),
        old_values: before.as_ref().map(Varlena::as_bytes),
        new_values: after.as_ref().map(Varlena::as_bytes),
        metadata: Some(metadata.as_bytes()),
        ..control(operation, &context)
    })?;
    Ok(())
}
