//! Events from other nodes: received, taken into the log when causality allows, and shown by the
//! tables as the fold of what the log holds.

pub mod apply;
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
#[cfg(any(test, feature = "pg_test"))]
mod words_tests;

pub use decide::pending::{Unshown, unshown};

pub use retry::retry_waiting;
pub use stream::register;

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
