//! What follows a transaction's rows into the log when it ends.

mod functions;
pub mod unfolded;
