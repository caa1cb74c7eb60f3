//! Where a group is in the log.

use crate::pg::query::{Parameter, parameter};
use crate::types::parameter::ulid;
use concord_core::delivery::Group;

/// Where a group's events are: origin, first and last number, as parameters.
pub fn place(group: &Group) -> [Parameter; 3] {
    [ulid(group.origin), parameter(group.first), parameter(group.first + group.size - 1)]
}
