//! The log: captured events are buffered in their transaction, numbered at its end and written.

mod buffer;
pub mod event;
mod functions;
pub mod holes;
pub mod metadata;
mod spill;
pub mod transaction;
mod writer;

pub use transaction::{append, append_gap, control, register};
