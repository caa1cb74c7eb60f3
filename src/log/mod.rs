//! The log: captured events are buffered in their transaction, numbered at its end and written.

mod buffer;
#[cfg(any(test, feature = "pg_test"))]
mod buffer_tests;
pub mod columns;
pub mod event;
mod functions;
pub mod holes;
pub mod metadata;
mod spill;
pub mod transaction;
mod unfolded;
mod writer;
pub mod written;

pub use buffer::Link;
pub use transaction::{append, append_gap, control, link, refuse_after_capture, register};
pub use written::{Written, append_about, append_written};
