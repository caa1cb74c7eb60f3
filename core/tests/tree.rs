//! The tree rule: what is found, and that it does not matter from where.

use concord_core::hlc::Hlc;
use concord_core::names::TableName;
use concord_core::tree::{Kind, Node, Pointer, Problem, Rows, problems};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// A table in memory.
#[derive(Debug, Clone, Default)]
struct Table {
    declared: BTreeSet<Pointer>,
    nodes: BTreeMap<String, Node>,
}

impl Table {
    fn new(declared: &[Pointer]) -> Table {
        Table { declared: declared.iter().copied().collect(), nodes: BTreeMap::new() }
    }

    /// Puts a row: key, then parent, first child, next, previous; 0 for none.
    fn put(&mut self, id: usize, to: [usize; 4]) {
        let mut node = Node { id: id.to_string(), to: Default::default(), leads: false };
        for pointer in &self.declared {
            let target = to[*pointer as usize];
            node.to[*pointer as usize] = (target != 0).then(|| target.to_string());
        }
        node.leads = self.declared.contains(&Pointer::Prev) && to[3] == 0;
        self.nodes.insert(node.id.clone(), node);
    }

    fn of(declared: &[Pointer], rows: &[(usize, [usize; 4])]) -> Table {
        let mut table = Table::new(declared);
        rows.iter().for_each(|(id, to)| table.put(*id, *to));
        table
    }

    /// The row as queries show it: but for the parent, pointers that lead nowhere are none.
    fn shown(&self, node: &Node) -> Node {
        let mut node = node.clone();
        for to in &mut node.to[1..] {
            *to = to.take().filter(|id| self.nodes.contains_key(id));
        }
        node
    }

    fn found_from<'a>(&mut self, seeds: impl IntoIterator<Item = &'a String>) -> BTreeSet<Problem> {
        let seeds: Vec<&str> = seeds.into_iter().map(String::as_str).collect();
        let declared = self.declared.clone();
        let Ok(found) = problems(&declared, &seeds, self);
        found
    }

    fn found(&mut self) -> BTreeSet<Problem> {
        let all: Vec<String> = self.nodes.keys().cloned().collect();
        self.found_from(&all)
    }
}

impl Rows for Table {
    type Error = Infallible;

    fn around(&mut self, ids: &[&str]) -> Result<Vec<Node>, Infallible> {
        let near = |node: &Node| {
            let points = |pointer: Pointer| {
                node.to[pointer as usize].as_deref().is_some_and(|to| ids.contains(&to))
            };
            ids.contains(&node.id.as_str())
                || [Pointer::FirstChild, Pointer::Next, Pointer::Prev].into_iter().any(points)
                || node.leads && points(Pointer::Parent)
        };
        Ok(self.nodes.values().filter(|node| near(node)).map(|node| self.shown(node)).collect())
    }

    fn along(
        &mut self,
        pointer: Pointer,
        ids: &[&str],
    ) -> Result<Vec<(String, Option<String>)>, Infallible> {
        let mut seen = BTreeMap::new();
        let mut ahead: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        while let Some(id) = ahead.pop() {
            let Some(node) = self.nodes.get(&id).filter(|node| !seen.contains_key(&node.id)) else {
                continue;
            };
            let to = self.shown(node).to[pointer as usize].clone();
            ahead.extend(to.clone());
            seen.insert(id, to);
        }
        Ok(seen.into_iter().collect())
    }
}

fn problem(kind: Kind, rows: &[usize], pointers: &[Pointer]) -> Problem {
    Problem {
        kind,
        rows: rows.iter().map(usize::to_string).collect(),
        pointers: pointers.iter().copied().collect(),
    }
}

use Pointer::{FirstChild, Next, Parent, Prev};

const ALL: &[Pointer] = &Pointer::ALL;

#[test]
fn a_tree_in_order_has_no_problem() {
    let rows = [(1, [0, 2, 0, 0]), (2, [1, 4, 3, 0]), (3, [1, 0, 0, 2]), (4, [2, 0, 0, 0])];
    for declared in [ALL, &[Parent], &[Parent, FirstChild], &[Parent, Next], &[Parent, Prev, Next]]
    {
        assert_eq!(Table::of(declared, &rows).found(), BTreeSet::new(), "{declared:?}");
    }
}

#[test]
fn two_moves_under_each_other_are_a_cycle() {
    let rows = [
        (1, [2, 0, 0, 0]),
        (2, [3, 0, 0, 0]),
        (3, [1, 0, 0, 0]),
        (4, [3, 0, 0, 0]),
        (9, [9, 0, 0, 0]),
    ];
    let mut table = Table::of(&[Parent], &rows);
    let cycle = problem(Kind::Cycle, &[1, 2, 3], &[Parent]);
    let own_parent = problem(Kind::Cycle, &[9], &[Parent]);
    assert_eq!(table.found(), BTreeSet::from([cycle.clone(), own_parent]));
    assert_eq!(table.found_from(&["4".to_owned()]), BTreeSet::from([cycle]));
}

#[test]
fn two_insertions_after_one_sibling() {
    // 10 - 11 were siblings; 12 and 13 were both put between them, and 13 won.
    let rows = [
        (1, [0, 10, 0, 0]),
        (10, [1, 0, 13, 0]),
        (11, [1, 0, 0, 13]),
        (12, [1, 0, 11, 10]),
        (13, [1, 0, 11, 10]),
    ];
    let both = problem(Kind::Siblings, &[10, 11, 12, 13], &[Next, Prev]);
    assert_eq!(Table::of(ALL, &rows).found(), BTreeSet::from([both]));
    let next = problem(Kind::Siblings, &[11, 12, 13], &[Next]);
    assert_eq!(Table::of(&[Parent, Next], &rows).found(), BTreeSet::from([next]));
    let prev = problem(Kind::Siblings, &[10, 12, 13], &[Prev]);
    assert_eq!(Table::of(&[Parent, Prev], &rows).found(), BTreeSet::from([prev]));
    assert_eq!(Table::of(&[Parent, FirstChild], &rows).found(), BTreeSet::new());
}

#[test]
fn two_first_children_of_one_parent() {
    let rows = [(1, [0, 3, 0, 0]), (2, [1, 0, 0, 0]), (3, [1, 0, 0, 0])];
    let lost = problem(Kind::Siblings, &[1, 2], &[FirstChild]);
    assert_eq!(Table::of(ALL, &rows).found(), BTreeSet::from([lost]));
    assert_eq!(Table::of(&[Parent, FirstChild, Next], &rows).found(), BTreeSet::new());
}

#[test]
fn what_contradicts_a_first_child() {
    let elsewhere = [(1, [0, 3, 0, 0]), (2, [0, 3, 0, 0]), (3, [2, 0, 0, 0])];
    let wrong = problem(Kind::Siblings, &[1, 2, 3], &[FirstChild]);
    assert_eq!(Table::of(&[Parent, FirstChild], &elsewhere).found(), BTreeSet::from([wrong]));
    let not_first = [(1, [0, 3, 0, 0]), (2, [1, 0, 3, 0]), (3, [1, 0, 0, 2])];
    let wrong = problem(Kind::Siblings, &[1, 2, 3], &[FirstChild]);
    assert_eq!(Table::of(ALL, &not_first).found(), BTreeSet::from([wrong]));
}

#[test]
fn siblings_of_two_parents_and_in_a_ring() {
    let parted = [(1, [0; 4]), (2, [0; 4]), (3, [1, 0, 4, 0]), (4, [2, 0, 0, 3])];
    let wrong = problem(Kind::Siblings, &[3, 4], &[Next, Prev]);
    assert_eq!(Table::of(&[Parent, Next, Prev], &parted).found(), BTreeSet::from([wrong]));
    let ring = [(1, [0; 4]), (2, [1, 0, 3, 3]), (3, [1, 0, 2, 2])];
    let wrong = problem(Kind::SiblingCycle, &[2, 3], &[Next]);
    assert_eq!(Table::of(ALL, &ring).found(), BTreeSet::from([wrong]));
    let wrong = problem(Kind::SiblingCycle, &[2, 3], &[Prev]);
    assert_eq!(Table::of(&[Parent, Prev], &ring).found(), BTreeSet::from([wrong]));
}

#[test]
fn what_is_not_there_is_no_problem() {
    let rows = [(1, [7, 7, 7, 7]), (2, [1, 0, 0, 8])];
    assert_eq!(Table::of(ALL, &rows).found(), BTreeSet::new());
}

#[test]
fn ids_tell_problems_apart() {
    let table = |schema: &str, name: &str| TableName { schema: schema.into(), name: name.into() };
    let records =
        |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<String>>();
    let (cycle, siblings) = (problem(Kind::Cycle, &[], &[]), problem(Kind::Siblings, &[], &[]));
    let time = Hlc::try_from(5).unwrap();
    let ids = BTreeSet::from([
        cycle.id(time, &table("s", "t"), &records(&["a", "b"])),
        cycle.id(time, &table("s", "t"), &records(&["ab"])),
        cycle.id(time, &table("st", ""), &records(&["a", "b"])),
        siblings.id(time, &table("s", "t"), &records(&["a", "b"])),
        cycle.id(Hlc::try_from(6).unwrap(), &table("s", "t"), &records(&["a", "b"])),
    ]);
    assert_eq!(ids.len(), 5);
}

const ROWS: usize = 9;

fn declared() -> impl Strategy<Value = Vec<Pointer>> {
    proptest::sample::subsequence(vec![FirstChild, Next, Prev], 0..=3).prop_map(|mut others| {
        others.insert(0, Parent);
        others
    })
}

/// Few rows, so that pointers meet; some lead to rows that are not there.
fn rows() -> impl Strategy<Value = Vec<(usize, [usize; 4])>> {
    let pointer = prop_oneof![2 => Just(0), 3 => 1..=ROWS];
    let to = [pointer.clone(), pointer.clone(), pointer.clone(), pointer];
    proptest::collection::vec((1..=ROWS, to), 0..12)
}

/// A row of each child list in order, as an application keeps it.
fn orderly(parents: &[usize]) -> Vec<(usize, [usize; 4])> {
    let mut rows: BTreeMap<usize, [usize; 4]> = BTreeMap::from([(1, [0; 4])]);
    for (i, parent) in parents.iter().enumerate() {
        let (id, parent) = (i + 2, 1 + parent % (i + 1));
        let first = rows[&parent][1];
        rows.insert(id, [parent, 0, first, 0]);
        if let Some(row) = rows.get_mut(&first) {
            row[3] = id;
        }
        if let Some(row) = rows.get_mut(&parent) {
            row[1] = id;
        }
    }
    rows.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_row_of_a_problem_finds_it_whole(declared in declared(), rows in rows()) {
        let mut table = Table::of(&declared, &rows);
        let all = table.found();
        for id in table.nodes.keys().cloned().collect::<Vec<_>>() {
            let found = table.found_from([&id]);
            prop_assert!(found.is_subset(&all), "{found:?} of {all:?}");
            for problem in all.iter().filter(|problem| problem.rows.contains(&id)) {
                prop_assert!(found.contains(problem), "{id} does not find {problem:?}");
            }
        }
    }

    /// What was open and what was written is enough to look at.
    #[test]
    fn nothing_is_missed_after_a_change(
        declared in declared(), rows in rows(), written in rows(), gone in 0..=ROWS,
    ) {
        let mut table = Table::of(&declared, &rows);
        let mut seeds: BTreeSet<String> = table.found().into_iter().flat_map(|p| p.rows).collect();
        for (id, to) in written {
            table.put(id, to);
            seeds.insert(id.to_string());
        }
        table.nodes.remove(&gone.to_string());
        prop_assert_eq!(table.found_from(&seeds), table.found());
    }

    #[test]
    fn an_orderly_tree_has_no_problem(
        declared in declared(), parents in proptest::collection::vec(0..50usize, 0..20),
    ) {
        prop_assert_eq!(Table::of(&declared, &orderly(&parents)).found(), BTreeSet::new());
    }
}
