//! What has come from other nodes and waits to enter the log.

pub mod group;
pub mod intake;
pub mod news;
pub mod sound;
pub mod waiting;
