//! Bringing tables to what the log says: records that give up values first, then those that take
//! them, then whoever waited for a parent; at last no row is left without its own.

use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::varlena::Varlena;
use crate::sync::decide::decision::Decision;
use crate::sync::decide::obstacle::Obstacle;
use crate::sync::decide::outcome::Outcome;
use crate::sync::record::Record;
use crate::sync::table::constraints::ForeignKey;
use crate::sync::table::foreign_keys::{self, Gone};
use crate::sync::table::keys::Keys;
use crate::sync::table::row::{self, Current};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Records on their way into their tables.
pub struct Work {
    /// What is known of them.
    pub decision: Decision,
    /// What became of them.
    pub outcomes: BTreeMap<Record, Outcome>,
    /// Rows that went.
    pub gone: Vec<Gone>,
    /// Rows that others may have waited for.
    pub appeared: Vec<Gone>,
    /// Records that others wrote at the same time: to be decided once more.
    pub again: Vec<Record>,
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

    /// Takes a record's row out of its table, or, if it is `parked`, until it is put back.
    pub fn take_out(&mut self, record: &Record, parked: bool) -> Result<()> {
        let case = self.decision.case(record)?;
        let (Some(target), Some(current)) = (case.target.clone(), case.current.take()) else {
            return Ok(());
        };
        let taken = attempt(
            || row::delete(&target, record, &current, parked).or_raise(),
            Failure::is_of_the_data,
        );
        let outcome = self.outcomes.entry(record.clone()).or_default();
        outcome.was_shown = true;
        match taken {
            Ok(()) => {
                self.gone.push(Gone { target, image: current.image.clone() });
                if parked {
                    case.parked = Some(current);
                }
            }
            Err(failure) => {
                outcome.obstacle = Some(Obstacle::of(&failure));
                case.current = Some(current);
            }
        }
        Ok(())
    }

    /// Writes a record's row.
    pub fn put(&mut self, record: &Record, image: &Map<String, Value>) -> Result<()> {
        let case = self.decision.case(record)?;
        let Some(target) = case.target.clone() else { return Ok(()) };
        if case.current.is_none()
            && let Some(key) = foreign_keys::lacking(&target, image)?
            && !self.may_bring(&key)
        {
            self.set_aside(record, &key);
            return Ok(());
        }
        let case = self.decision.case(record)?;
        let written = attempt(
            || row::write(&target, record, case.former(), image).or_raise(),
            Failure::is_of_the_data,
        );
        let former = case.current.as_ref().or(case.parked.as_ref());
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
                    keys: Keys::default(),
                };
                case.current = Some(shown);
                case.parked = None;
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
        self.outcomes.keys().any(|record| record.table == key.parent_name)
    }

    /// Notes that a record is not shown for want of a parent.
    pub fn set_aside(&mut self, record: &Record, key: &Rc<ForeignKey>) {
        let outcome = self.outcomes.entry(record.clone()).or_default();
        outcome.obstacle = Some(Obstacle::constraint(key.obstacle()));
        outcome.form = None;
        outcome.parent = Some(Rc::clone(key));
    }
}
