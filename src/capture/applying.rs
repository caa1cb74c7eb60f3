//! While a backend applies other nodes' events, nothing that changes is captured or stamped.

use std::cell::Cell;

thread_local! {
    static APPLYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the rows that change now are other nodes' doing: nothing is captured or stamped.
pub fn applying() -> bool {
    APPLYING.get()
}

/// While it lives, this backend applies.
pub struct Applying {
    before: bool,
}

impl Applying {
    /// From here on.
    pub fn begin() -> Applying {
        Applying { before: APPLYING.replace(true) }
    }
}

impl Drop for Applying {
    fn drop(&mut self) {
        APPLYING.set(self.before);
    }
}
