//! Trees kept in pointers: edits on two nodes, each right by itself, can break one together. That is
//! not prevented; it is found, and is a conflict until the pointers agree again.

mod check;
mod conflicts;
mod declared;
mod functions;
mod table;

pub use check::{check, check_if_free};
pub use declared::{forget, rename, rename_columns};
