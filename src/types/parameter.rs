//! Values of concord's types as parameters of its own statements.

use super::{hlc, ulid};
use crate::pg::query::{self, Parameter};
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;

/// A ULID.
pub fn ulid(value: Ulid) -> Parameter {
    query::parameter(ulid::Ulid::from(value))
}

/// An HLC.
pub fn hlc(value: Hlc) -> Parameter {
    query::parameter(hlc::Hlc::from(value))
}
