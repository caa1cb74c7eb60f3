//! The `metadata` of events: the application's object, with what concord adds.

use crate::error::{Error, Result};
use crate::pg::varlena::{Varlena, to_jsonb};
use serde_json::{Map, Value};

/// The application's object with concord's additions, which win where both use a key.
pub fn merge(context: Option<&str>, addition: &[u8]) -> Result<Varlena> {
    let unreadable = |_| Error::internal("metadata of an event is not a JSON object");
    let mut merged: Map<String, Value> = match context {
        Some(text) => serde_json::from_str(text).map_err(unreadable)?,
        None => Map::new(),
    };
    let addition: Map<String, Value> = serde_json::from_slice(addition).map_err(unreadable)?;
    merged.extend(addition);
    to_jsonb(&Value::Object(merged).to_string())
}
