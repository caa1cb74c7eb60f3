//! Values of concord's types as parameters of its own statements.

use super::{hlc, ulid};
use crate::pg::query::{self, Parameter};
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use concord_core::word::Word;

/// A ULID.
pub fn ulid(value: Ulid) -> Parameter {
    query::parameter(ulid::Ulid::from(value))
}

/// An HLC.
pub fn hlc(value: Hlc) -> Parameter {
    query::parameter(hlc::Hlc::from(value))
}

/// A word of a closed set.
pub fn word(value: impl Word) -> Parameter {
    query::parameter(value.word())
}
