//! The conflict rule: which events of a row were written without knowledge of each other and differ.
//!
//! Events x of node P and y of node Q are concurrent when neither writer had taken in the other.
//! From there on the row has two branches; all concurrent pairs with the same two beginnings are one
//! conflict. It is a function of the set of events alone, so every order of delivery gives the same.

use crate::event::{Change, RowEvent, Stamp};
use crate::fnv;
use crate::names::TableName;
use crate::ulid::Ulid;
use crate::word::Word;
use std::collections::BTreeMap;

/// What happened; the names of what PostgreSQL knows are its own (its
/// `src/include/replication/conflict.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ConflictType {
    /// Both nodes inserted the record.
    InsertExists,
    /// Both changed it.
    #[default]
    UpdateOriginDiffers,
    /// One changed what the other deleted, and the delete stands.
    UpdateDeleted,
    /// One deleted what the other changed, and the change stands.
    DeleteOriginDiffers,
    /// Two records claim one unique value.
    UniqueKey,
    /// A child's parent was deleted.
    ForeignKey,
    /// The pointers of a tree contradict each other.
    Tree,
    /// A write was made from a version that no longer stood.
    StaleWrite,
}

impl Word for ConflictType {
    const NAME: &'static str = "conflict_type";
    const WORDS: &'static [(Self, &'static str)] = &[
        (ConflictType::InsertExists, "insert_exists"),
        (ConflictType::UpdateOriginDiffers, "update_origin_differs"),
        (ConflictType::UpdateDeleted, "update_deleted"),
        (ConflictType::DeleteOriginDiffers, "delete_origin_differs"),
        (ConflictType::UniqueKey, "unique_key"),
        (ConflictType::ForeignKey, "foreign_key"),
        (ConflictType::Tree, "tree"),
        (ConflictType::StaleWrite, "stale_write"),
    ];
}

impl ConflictType {
    /// Whether such a conflict is open while two records collide, and closed while they do not.
    pub fn follows_a_state(self) -> bool {
        matches!(self, ConflictType::UniqueKey | ConflictType::ForeignKey)
    }
}

/// Two branches of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The first event of each branch, the lesser node's first: they name the conflict.
    pub beginnings: [Stamp; 2],
    /// The greater of the branches' last events: it stands.
    pub local: Stamp,
    /// The lesser.
    pub remote: Stamp,
    /// What happened.
    pub kind: ConflictType,
}

impl Conflict {
    /// An id that is the same on every node: the later beginning's time, then a hash of the record
    /// and the two beginnings.
    pub fn id(&self, table: &TableName, record_id: &str) -> Ulid {
        let [x, y] = &self.beginnings;
        let [(p, m), (q, n)] = [x, y].map(|b| (b.origin.to_bytes(), b.sequence.to_be_bytes()));
        let names = [&*table.schema, &table.name, record_id].map(str::as_bytes);
        Ulid::from_hlc(x.hlc.max(y.hlc), fnv::hash(names.into_iter().chain([&p[..], &m, &q, &n])))
    }
}

/// All conflicts of a row, by the first events of their branches.
pub fn conflicts<V: PartialEq>(events: &[RowEvent<V>]) -> Vec<Conflict> {
    let mut branches: BTreeMap<[Stamp; 2], Branches<'_, V>> = BTreeMap::new();
    for (i, x) in events.iter().enumerate() {
        for y in &events[i + 1..] {
            if concurrent(x, y) {
                let (x, y) = if x.stamp.origin < y.stamp.origin { (x, y) } else { (y, x) };
                let beginnings = [first_unseen(events, x, y), first_unseen(events, y, x)];
                branches.entry(beginnings).or_insert_with(|| Branches::new(x, y)).add(x, y);
            }
        }
    }
    branches
        .into_iter()
        .filter(|(_, branches)| branches.differ)
        .map(|(beginnings, branches)| branches.conflict(beginnings))
        .collect()
}

fn concurrent<V>(x: &RowEvent<V>, y: &RowEvent<V>) -> bool {
    x.stamp.origin != y.stamp.origin && !x.saw(&y.stamp) && !y.saw(&x.stamp)
}

/// The first event of `x`'s node on the row that `y` had not seen.
fn first_unseen<V>(events: &[RowEvent<V>], x: &RowEvent<V>, y: &RowEvent<V>) -> Stamp {
    events
        .iter()
        .map(|event| event.stamp)
        .filter(|stamp| stamp.origin == x.stamp.origin && !y.saw(stamp))
        .min_by_key(|stamp| stamp.sequence)
        .unwrap_or(x.stamp)
}

/// The last event of each of two branches, and whether any two of their events differ.
struct Branches<'a, V> {
    last: [&'a RowEvent<V>; 2],
    differ: bool,
}

impl<'a, V: PartialEq> Branches<'a, V> {
    fn new(x: &'a RowEvent<V>, y: &'a RowEvent<V>) -> Self {
        Branches { last: [x, y], differ: false }
    }

    fn add(&mut self, x: &'a RowEvent<V>, y: &'a RowEvent<V>) {
        self.differ |= differ(x, y);
        for (last, event) in self.last.iter_mut().zip([x, y]) {
            if event.stamp > last.stamp {
                *last = event;
            }
        }
    }

    fn conflict(&self, beginnings: [Stamp; 2]) -> Conflict {
        let [x, y] = self.last;
        let (local, remote) = if x.stamp > y.stamp { (x, y) } else { (y, x) };
        let kind = match (local.change, remote.change) {
            (Change::Insert, Change::Insert) => ConflictType::InsertExists,
            (Change::Delete, _) => ConflictType::UpdateDeleted,
            (_, Change::Delete) => ConflictType::DeleteOriginDiffers,
            _ => ConflictType::UpdateOriginDiffers,
        };
        Conflict { beginnings, local: local.stamp, remote: remote.stamp, kind }
    }
}

/// Whether something that both decide ends different: a column's value, or whether the row exists.
fn differ<V: PartialEq>(x: &RowEvent<V>, y: &RowEvent<V>) -> bool {
    match (x.change == Change::Delete, y.change == Change::Delete) {
        (true, true) => false,
        (true, false) | (false, true) => true,
        (false, false) => x.decided().any(|(column, value)| {
            let silent = x.silent.contains(column) || y.silent.contains(column);
            !silent && y.touched.includes(column) && y.image.get(column).is_some_and(|v| v != value)
        }),
    }
}
