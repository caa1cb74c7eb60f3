//! The pure logic of concord. Nothing here knows PostgreSQL: time and randomness are passed in, so
//! plain `cargo test` covers all of it.

pub mod conflict;
pub mod context;
pub mod delivery;
pub mod event;
pub mod fnv;
pub mod fold;
pub mod hlc;
pub mod jsonb;
pub mod log_column;
pub mod names;
pub mod operation;
pub mod options;
pub mod report;
pub mod resolution;
pub mod sequence;
pub mod tree;
pub mod ulid;
pub mod wire;
pub mod word;
