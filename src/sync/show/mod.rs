//! Writes into the tables what their records are to show.

pub mod group_rows;
pub mod revive;
pub mod settle;
pub mod work;

use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::sync::conflicts::{concurrent, standing};
use crate::sync::decide::case::Case;
use crate::sync::decide::obstacle::Obstacle;
use crate::sync::decide::outcome::{Outcome, Want};
use crate::sync::decide::pending;
use crate::sync::record::{Record, events_of};
use crate::sync::show::work::Work;
use crate::sync::table::keys::Claim;
use concord_core::event::Vector;
use std::collections::HashSet;

/// Brings the records' rows, and all that depend on them, to what the log says. Returns how many
/// conflicts are new. `unseen`: what a writer of a row cannot know of if it is not shown.
pub fn show_all(records: &[Record], unseen: &Vector) -> Result<i64> {
    match attempt(|| show_together(records, unseen).or_raise(), Failure::is_of_the_data) {
        Ok(found) => Ok(found),
        Err(failure) => match records {
            [record] => note_failed(record, &failure, unseen),
            _ => records.iter().map(|record| show_all(std::slice::from_ref(record), unseen)).sum(),
        },
    }
}

/// What is asked about a record's values, before its row is written, can raise as well: then its row
/// stays as it is.
pub fn note_failed(record: &Record, failure: &Failure, unseen: &Vector) -> Result<i64> {
    let case = Case { events: events_of(record)?, ..Case::empty() };
    pending::note(record, &case, Some(&Obstacle::of(failure)), None, unseen);
    concurrent::record(record, &case.events)
}

pub fn show_together(records: &[Record], unseen: &Vector) -> Result<i64> {
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
    fn carry_out(&mut self) -> Result<()> {
        self.write(&self.decision.todo())?;
        while let Some(parent) = self.appeared.pop() {
            let waiting: Vec<Record> = settle::waiting_for(&parent)?
                .into_iter()
                .filter(|child| !self.outcomes.contains_key(child))
                .collect();
            for child in &waiting {
                self.decision.add(child)?;
            }
            self.write(&waiting)?;
        }
        settle::settle(self)
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
            let way = self.decision.case(record)?.makes_way(&taken);
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
    fn values_wanted(&mut self, wants: &[(&Record, Want)]) -> Result<HashSet<Claim>> {
        let mut wanted = HashSet::new();
        for (record, want) in wants {
            if let Want::Show(..) = want {
                wanted.extend(self.decision.case(record)?.new_claims());
            }
        }
        Ok(wanted)
    }

    /// Notes what became of the records.
    fn conclude(mut self, unseen: &Vector) -> Result<i64> {
        let mut found = 0;
        for (record, outcome) in &self.outcomes {
            let case = self.decision.case(record)?;
            let mut unseen = unseen.clone();
            if let Some(last) = case.last_event().filter(|_| outcome.was_shown) {
                unseen.raise(last.event.stamp.origin, last.event.stamp.sequence);
            }
            match (&outcome.obstacle, outcome.form) {
                (None, None) => pending::forget(record),
                (obstacle, form) => pending::note(record, case, obstacle.as_ref(), form, &unseen),
            }
            found += concurrent::record(record, &case.events)?;
            found += standing::record(record, case, outcome)?;
        }
        Ok(found)
    }
}
