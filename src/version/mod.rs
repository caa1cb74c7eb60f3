//! The version column: optimistic locking, and what becomes of writes that lost.

pub mod conflicts;
mod stamp;
mod trigger;

pub use stamp::fresh;
