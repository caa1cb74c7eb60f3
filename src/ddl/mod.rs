//! What happens to tracked tables behind the triggers' backs: an event trigger compares what there
//! is with what there was, and puts the difference into the log.

mod registry;
mod watch;
pub mod windows;

pub use registry::adopt;
pub use watch::{Quiet, note_untracked};
