//! Thin, safe-faced access to PostgreSQL's internals. What differs between versions is in [`compat`].

pub mod attempt;
pub mod backend;
pub mod catalog;
pub mod compat;
pub mod externs;
pub mod function;
pub mod generated;
pub mod layout;
pub mod memory;
pub mod owner;
pub mod printing;
pub mod query;
#[cfg(any(test, feature = "pg_test"))]
mod query_tests;
mod raised;
pub mod relation;
pub mod scan;
pub mod shmem;
pub mod transaction;
pub mod trigger;
pub mod tuple;
pub mod varlena;
