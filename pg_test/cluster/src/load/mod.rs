//! Load: many connections that write, roll back and fail, and know what they did.

mod held;
mod reader;
mod schema;
mod steps;
mod writer;

pub use held::Held;
pub use reader::{Reader, Seen};
pub use schema::create;
pub use steps::Mix;
pub use writer::{Attempt, Fate, Load};
