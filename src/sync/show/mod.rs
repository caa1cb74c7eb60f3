//! Writes into the tables what their records are to show.

pub mod group_rows;
pub mod revive;
pub mod work;
