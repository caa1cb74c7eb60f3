//! Trees kept in pointers: edits on two nodes, each right by itself, can break one together. That is
//! not prevented; it is found, and is a conflict until the pointers agree again.

mod check;
mod conflicts;
mod declared;
mod declaring;
mod functions;
mod table;

pub use check::{check, check_if_free};
pub use declaring::{forget, rename, rename_columns};
