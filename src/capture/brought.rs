//! What INSERTs brought as their versions.

use crate::capture::shape::Tracked;
use crate::capture::version::VersionStamp;
use crate::pg::tuple::RowValues;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// What INSERTs brought as their versions, by the stamps that replaced them: an upsert's UPDATE
    /// sees the stamp as `excluded`'s version, and means what was brought.
    static BROUGHT: RefCell<HashMap<VersionStamp, Option<VersionStamp>>> = RefCell::new(HashMap::new());
}

/// An INSERT brought `claimed`, and `stamp` replaces it.
pub fn remember(stamp: VersionStamp, claimed: Option<VersionStamp>) {
    BROUGHT.with_borrow_mut(|brought| brought.insert(stamp, claimed));
}

/// What an INSERT brought where `stamp` stands, for the UPDATE that it turned into.
pub fn take(stamp: VersionStamp) -> Option<Option<VersionStamp>> {
    BROUGHT.with_borrow_mut(|brought| brought.remove(&stamp))
}

/// A row is in the table: from now on its stamp can be read, and means itself.
#[allow(unsafe_code)]
pub fn forget(tracked: &Tracked, row: &RowValues) {
    let Some(version) = &tracked.version else { return };
    if let Some(datum) = row.get(version.index) {
        // SAFETY: the column has the type that `version` says.
        let stamp = unsafe { VersionStamp::read(version, datum) };
        BROUGHT.with_borrow_mut(|brought| brought.remove(&stamp));
    }
}

/// The transaction is over.
pub fn forget_all() {
    BROUGHT.with_borrow_mut(HashMap::clear);
}
