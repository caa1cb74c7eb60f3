//! Generated histories on a few nodes: whatever the order of delivery, one state and one set of
//! conflicts. The histories are made as real nodes would make them, with causal delivery between.

use concord_core::conflict::{ConflictType, conflicts};
use concord_core::event::{Change, RowEvent, Stamp, Touched, Vector};
use concord_core::fold::{fold, whole_image};
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Event = RowEvent<u8>;
const COLUMNS: [&str; 3] = ["title", "body", "slug"];

fn node(n: usize) -> Ulid {
    Ulid::from_bytes([n as u8 + 1; 16])
}

#[derive(Debug, Clone)]
enum Step {
    /// A node writes: which column to which value, or a delete.
    Write { at: usize, column: usize, value: u8, delete: bool, skip: i64, merge: bool },
    /// A node takes in what another has.
    Pull { to: usize, from: usize },
}

fn steps(nodes: usize) -> impl Strategy<Value = Vec<Step>> {
    let write = (0..nodes, 0..COLUMNS.len(), 0..4u8, any::<bool>(), 0..3i64, any::<bool>())
        .prop_map(|(at, column, value, rare, skip, merge)| Step::Write {
            at,
            column,
            value,
            delete: rare && value == 0,
            skip,
            merge,
        });
    let pull = (0..nodes, 0..nodes).prop_map(|(to, from)| Step::Pull { to, from });
    proptest::collection::vec(prop_oneof![2 => write, 1 => pull], 1..40)
}

/// A node of the model: its log, its vector, its clock.
#[derive(Default, Clone)]
struct Node {
    log: Vec<Event>,
    seen: Vector,
    clock: i64,
}

/// Plays a history; returns all events.
fn play(nodes: usize, steps: &[Step]) -> Vec<Event> {
    let mut world = vec![Node::default(); nodes];
    let mut all = Vec::new();
    for step in steps {
        match step {
            Step::Write { at, column, value, delete, skip, merge } => {
                if let Some(event) =
                    write(&mut world[*at], *at, (*column, *value), *delete, *skip, *merge)
                {
                    all.push(event);
                }
            }
            Step::Pull { to, from } if to != from => {
                let source = world[*from].clone();
                let target = &mut world[*to];
                for event in source.log {
                    if target.seen.of(event.stamp.origin) < event.stamp.sequence {
                        target.seen.raise(event.stamp.origin, event.stamp.sequence);
                        target.clock = target.clock.max(event.stamp.hlc.as_i64());
                        target.log.push(event);
                    }
                }
            }
            Step::Pull { .. } => {}
        }
    }
    all
}

fn write(
    at: &mut Node,
    number: usize,
    (column, value): (usize, u8),
    delete: bool,
    skip: i64,
    merge: bool,
) -> Option<Event> {
    let shown: Option<BTreeMap<String, u8>> =
        fold(&at.log).map(|row| row.into_iter().map(|(c, (v, _))| (c.to_owned(), *v)).collect());
    let origin = node(number);
    let (change, touched, image) = match (shown, delete) {
        (None, true) => return None,
        (Some(_), true) => (Change::Delete, Touched::All, BTreeMap::new()),
        (None, false) => {
            let image = COLUMNS.iter().map(|c| ((*c).to_owned(), value)).collect();
            (Change::Insert, Touched::All, image)
        }
        (Some(mut image), false) => {
            if image.insert(COLUMNS[column].to_owned(), value) == Some(value) {
                return None;
            }
            let touched = match merge {
                true => Touched::Columns(BTreeSet::from([COLUMNS[column].to_owned()])),
                false => Touched::All,
            };
            (Change::Update, touched, image)
        }
    };
    at.clock += 1 + skip;
    let observed = at.seen.clone();
    let sequence = at.seen.of(origin) + 1;
    at.seen.raise(origin, sequence);
    let stamp = Stamp { hlc: Hlc::try_from(at.clock).unwrap(), origin, sequence };
    let event = Event {
        stamp,
        change,
        touched,
        image,
        silent: BTreeSet::new(),
        observed,
        unseen: Vector::default(),
    };
    at.log.push(event.clone());
    // What was written locally is what is shown.
    let expected = (change != Change::Delete).then(|| event.image.clone());
    let now = fold(&at.log).map(|row| {
        row.into_iter().map(|(c, (v, _))| (c.to_owned(), *v)).collect::<BTreeMap<_, _>>()
    });
    assert_eq!(now, expected, "a local write did not stand");
    Some(event)
}

/// The rule as the specification's model states it, event by event as they enter.
fn conflicts_by_arrival(order: &[Event]) -> BTreeSet<[Stamp; 2]> {
    let mut found = BTreeSet::new();
    let mut log: Vec<&Event> = Vec::new();
    for e in order {
        let origins: BTreeSet<Ulid> =
            log.iter().map(|x| x.stamp.origin).filter(|o| *o != e.stamp.origin).collect();
        for p in origins {
            let unseen: Vec<&&Event> = log
                .iter()
                .filter(|x| x.stamp.origin == p && x.stamp.sequence > e.observed.of(p))
                .collect();
            let Some(first) = unseen.iter().map(|x| x.stamp).min_by_key(|s| s.sequence) else {
                continue;
            };
            for x in &unseen {
                let other = log
                    .iter()
                    .copied()
                    .chain([e])
                    .map(|y| y.stamp)
                    .filter(|y| y.origin == e.stamp.origin && y.sequence > x.observed.of(y.origin))
                    .min_by_key(|s| s.sequence)
                    .unwrap();
                let mut pair = [first, other];
                pair.sort_by_key(|stamp| stamp.origin);
                found.insert(pair);
            }
        }
        log.push(e);
    }
    found
}

/// A causal order of delivery, driven by `choices`.
fn deliver(events: &[Event], choices: &[usize]) -> Vec<Event> {
    let mut left = events.to_vec();
    let mut seen = Vector::default();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len())
            .filter(|&i| {
                let e = &left[i];
                seen.of(e.stamp.origin) == e.stamp.sequence - 1
                    && e.observed.iter().all(|(n, s)| n == e.stamp.origin || seen.of(n) >= s)
            })
            .collect();
        let pick = choices.get(order.len()).copied().unwrap_or(0) % ready.len();
        let event = left.remove(ready[pick]);
        seen.raise(event.stamp.origin, event.stamp.sequence);
        order.push(event);
    }
    order
}

fn history() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (2..5usize).prop_flat_map(|nodes| (Just(nodes), steps(nodes)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_order_and_any_duplicate_give_one_state(
        (nodes, steps) in history(),
        shuffle in any::<prop::sample::Index>(),
        duplicated in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let events = play(nodes, &steps);
        let expected = fold(&events);
        let found = conflicts(&events);
        let mut other = events.clone();
        if !other.is_empty() {
            for index in duplicated {
                other.push(other[index.index(other.len())].clone());
            }
            let middle = shuffle.index(other.len());
            other.rotate_left(middle);
            other.reverse();
        }
        prop_assert_eq!(fold(&other), expected);
        prop_assert_eq!(conflicts(&other), found);
        prop_assert_eq!(whole_image(&other), whole_image(&events));
    }

    #[test]
    fn the_rule_is_the_models(
        (nodes, steps) in history(),
        choices in proptest::collection::vec(0..8usize, 40),
    ) {
        let events = play(nodes, &steps);
        let order = deliver(&events, &choices);
        let all: BTreeSet<[Stamp; 2]> = conflicts_by_arrival(&order);
        // The model knows no values: its pairs are those of branches, differing or not.
        for conflict in conflicts(&events) {
            prop_assert!(all.contains(&conflict.beginnings));
            prop_assert!(conflict.local > conflict.remote);
        }
        prop_assert_eq!(all, conflicts_by_arrival(&deliver(&events, &[])));
    }

    #[test]
    fn a_write_that_saw_all_makes_no_conflict((nodes, steps) in history()) {
        let events = play(nodes, &steps);
        let before = conflicts(&events);
        let Some(shown) = fold(&events) else { return Ok(()) };
        let image = shown.into_iter().map(|(c, (v, _))| (c.to_owned(), v.wrapping_add(1))).collect();
        let observed: Vector = events.iter().map(|e| (e.stamp.origin, e.stamp.sequence)).collect();
        let greatest = events.iter().map(|e| e.stamp.hlc.as_i64()).max().unwrap_or(0);
        let stamp = Stamp {
            hlc: Hlc::try_from(greatest + 1).unwrap(),
            origin: node(0),
            sequence: observed.of(node(0)) + 1,
        };
        let last = Event {
            stamp,
            change: Change::Update,
            touched: Touched::All,
            image,
            silent: BTreeSet::new(),
            observed,
            unseen: Vector::default(),
        };
        let mut events = events;
        events.push(last);
        prop_assert_eq!(conflicts(&events), before);
    }
}

fn event(hlc: i64, n: usize, change: Change, values: [u8; 3], touched: &[&str]) -> Event {
    Event {
        stamp: Stamp { hlc: Hlc::try_from(hlc).unwrap(), origin: node(n), sequence: 2 },
        change,
        touched: match touched {
            [] => Touched::All,
            columns => Touched::Columns(columns.iter().map(|c| (*c).to_owned()).collect()),
        },
        image: match change {
            Change::Delete => BTreeMap::new(),
            _ => COLUMNS.iter().map(|c| (*c).to_owned()).zip(values).collect(),
        },
        silent: BTreeSet::from(["slug".to_owned()]),
        observed: [(node(9), 1)].into_iter().collect(),
        unseen: Vector::default(),
    }
}

#[test]
fn kinds_follow_what_stands() {
    use Change::{Delete, Insert, Update};
    use ConflictType::*;
    for (greater, lesser, kind) in [
        (Insert, Insert, InsertExists),
        (Update, Update, UpdateOriginDiffers),
        (Delete, Update, UpdateDeleted),
        (Update, Delete, DeleteOriginDiffers),
    ] {
        let events =
            [event(200, 0, greater, [1, 1, 1], &[]), event(150, 1, lesser, [2, 2, 2], &[])];
        let found = conflicts(&events);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, kind);
        assert_eq!(found[0].local.origin, node(0));
    }
    assert!(
        conflicts(&[event(1, 0, Delete, [0; 3], &[]), event(2, 1, Delete, [0; 3], &[])]).is_empty()
    );
}

#[test]
fn disjoint_merges_and_silent_columns_make_none() {
    let update = Change::Update;
    let disjoint =
        [event(1, 0, update, [1, 0, 0], &["title"]), event(2, 1, update, [0, 1, 0], &["body"])];
    assert!(conflicts(&disjoint).is_empty());
    assert_eq!(fold(&disjoint).unwrap()["title"].0, &1);
    assert_eq!(fold(&disjoint).unwrap()["body"].0, &1);
    let silent = [event(1, 0, update, [5, 5, 1], &[]), event(2, 1, update, [5, 5, 2], &[])];
    assert!(conflicts(&silent).is_empty());
}

#[test]
fn the_same_clock_on_two_nodes_is_decided_by_the_node() {
    let same = [event(7, 0, Change::Insert, [1; 3], &[]), event(7, 1, Change::Insert, [2; 3], &[])];
    assert_eq!(fold(&same).unwrap()["title"].0, &2);
}

#[test]
fn a_write_in_knowledge_of_another_overrules_a_later_clock() {
    let ahead = event(900, 0, Change::Update, [1; 3], &[]);
    let mut behind = event(5, 1, Change::Update, [2; 3], &["title"]);
    behind.observed = [(node(0), 2)].into_iter().collect();
    let row = [ahead.clone(), behind.clone()];
    let shown = fold(&row).unwrap();
    assert_eq!((shown["title"].0, shown["body"].0), (&2, &1));
    let gone = event(6, 2, Change::Delete, [0; 3], &[]);
    assert!(fold(&[ahead.clone(), gone.clone()]).is_some());
    let knowing = Event { observed: behind.observed.clone(), ..gone };
    assert!(fold(&[ahead, knowing]).is_none());
}

#[test]
fn what_was_not_shown_was_not_seen() {
    let first = event(5, 0, Change::Update, [1; 3], &[]);
    let mut second = event(9, 1, Change::Update, [2; 3], &[]);
    second.observed = [(node(0), 2)].into_iter().collect();
    assert!(conflicts(&[first.clone(), second.clone()]).is_empty());
    second.unseen = [(node(0), 2)].into_iter().collect();
    assert_eq!(conflicts(&[first.clone(), second.clone()]).len(), 1);
    second.unseen = [(node(0), 3)].into_iter().collect();
    assert!(conflicts(&[first, second]).is_empty());
}

#[test]
fn columns_older_than_the_log_come_from_the_images() {
    let first = event(5, 0, Change::Update, [1, 7, 7], &["title"]);
    let second = event(9, 1, Change::Update, [0, 8, 7], &["body"]);
    let row = [first, second];
    let shown = fold(&row).unwrap();
    assert_eq!((shown["title"].0, shown["body"].0, shown["slug"].0), (&1, &8, &7));
}
