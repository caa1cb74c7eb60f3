//! What happens to tracked tables behind the triggers' backs: an event trigger compares what there
//! is with what there was, and puts the difference into the log.

pub mod note;
pub mod options;
mod registry;
mod taken;
mod watch;
pub mod windows;

pub use note::Quiet;
pub use taken::{adopt, note_untracked};
pub use watch::check_drift;
