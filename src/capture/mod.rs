//! From a changed row to an event in the transaction's buffer.

mod column;
pub mod current;
pub mod image;
mod key;
pub mod memory;
pub mod moves;
pub mod relation;
mod settings;
pub mod shape;
mod trigger;
mod truncate;
pub mod unchanged;

pub use relation::register;
pub use settings::Neutral;
