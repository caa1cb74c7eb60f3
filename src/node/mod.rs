//! The background: a launcher that is connected to no database, and short-lived workers that it
//! sends into the databases with concord to run a tick. Being connected only for moments, they do not
//! stand in the way of DROP DATABASE or of copying a database.

mod facts;
mod functions;
pub mod heartbeat;
pub mod key_space;
mod launcher;
mod reset;
pub mod tick;

pub use launcher::register;
