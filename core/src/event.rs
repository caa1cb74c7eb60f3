//! A row's events as the fold and the conflict rule see them: whatever form values have.

use crate::hlc::Hlc;
use crate::ulid::Ulid;
use std::collections::{BTreeMap, BTreeSet};

/// The total order of events: HLC, then origin, then number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The event's HLC.
    pub hlc: Hlc,
    /// The node that it comes from.
    pub origin: Ulid,
    /// Its number there.
    pub sequence: i64,
}

/// What a node has seen: per node, the highest number up to which it has all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vector(BTreeMap<Ulid, i64>);

impl Vector {
    /// The highest number seen of a node; 0 for one never heard of.
    pub fn of(&self, node: Ulid) -> i64 {
        self.0.get(&node).copied().unwrap_or(0)
    }

    /// Notes that a node was seen up to a number.
    pub fn raise(&mut self, node: Ulid, sequence: i64) {
        let seen = self.0.entry(node).or_insert(0);
        *seen = sequence.max(*seen);
    }

    /// Nodes and numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Ulid, i64)> {
        self.0.iter().map(|(node, sequence)| (*node, *sequence))
    }
}

impl FromIterator<(Ulid, i64)> for Vector {
    fn from_iter<I: IntoIterator<Item = (Ulid, i64)>>(entries: I) -> Self {
        let mut vector = Vector::default();
        entries.into_iter().for_each(|(node, sequence)| vector.raise(node, sequence));
        vector
    }
}

/// Which columns an event decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// All of them.
    All,
    /// These.
    Columns(BTreeSet<String>),
}

impl Touched {
    /// Whether the event decides this column.
    pub fn includes(&self, column: &str) -> bool {
        match self {
            Touched::All => true,
            Touched::Columns(columns) => columns.contains(column),
        }
    }
}

/// What an event makes of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The row came.
    Insert,
    /// The row changed.
    Update,
    /// The row went, by DELETE or TRUNCATE.
    Delete,
}

/// One event of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowEvent<V> {
    /// Its place in the order of events.
    pub stamp: Stamp,
    /// What it makes of the row.
    pub change: Change,
    /// The columns that it decides; of a DELETE none count.
    pub touched: Touched,
    /// The image after it; empty for a DELETE.
    pub image: BTreeMap<String, V>,
    /// Columns in which a difference is no conflict: versions, modification times.
    pub silent: BTreeSet<String>,
    /// What its node had seen of others when it was written.
    pub observed: Vector,
    /// Of that, per node the first number whose effect on this row the writer could not see.
    pub unseen: Vector,
}

impl<V> RowEvent<V> {
    /// Whether the event was written in knowledge of another one: its node had taken it in, and the
    /// row showed it. Earlier ones of its own node it always knows.
    pub fn saw(&self, other: &Stamp) -> bool {
        if self.stamp.origin == other.origin {
            return other.sequence < self.stamp.sequence;
        }
        let first_unseen = self.unseen.of(other.origin);
        self.observed.of(other.origin) >= other.sequence
            && (first_unseen == 0 || other.sequence < first_unseen)
    }

    /// Whether the event decides a column's value.
    pub fn decides(&self, column: &str) -> bool {
        self.change != Change::Delete
            && self.touched.includes(column)
            && self.image.contains_key(column)
    }

    /// The columns that the event decides, with their values.
    pub fn decided(&self) -> impl Iterator<Item = (&String, &V)> {
        let deletes = self.change == Change::Delete;
        self.image.iter().filter(move |(column, _)| !deletes && self.touched.includes(column))
    }
}
