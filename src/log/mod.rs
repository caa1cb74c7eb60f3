//! The log: captured events are buffered in their transaction, numbered at its end and written.

pub mod buffer;
#[cfg(any(test, feature = "pg_test"))]
mod buffer_tests;
pub mod captured;
pub mod columns;
pub mod context;
pub mod event;
pub mod holes;
pub mod lost_context;
pub mod metadata;
pub mod set_context;
mod size;
mod spill;
pub mod sql;
pub mod writer;
pub mod written;

pub use buffer::Link;
pub use captured::{append, append_gap, control, link, refuse_after_capture};
pub use written::{Written, append_about, append_written};
