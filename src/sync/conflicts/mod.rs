//! Which events of a record meet without knowing of each other, and what is noted of it.

pub mod concurrent;
pub mod resolved;
pub mod standing;
