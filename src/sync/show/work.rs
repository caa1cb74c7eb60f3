//! Bringing tables to what the log says: records that give up values first, then those that take
//! them, then whoever waited for a parent; at last no row is left without its own.

use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::varlena::Varlena;
use crate::sync::conflicts::{concurrent, standing};
use crate::sync::decide::case::{Entry, is_expected};
use crate::sync::decide::decision::{Decision, Rival, Want};
use crate::sync::decide::pending::{self, Form, Obstacle};
use crate::sync::record::{Record, events_of};
use crate::sync::table::constraints::ForeignKey;
use crate::sync::table::foreign_keys;
use crate::sync::table::row::{self, Current};
use crate::sync::table::target::Target;
use concord_core::event::Vector;
use pgrx::pg_sys;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// A row that went, or changed what others may refer to: its table and its image before.
pub struct Gone {
    /// Its table.
    pub target: Rc<Target>,
    /// The image.
    pub image: Map<String, Value>,
}

/// What became of a record.
#[derive(Default)]
pub struct Outcome {
    /// Why its row is not shown.
    pub obstacle: Option<Obstacle>,
    /// It is shown otherwise than its fold.
    pub form: Option<Form>,
    /// Who owns values that it claims.
    pub rivals: Vec<Rival>,
    /// The parent that it lacks.
    pub parent: Option<Rc<ForeignKey>>,
    /// A row of it was in the table before.
    pub was_shown: bool,
    /// This node brought the parent back.
    pub revived: bool,
}

/// Records on their way into their tables.
pub struct Work {
    /// What is known of them.
    pub decision: Decision,
    /// What became of them.
    pub outcomes: BTreeMap<Record, Outcome>,
    /// Rows that went.
    pub gone: Vec<Gone>,
    /// Rows that others may have waited for.
    appeared: Vec<Gone>,
    /// Records that others wrote at the same time: to be decided once more.
    again: Vec<Record>,
}

/// Brings the records' rows, and all that depend on them, to what the log says. Returns how many
/// conflicts are new. `unseen`: what a writer of a row cannot know of if it is not shown.
pub fn show_all(records: &[Record], unseen: &Vector) -> Result<i64> {
    match attempt(|| show_together(records, unseen).or_raise(), is_expected) {
        Ok(found) => Ok(found),
        Err(failure) => match records {
            [record] => note_failed(record, &failure, unseen),
            _ => records.iter().map(|record| show_all(std::slice::from_ref(record), unseen)).sum(),
        },
    }
}

/// What is asked about a record's values, before its row is written, can raise as well: then its row
/// stays as it is.
fn note_failed(record: &Record, failure: &Failure, unseen: &Vector) -> Result<i64> {
    let entry = Entry { events: events_of(record)?, ..Entry::empty() };
    pending::note(record, &entry, Some(&Obstacle::of(failure)), None, unseen);
    concurrent::record(record, &entry.events)
}

fn show_together(records: &[Record], unseen: &Vector) -> Result<i64> {
    let mut found = 0;
    let mut records = records.to_vec();
    for last in [false, true] {
        if !records.is_empty() {
            let mut work = Work::of(&records)?;
            work.carry_out()?;
            records = if last { Vec::new() } else { std::mem::take(&mut work.again) };
            found += work.conclude(unseen)?;
        }
    }
    Ok(found)
}

impl Work {
    /// Starts with records whose events have changed.
    pub fn of(records: &[Record]) -> Result<Work> {
        Ok(Work {
            decision: Decision::of(records)?,
            outcomes: BTreeMap::new(),
            gone: Vec::new(),
            appeared: Vec::new(),
            again: Vec::new(),
        })
    }

    fn carry_out(&mut self) -> Result<()> {
        self.write(&self.decision.todo())?;
        while let Some(parent) = self.appeared.pop() {
            let waiting: Vec<Record> = foreign_keys::waiting_for(&parent)?
                .into_iter()
                .filter(|child| !self.outcomes.contains_key(child))
                .collect();
            for child in &waiting {
                self.decision.add(child)?;
            }
            self.write(&waiting)?;
        }
        foreign_keys::settle(self)
    }

    /// Writes what these records are to show.
    fn write(&mut self, records: &[Record]) -> Result<()> {
        let mut wants = Vec::new();
        for record in records {
            wants.push((record, self.decision.want(record)?));
        }
        let taken = self.values_wanted(&wants)?;
        for (record, want) in &wants {
            let outcome = match want {
                Want::Absent => Outcome::default(),
                Want::Aside(obstacle, rivals) => Outcome {
                    obstacle: Some(obstacle.clone()),
                    rivals: rivals.clone(),
                    ..Outcome::default()
                },
                Want::Show(_, form, rivals) => {
                    Outcome { form: *form, rivals: rivals.clone(), ..Outcome::default() }
                }
            };
            // What cannot even be read, or what somebody keeps locked, stays as it is.
            let is_absent = match want {
                Want::Absent => true,
                Want::Aside(_, rivals) => !rivals.is_empty(),
                Want::Show(..) => false,
            };
            let way = self.decision.entry(record)?.makes_way(&taken);
            self.outcomes.insert((*record).clone(), outcome);
            if is_absent || way {
                self.take_out(record, way && !is_absent)?;
            }
        }
        for (record, want) in wants {
            if let Want::Show(image, ..) = want
                && self.outcomes.get(record).is_some_and(|outcome| outcome.obstacle.is_none())
            {
                self.put(record, &image)?;
            }
        }
        Ok(())
    }

    /// The unique values that records newly want.
    fn values_wanted(
        &mut self,
        wants: &[(&Record, Want)],
    ) -> Result<HashSet<(pg_sys::Oid, usize, i64)>> {
        let mut wanted = HashSet::new();
        for (record, want) in wants {
            let entry = self.decision.entry(record)?;
            let (Want::Show(..), Some(target)) = (want, &entry.target) else { continue };
            let count = target.constraints()?.unique.len();
            for (i, key) in entry.keys.iter().take(count).enumerate() {
                let is = entry.current.as_ref().and_then(|current| current.keys.get(i));
                if let Some(key) = key
                    && is != Some(&Some(*key))
                {
                    wanted.insert((target.tracked.root, i, *key));
                }
            }
        }
        Ok(wanted)
    }

    /// Takes a record's row out of its table, or, if it is `parked`, until it is put back.
    pub fn take_out(&mut self, record: &Record, parked: bool) -> Result<()> {
        let entry = self.decision.entry(record)?;
        let (Some(target), Some(current)) = (entry.target.clone(), entry.current.take()) else {
            return Ok(());
        };
        let taken =
            attempt(|| row::delete(&target, record, &current, parked).or_raise(), is_expected);
        let outcome = self.outcomes.entry(record.clone()).or_default();
        outcome.was_shown = true;
        match taken {
            Ok(()) => {
                self.gone.push(Gone { target, image: current.image.clone() });
                if parked {
                    entry.parked = Some(current);
                }
            }
            Err(failure) => {
                outcome.obstacle = Some(Obstacle::of(&failure));
                entry.current = Some(current);
            }
        }
        Ok(())
    }

    /// Writes a record's row.
    pub fn put(&mut self, record: &Record, image: &Map<String, Value>) -> Result<()> {
        let entry = self.decision.entry(record)?;
        let Some(target) = entry.target.clone() else { return Ok(()) };
        if entry.current.is_none()
            && let Some(key) = foreign_keys::lacking(&target, image)?
            && !self.may_bring(&key)
        {
            self.set_aside(record, &key);
            return Ok(());
        }
        let entry = self.decision.entry(record)?;
        let written = attempt(|| row::write(&target, record, entry, image).or_raise(), is_expected);
        let former = entry.current.as_ref().or(entry.parked.as_ref());
        let outcome = self.outcomes.entry(record.clone()).or_default();
        outcome.was_shown |= former.is_some();
        match written {
            Ok(()) => {
                if let Some(former) = former.filter(|former| former.image != *image) {
                    self.gone
                        .push(Gone { target: Rc::clone(&target), image: former.image.clone() });
                }
                if former.is_none_or(|former| former.image != *image) {
                    self.appeared.push(Gone { target, image: image.clone() });
                }
                let shown = Current {
                    image: image.clone(),
                    row: Varlena::with_payload(&[]),
                    keys: Vec::new(),
                };
                entry.current = Some(shown);
                entry.parked = None;
            }
            Err(failure) => {
                // Another transaction may have inserted the row, and logged it, meanwhile.
                if failure.sqlstate == "23505" {
                    self.again.push(record.clone());
                }
                outcome.obstacle = Some(Obstacle::of(&failure));
                outcome.form = None;
            }
        }
        Ok(())
    }

    /// Whether a parent may be among the rows that are being written.
    fn may_bring(&self, key: &ForeignKey) -> bool {
        self.outcomes
            .keys()
            .any(|record| key.parent_names.0 == record.schema && key.parent_names.1 == record.table)
    }

    /// Notes that a record is not shown for want of a parent.
    pub fn set_aside(&mut self, record: &Record, key: &Rc<ForeignKey>) {
        let outcome = self.outcomes.entry(record.clone()).or_default();
        outcome.obstacle = Some(Obstacle::constraint(key.obstacle()));
        outcome.form = None;
        outcome.parent = Some(Rc::clone(key));
    }

    /// Notes what became of the records.
    fn conclude(mut self, unseen: &Vector) -> Result<i64> {
        let mut found = 0;
        for (record, outcome) in &self.outcomes {
            let entry = self.decision.entry(record)?;
            let mut unseen = unseen.clone();
            if let Some(last) = entry.last_event().filter(|_| outcome.was_shown) {
                unseen.raise(last.event.stamp.origin, last.event.stamp.sequence);
            }
            match (&outcome.obstacle, outcome.form) {
                (None, None) => pending::forget(record),
                (obstacle, form) => pending::note(record, entry, obstacle.as_ref(), form, &unseen),
            }
            found += concurrent::record(record, &entry.events)?;
            found += standing::record(record, entry, outcome)?;
        }
        Ok(found)
    }
}

impl Entry {
    /// Whether the row in the table has a unique value that it gives up and another record wants.
    fn makes_way(&self, wanted: &HashSet<(pg_sys::Oid, usize, i64)>) -> bool {
        let (Some(target), Some(current)) = (&self.target, &self.current) else { return false };
        current.keys.iter().enumerate().any(|(i, key)| {
            let gives_up = self.keys.get(i).is_none_or(|now| now != key);
            key.is_some_and(|key| gives_up && wanted.contains(&(target.tracked.root, i, key)))
        })
    }
}
