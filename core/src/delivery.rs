//! The delivery rule: which received groups may enter the log now, and what the others wait for.
//!
//! A group enters when it is complete, every earlier number of its origin is in, so are everything
//! that its writer had observed and every event it depends on, and its clock is not ahead.

use crate::event::Vector;
use crate::hlc::Hlc;
use crate::ulid::Ulid;
use crate::word::Word;
use std::collections::{BTreeMap, BTreeSet};

/// A received group, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The origin.
    pub origin: Ulid,
    /// The first number.
    pub first: i64,
    /// How many events it has.
    pub size: i64,
    /// How many of them are here.
    pub here: i64,
    /// Its HLC.
    pub hlc: Hlc,
    /// What its writer had seen; known once its first event is here.
    pub observed: Option<Vector>,
    /// Events that must be in the log first, but for those of the group itself.
    pub depends_on: BTreeSet<Ulid>,
}

/// Why an event waits, as `received.reason` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceivedReason {
    /// It has not been looked at.
    Arriving,
    /// Some events of its group are missing, or were when it came.
    IncompleteGroup,
    /// An earlier number of its origin is missing.
    MissingPredecessor,
    /// Something that its writer had seen, or that it depends on, is missing.
    MissingDependency,
    /// Its HLC is too far ahead of the wall clock.
    FutureHlc,
    /// Another event has the same number.
    ForkedOrigin,
    /// Somebody kept a row locked.
    RowLocked,
    /// It could not be applied.
    Error,
}

impl Word for ReceivedReason {
    const NAME: &'static str = "reason";
    const WORDS: &'static [(Self, &'static str)] = &[
        (ReceivedReason::Arriving, "arriving"),
        (ReceivedReason::IncompleteGroup, "incomplete_group"),
        (ReceivedReason::MissingPredecessor, "missing_predecessor"),
        (ReceivedReason::MissingDependency, "missing_dependency"),
        (ReceivedReason::FutureHlc, "future_hlc"),
        (ReceivedReason::ForkedOrigin, "forked_origin"),
        (ReceivedReason::RowLocked, "row_locked"),
        (ReceivedReason::Error, "error"),
    ];
}

/// What a group waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Some of its events are missing.
    IncompleteGroup {
        /// How many are here.
        here: i64,
    },
    /// An earlier number of its origin is missing.
    MissingPredecessor {
        /// The first that is.
        sequence: i64,
    },
    /// Something that its writer had seen is missing.
    Unseen {
        /// The node that it comes from.
        node: Ulid,
        /// Up to this number.
        sequence: i64,
    },
    /// An event that it depends on is missing.
    MissingDependency {
        /// That event.
        event: Ulid,
    },
    /// Its HLC is too far ahead of the wall clock.
    FutureHlc,
}

impl Waiting {
    /// As `received.reason` tells it.
    pub fn reason(&self) -> ReceivedReason {
        match self {
            Waiting::IncompleteGroup { .. } => ReceivedReason::IncompleteGroup,
            Waiting::MissingPredecessor { .. } => ReceivedReason::MissingPredecessor,
            Waiting::Unseen { .. } | Waiting::MissingDependency { .. } => {
                ReceivedReason::MissingDependency
            }
            Waiting::FutureHlc => ReceivedReason::FutureHlc,
        }
    }

    /// As `received.detail` shows it.
    pub fn detail(&self, group: &Group) -> String {
        match self {
            Waiting::IncompleteGroup { here } => {
                format!("{here} of {} events are here", group.size)
            }
            Waiting::MissingPredecessor { sequence } => {
                format!("waits for number {sequence} of node {}", group.origin)
            }
            Waiting::Unseen { node, sequence } => {
                format!("waits for number {sequence} of node {node}")
            }
            Waiting::MissingDependency { event } => format!("waits for event {event}"),
            Waiting::FutureHlc => format!("its clock stands at {}", group.hlc),
        }
    }
}

/// What `group` waits for at a node that has seen `seen`; `None` when it may enter.
pub fn waits_for(
    group: &Group,
    seen: &Vector,
    bound: Hlc,
    known: impl Fn(Ulid) -> bool,
) -> Option<Waiting> {
    let next = seen.of(group.origin) + 1;
    if group.first > next {
        return Some(Waiting::MissingPredecessor { sequence: next });
    }
    if group.here < group.size {
        return Some(Waiting::IncompleteGroup { here: group.here });
    }
    let unseen = group
        .observed
        .iter()
        .flat_map(Vector::iter)
        .find(|(node, sequence)| *node != group.origin && seen.of(*node) < *sequence);
    if let Some((node, sequence)) = unseen {
        return Some(Waiting::Unseen { node, sequence });
    }
    if let Some(event) = group.depends_on.iter().find(|event| !known(**event)) {
        return Some(Waiting::MissingDependency { event: *event });
    }
    (group.hlc > bound).then_some(Waiting::FutureHlc)
}

/// Groups that wait, per origin in the order of their numbers.
#[derive(Debug, Default)]
pub struct Waitlist {
    groups: BTreeMap<Ulid, BTreeMap<i64, Group>>,
}

impl Waitlist {
    /// Adds a group.
    pub fn add(&mut self, group: Group) {
        self.groups.entry(group.origin).or_default().insert(group.first, group);
    }

    /// Takes out a group that may enter.
    pub fn take_ready(
        &mut self,
        seen: &Vector,
        bound: Hlc,
        known: impl Fn(Ulid) -> bool,
    ) -> Option<Group> {
        let (origin, first) = self.groups.values().find_map(|groups| {
            let group = groups.values().next()?;
            waits_for(group, seen, bound, &known).is_none().then_some((group.origin, group.first))
        })?;
        self.groups.get_mut(&origin)?.remove(&first)
    }

    /// The groups that are left.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values().flat_map(BTreeMap::values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(n: u8) -> Ulid {
        Ulid::from_bytes([n; 16])
    }

    fn group(n: u8, first: i64) -> Group {
        Group {
            origin: node(n),
            first,
            size: 2,
            here: 2,
            hlc: Hlc::try_from(100).unwrap(),
            observed: Some(Vector::default()),
            depends_on: BTreeSet::new(),
        }
    }

    fn bound() -> Hlc {
        Hlc::try_from(100).unwrap()
    }

    #[test]
    fn each_reason() {
        let seen: Vector = [(node(1), 4)].into_iter().collect();
        let ask = |group: &Group| waits_for(group, &seen, bound(), |_| false);
        assert_eq!(ask(&group(1, 5)), None);
        assert_eq!(ask(&group(1, 7)), Some(Waiting::MissingPredecessor { sequence: 5 }));
        let incomplete = Group { here: 1, ..group(1, 5) };
        assert_eq!(ask(&incomplete), Some(Waiting::IncompleteGroup { here: 1 }));
        let unseen = Group { observed: Some([(node(2), 3)].into_iter().collect()), ..group(1, 5) };
        assert_eq!(ask(&unseen), Some(Waiting::Unseen { node: node(2), sequence: 3 }));
        let depends = Group { depends_on: BTreeSet::from([node(9)]), ..group(1, 5) };
        assert_eq!(ask(&depends), Some(Waiting::MissingDependency { event: node(9) }));
        let future = Group { hlc: Hlc::try_from(101).unwrap(), ..group(1, 5) };
        assert_eq!(ask(&future), Some(Waiting::FutureHlc));
        assert_eq!(ask(&future).unwrap().reason(), ReceivedReason::FutureHlc);
    }

    #[test]
    fn what_waits_for_each_other_enters_in_causal_order() {
        let mut seen = Vector::default();
        let mut list = Waitlist::default();
        list.add(Group { observed: Some([(node(2), 2)].into_iter().collect()), ..group(1, 1) });
        list.add(group(2, 1));
        list.add(group(3, 3));
        let mut order = Vec::new();
        while let Some(group) = list.take_ready(&seen, bound(), |_| true) {
            seen.raise(group.origin, group.first + group.size - 1);
            order.push(group.origin);
        }
        assert_eq!(order, [node(2), node(1)]);
        assert_eq!(list.iter().count(), 1);
    }
}
