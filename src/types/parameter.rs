//! Values of concord's types as parameters of its own statements.

use super::{hlc, ulid};
use crate::pg::query::{self, Parameter};
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use concord_core::word::Word;
use pgrx::JsonB;
use serde_json::{Map, Value};

/// A ULID, or null.
pub fn ulid(value: impl Into<Option<Ulid>>) -> Parameter {
    query::parameter(value.into().map(ulid::Ulid::from))
}

/// An HLC.
pub fn hlc(value: Hlc) -> Parameter {
    query::parameter(hlc::Hlc::from(value))
}

/// An image as `jsonb`, or null.
pub fn image<'a>(value: impl Into<Option<&'a Map<String, Value>>>) -> Parameter {
    query::parameter(value.into().map(|image| JsonB(Value::Object(image.clone()))))
}

/// Nodes and their numbers as `jsonb`.
pub fn vector(entries: impl IntoIterator<Item = (Ulid, i64)>) -> Parameter {
    let entries = entries.into_iter().map(|(node, number)| (node.to_string(), Value::from(number)));
    query::parameter(JsonB(Value::Object(entries.collect())))
}

/// A word of a closed set.
pub fn word(value: impl Word) -> Parameter {
    query::parameter(value.word())
}

/// A word of a closed set, or null.
pub fn word_if<T: Word>(value: Option<T>) -> Parameter {
    query::parameter(value.map(T::word))
}
