//! What a row shall show, and what stands in its way.

pub mod case;
pub mod decision;
pub mod obstacle;
pub mod outcome;
pub mod pending;
