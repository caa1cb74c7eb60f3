//! From a changed row to an event in the transaction's buffer.

pub mod applying;
pub mod brought;
pub mod column;
pub mod current;
pub mod image;
pub mod key;
pub mod key_sql;
pub mod memory;
pub mod moves;
pub mod relation;
mod settings;
pub mod shape;
mod trigger;
mod truncate;
pub mod unchanged;
pub mod version;

pub use relation::register;
pub use settings::Neutral;
