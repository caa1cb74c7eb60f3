//! Writes of rows that were not shown as their fold: the writer could not know what the row lacked,
//! and the event says so.

use crate::error::{Error, Result};
use crate::log::event::Captured;
use crate::pg::owner::AsOwner;
use crate::pg::{catalog, scan};
use crate::sync::record::Record;
use crate::sync::{self, Unshown};
use concord_core::names::TableName;
use serde_json::{Map, Value};
use std::cell::Cell;

/// Looks at each event that is written. Made together with the vector: of what another node did, the
/// vector does not count it, or the row shows it, or the row is noted as not showing it.
pub struct Unfolded {
    /// There are such rows; asked as the extension's owner.
    owner: Option<AsOwner>,
    /// The event under way decides its whole row.
    whole: Cell<bool>,
}

impl Unfolded {
    /// Mostly there is no such row.
    pub fn watch() -> Result<Unfolded> {
        let owner = match scan::is_empty(catalog::pending()?)? {
            true => None,
            false => Some(AsOwner::of(catalog::log()?)),
        };
        Ok(Unfolded { owner, whole: Cell::new(false) })
    }

    /// What an event has to add to its `metadata`.
    pub fn addition(&self, event: &Captured<'_>) -> Result<Option<Vec<u8>>> {
        self.whole.set(false);
        let Some(unshown) = self.owner.as_ref().and_then(|_| unshown(event)) else {
            return Ok(None);
        };
        self.whole.set(unshown.whole);
        let unreadable = |_| Error::internal("metadata of an event is not a JSON object");
        let unseen: Map<String, Value> =
            serde_json::from_str(&unshown.unseen).map_err(unreadable)?;
        if unseen.is_empty() {
            return Ok(None);
        }
        let mut fields: Map<String, Value> = match event.metadata {
            Some(text) => serde_json::from_slice(text).map_err(unreadable)?,
            None => Map::new(),
        };
        fields.insert("unseen".into(), Value::Object(unseen));
        Ok(Some(Value::Object(fields).to_string().into_bytes()))
    }

    /// The event as it is written.
    pub fn adapt<'a>(&self, event: &Captured<'a>, addition: Option<&'a [u8]>) -> Captured<'a> {
        Captured {
            touched: event.touched.filter(|_| !self.whole.get()),
            metadata: addition.or(event.metadata),
            ..*event
        }
    }
}

fn unshown(event: &Captured<'_>) -> Option<Unshown> {
    let (Some(table), Some(record_id)) = (event.table, event.record_id) else { return None };
    event.operation.change()?;
    sync::unshown(&Record {
        table: TableName {
            schema: table.schema.as_text().into_owned(),
            name: table.name.as_text().into_owned(),
        },
        record_id: String::from_utf8_lossy(&record_id[4..]).into_owned(),
    })
}
