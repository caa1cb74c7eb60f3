//! The tree rule: which rows of a tree that is kept in pointers contradict each other.
//!
//! What is found is a function of the rows alone: every row of a contradiction leads to the whole of
//! it. So the search begins at rows that were written, and nodes that show the same rows find the same.

use crate::fnv;
use crate::hlc::Hlc;
use crate::names::TableName;
use crate::ulid::Ulid;
use crate::word::Word;
use std::collections::{BTreeMap, BTreeSet};

/// The pointers of a row, in the order of `track_tree`'s arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pointer {
    /// To the row above.
    Parent,
    /// To the first of the rows below.
    FirstChild,
    /// To the sibling after.
    Next,
    /// To the sibling before.
    Prev,
}

impl Pointer {
    /// All of them.
    pub const ALL: [Pointer; 4] =
        [Pointer::Parent, Pointer::FirstChild, Pointer::Next, Pointer::Prev];
}

/// A row as the rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its key.
    pub id: String,
    /// What its pointers lead to, as [`Pointer::ALL`] orders them. But for the parent, which tells
    /// siblings, only rows that are there: which ought to be is the foreign keys' business.
    pub to: [Option<String>; 4],
    /// It says that it has no sibling before it.
    pub leads: bool,
}

impl Node {
    fn to(&self, pointer: Pointer) -> Option<&str> {
        self.to[pointer as usize].as_deref()
    }
}

/// The table that the search reads.
pub trait Rows {
    /// Why it could not be read.
    type Error;

    /// The rows of these keys, and all rows that point at one of them by `FirstChild`, `Next` or
    /// `Prev`, or that lead and point at it by `Parent`.
    fn around(&mut self, ids: &[&str]) -> Result<Vec<Node>, Self::Error>;

    /// All rows that one comes to from these keys by one pointer over and over, those of the keys
    /// included, each with what it points to.
    fn along(
        &mut self,
        pointer: Pointer,
        ids: &[&str],
    ) -> Result<Vec<(String, Option<String>)>, Self::Error>;
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Rows that are, one over the other, their own ancestors.
    Cycle,
    /// Siblings whose order has no end.
    SiblingCycle,
    /// Sibling pointers, or first children, that contradict each other.
    Siblings,
}

impl Word for Kind {
    const NAME: &'static str = "problem";
    const WORDS: &'static [(Self, &'static str)] = &[
        (Kind::Cycle, "cycle"),
        (Kind::SiblingCycle, "sibling_cycle"),
        (Kind::Siblings, "siblings"),
    ];
}

/// A contradiction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What is wrong.
    pub kind: Kind,
    /// The keys of the rows that it is about.
    pub rows: BTreeSet<String>,
    /// The pointers that are wrong.
    pub pointers: BTreeSet<Pointer>,
}

impl Problem {
    /// An id that is the same on every node: the time of the last change of one of the pointers, then
    /// a hash (FNV-1a) of the table, what is wrong and the records.
    pub fn id(&self, time: Hlc, table: &TableName, records: &BTreeSet<String>) -> Ulid {
        let names = [&*table.schema, &table.name, self.kind.word()].map(str::as_bytes);
        let records = records.iter().map(|record| record.as_bytes());
        Ulid::from_hlc(time, fnv::hash(names.into_iter().chain(records)))
    }
}

/// All contradictions that rows of these keys take part in or lead into. `declared` says which
/// pointers the table has; `Parent` is always one.
pub fn problems<R: Rows>(
    declared: &BTreeSet<Pointer>,
    seeds: &[&str],
    rows: &mut R,
) -> Result<BTreeSet<Problem>, R::Error> {
    let mut found = BTreeSet::new();
    let sibling = [Pointer::Next, Pointer::Prev].into_iter().find(|p| declared.contains(p));
    for (kind, pointer) in [(Kind::Cycle, Some(Pointer::Parent)), (Kind::SiblingCycle, sibling)] {
        let Some(pointer) = pointer else { continue };
        let steps = rows.along(pointer, seeds)?;
        let steps = steps.into_iter().filter_map(|(from, to)| Some((from, to?))).collect();
        for rows in cycles(&steps) {
            found.insert(Problem { kind, rows, pointers: BTreeSet::from([pointer]) });
        }
    }
    let mut search = Search::new(declared, rows);
    search.run(seeds)?;
    found.extend(search.problems());
    Ok(found)
}

/// The cycles of a graph in which at most one step leads on from each row.
fn cycles(steps: &BTreeMap<String, String>) -> Vec<BTreeSet<String>> {
    let mut walk_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cycles = Vec::new();
    for (walk, start) in steps.keys().enumerate() {
        let mut here = start.as_str();
        while !walk_of.contains_key(here) {
            walk_of.insert(here, walk);
            match steps.get(here) {
                Some(next) => here = next,
                None => break,
            }
        }
        // A walk that meets itself has gone round; one that meets another goes where that went.
        if steps.contains_key(here) && walk_of.get(here) == Some(&walk) {
            let mut cycle = BTreeSet::new();
            while cycle.insert(here.to_owned()) {
                here = &steps[here];
            }
            cycles.push(cycle);
        }
    }
    cycles
}

/// The search for pointers that contradict others, outward from some rows.
struct Search<'a, R> {
    declared: &'a BTreeSet<Pointer>,
    rows: &'a mut R,
    nodes: BTreeMap<String, Node>,
    /// Rows of which all that point at them are known.
    surrounded: BTreeSet<String>,
    /// Which rows point at a row by which pointer.
    pointing: BTreeMap<(Pointer, String), BTreeSet<String>>,
    /// Rows that a wrong pointer connects, with that pointer.
    wrong: BTreeMap<String, BTreeSet<(String, Pointer)>>,
}

impl<'a, R: Rows> Search<'a, R> {
    fn new(declared: &'a BTreeSet<Pointer>, rows: &'a mut R) -> Self {
        Search {
            declared,
            rows,
            nodes: BTreeMap::new(),
            surrounded: BTreeSet::new(),
            pointing: BTreeMap::new(),
            wrong: BTreeMap::new(),
        }
    }

    fn run(&mut self, seeds: &[&str]) -> Result<(), R::Error> {
        let mut next: BTreeSet<String> = seeds.iter().map(|seed| (*seed).to_owned()).collect();
        let mut done = BTreeSet::new();
        while !next.is_empty() {
            let here = std::mem::take(&mut next);
            self.surround(&here)?;
            let ends = here.iter().filter_map(|id| self.nodes.get(id));
            let ends: BTreeSet<String> =
                ends.flat_map(|node| node.to.iter().flatten().cloned()).collect();
            self.surround(&ends)?;
            done.extend(here.iter().cloned());
            let pointers: Vec<_> = here.iter().flat_map(|id| self.pointers_at(id)).collect();
            for (from, pointer, to) in pointers {
                if self.is_wrong(&from, pointer, &to) {
                    next.extend([&from, &to].into_iter().filter(|id| !done.contains(*id)).cloned());
                    self.connect(from, pointer, to);
                }
            }
        }
        Ok(())
    }

    /// Reads the rows of these keys and those that point at them.
    fn surround(&mut self, ids: &BTreeSet<String>) -> Result<(), R::Error> {
        let new: Vec<&str> = ids.difference(&self.surrounded).map(String::as_str).collect();
        if new.is_empty() {
            return Ok(());
        }
        for node in self.rows.around(&new)? {
            for (pointer, to) in Pointer::ALL.into_iter().zip(&node.to) {
                if let Some(to) = to {
                    let pointing = self.pointing.entry((pointer, to.clone())).or_default();
                    pointing.insert(node.id.clone());
                }
            }
            self.nodes.insert(node.id.clone(), node);
        }
        let new: Vec<String> = new.into_iter().map(str::to_owned).collect();
        self.surrounded.extend(new);
        Ok(())
    }

    /// The pointers from a row and to it.
    fn pointers_at(&self, id: &str) -> Vec<(String, Pointer, String)> {
        let mut pointers = Vec::new();
        for pointer in Pointer::ALL {
            if let Some(to) = self.nodes.get(id).and_then(|node| node.to(pointer)) {
                pointers.push((id.to_owned(), pointer, to.to_owned()));
            }
            for from in self.pointing.get(&(pointer, id.to_owned())).into_iter().flatten() {
                pointers.push((from.clone(), pointer, id.to_owned()));
            }
        }
        pointers
    }

    fn is_wrong(&self, from: &str, pointer: Pointer, to: &str) -> bool {
        let (Some(source), Some(target)) = (self.nodes.get(from), self.nodes.get(to)) else {
            return false;
        };
        // Whether the way back, where the table has one, leads elsewhere.
        let astray = |back: Pointer| self.declared.contains(&back) && target.to(back) != Some(from);
        let apart = source.to(Pointer::Parent) != target.to(Pointer::Parent);
        match pointer {
            Pointer::Parent => source.leads && astray(Pointer::FirstChild),
            Pointer::FirstChild
                if target.to(Pointer::Prev).is_some() || astray(Pointer::Parent) =>
            {
                true
            }
            Pointer::Next if astray(Pointer::Prev) || apart => true,
            Pointer::Prev if astray(Pointer::Next) || apart => true,
            _ => self.pointing.get(&(pointer, to.to_owned())).is_some_and(|from| from.len() > 1),
        }
    }

    fn connect(&mut self, from: String, pointer: Pointer, to: String) {
        // A row that leads under a parent that does not know it is the parent's fault.
        let pointer = if pointer == Pointer::Parent { Pointer::FirstChild } else { pointer };
        self.wrong.entry(to.clone()).or_default().insert((from.clone(), pointer));
        self.wrong.entry(from).or_default().insert((to, pointer));
    }

    /// Rows that wrong pointers connect are one problem.
    fn problems(mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        while let Some((id, _)) = self.wrong.first_key_value() {
            let mut problem = Problem {
                kind: Kind::Siblings,
                rows: BTreeSet::from([id.clone()]),
                pointers: BTreeSet::new(),
            };
            let mut ahead = vec![id.clone()];
            while let Some(id) = ahead.pop() {
                for (other, pointer) in self.wrong.remove(&id).unwrap_or_default() {
                    problem.pointers.insert(pointer);
                    if problem.rows.insert(other.clone()) {
                        ahead.push(other);
                    }
                }
            }
            problems.push(problem);
        }
        problems
    }
}
