//! The `metadata` of events: the application's object, with what concord adds.

#![allow(unsafe_code)]

use super::event::Varlena;
use crate::error::{Error, Result};
use crate::pg::function;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;
use serde_json::{Map, Value};
use std::ffi::CString;

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

/// JSON text as a `jsonb` value.
pub fn to_jsonb(text: &str) -> Result<Varlena> {
    let text = CString::new(text).map_err(|_| Error::internal("NUL byte in JSON text"))?;
    // SAFETY: jsonb_in takes a C string and returns a plain varlena in the current context.
    unsafe {
        let datum = function::call(pg_sys::jsonb_in, &[pg_sys::Datum::from(text.as_ptr())]);
        Ok(copy_varlena(datum))
    }
}

/// Copies an uncompressed varlena out of PostgreSQL's memory.
///
/// # Safety
/// `datum` points to a four-byte-header varlena that is neither compressed nor toasted.
pub unsafe fn copy_varlena(datum: pg_sys::Datum) -> Varlena {
    // SAFETY: by the caller's promise.
    unsafe {
        let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
        let size = pgrx::varsize_any(pointer);
        Varlena::complete(std::slice::from_raw_parts(pointer.cast::<u8>(), size))
    }
}

/// What a NODE event says of this node, as JSON text.
pub fn of_node(predecessor: Option<Ulid>, key_space: Option<Value>) -> String {
    let mut fields = Map::new();
    fields.insert("name".into(), Value::String(crate::identity::name()));
    fields.insert("hostname".into(), Value::String(crate::identity::hostname()));
    if let Some(predecessor) = predecessor {
        fields.insert("predecessor_id".into(), Value::String(predecessor.to_string()));
    }
    if let Some(key_space) = key_space {
        fields.insert("key_space".into(), key_space);
    }
    Value::Object(fields).to_string()
}
