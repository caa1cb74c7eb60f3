//! What happens to tracked tables behind the triggers' backs: an event trigger compares what there
//! is with what there was, and puts the difference into the log.

pub mod note;
mod registry;
mod watch;
pub mod windows;

pub use note::{Quiet, note_untracked};
pub use registry::adopt;
