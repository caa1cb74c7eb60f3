//! The tables that events are shown in: shape, constraints, rows.

pub mod batch;
pub mod constraints;
pub mod deferred;
pub mod foreign_keys;
pub mod keys;
pub mod read_constraints;
pub mod row;
pub mod target;
