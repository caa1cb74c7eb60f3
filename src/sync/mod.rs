//! Events from other nodes: received, taken into the log when causality allows, and shown by the
//! tables as the fold of what the log holds.

pub mod conflicts;
pub mod decide;
mod enter;
mod functions;
pub mod receive;
pub mod record;
mod resolve;
mod retry;
pub mod show;
mod stream;
pub mod table;

pub use decide::pending::{Unshown, unshown};
use std::cell::Cell;

pub use retry::retry_waiting;
pub use stream::register;

thread_local! {
    static APPLYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the rows that change now are other nodes' doing: nothing is captured or stamped.
pub fn applying() -> bool {
    APPLYING.get()
}

/// While it lives, this backend applies.
struct Applying {
    before: bool,
}

impl Applying {
    fn begin() -> Applying {
        Applying { before: APPLYING.replace(true) }
    }
}

impl Drop for Applying {
    fn drop(&mut self) {
        APPLYING.set(self.before);
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Events that entered the log.
    pub applied: i64,
    /// Events that were known.
    pub duplicate: i64,
    /// Events that wait.
    pub received: i64,
    /// Rows that cannot be shown.
    pub pending: i64,
    /// Conflicts recorded.
    pub conflicts: i64,
}

impl Counts {
    /// In the order of the functions' result columns.
    fn columns(self) -> [i64; 5] {
        [self.applied, self.duplicate, self.received, self.pending, self.conflicts]
    }
}
