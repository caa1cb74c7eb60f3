//! What INSERTs brought as their versions.
//!
//! A row that meets another becomes that one's UPDATE, or nothing, before the statement takes its next row. So of each
//! statement only the last row can still be asked about, and what is remembered does not grow with the rows.

use crate::capture::shape::Tracked;
use crate::capture::version::VersionStamp;
use crate::pg::tuple::RowValues;
use std::cell::RefCell;
use std::collections::VecDeque;

/// More than statements can be nested, and tables be written by each.
const MOST: usize = 1_000;

/// The last row that a statement inserts into a relation.
struct Brought {
    /// The statement and the relation, as `Call::place` tells them.
    place: usize,
    /// The version that it got.
    stamp: VersionStamp,
    /// The version that it came with.
    claimed: Option<VersionStamp>,
}

thread_local! {
    /// By age, the youngest last. An upsert's UPDATE sees the stamp as `excluded`'s version, and means what was
    /// brought.
    static BROUGHT: RefCell<VecDeque<Brought>> = const { RefCell::new(VecDeque::new()) };
}

/// An INSERT brought `claimed`, and `stamp` replaces it.
pub fn remember(place: usize, stamp: VersionStamp, claimed: Option<VersionStamp>) {
    BROUGHT.with_borrow_mut(|all| {
        if let Some(earlier) = all.iter().rposition(|brought| brought.place == place) {
            all.remove(earlier);
        }
        if all.len() == MOST {
            all.pop_front();
        }
        all.push_back(Brought { place, stamp, claimed });
    });
}

/// What an INSERT brought where `stamp` stands, for the UPDATE that it turned into.
pub fn take(stamp: VersionStamp) -> Option<Option<VersionStamp>> {
    BROUGHT.with_borrow_mut(|all| {
        let found = all.iter().rposition(|brought| brought.stamp == stamp)?;
        all.remove(found).map(|brought| brought.claimed)
    })
}

/// A row is in the table: from now on its stamp can be read, and means itself.
#[allow(unsafe_code)]
pub fn forget(tracked: &Tracked, row: &RowValues) {
    let Some(version) = &tracked.version else { return };
    if let Some(datum) = row.get(version.index) {
        // SAFETY: the column has the type that `version` says.
        let stamp = unsafe { VersionStamp::read(version, datum) };
        let _ = take(stamp);
    }
}

/// The transaction is over.
pub fn forget_all() {
    BROUGHT.with_borrow_mut(VecDeque::clear);
}
