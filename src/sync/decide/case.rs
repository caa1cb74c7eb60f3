//! A record with what the log and the table say of it.

use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::sync::decide::obstacle::Obstacle;
use crate::sync::record::{LogEvent, Record, State, events_of};
use crate::sync::table::keys::{Claim, Keys};
use crate::sync::table::row::{self, Current, Former};
use crate::sync::table::target::Target;
use serde_json::Map;
use std::collections::HashSet;
use std::rc::Rc;

/// A record with what the log and the table say of it.
pub struct Case {
    /// Its table; `None` where there is none.
    pub target: Option<Rc<Target>>,
    /// Its events.
    pub events: Vec<LogEvent>,
    /// What they make of it.
    pub state: Option<State>,
    /// The row as the table has it, locked.
    pub current: Option<Current>,
    /// The row as it was taken out of the table to make way.
    pub parked: Option<Current>,
    /// What its state claims and refers to.
    pub keys: Keys,
    /// The fold broke a constraint.
    pub whole: bool,
    /// Nothing can be shown.
    pub obstacle: Option<Obstacle>,
}

impl Case {
    /// Nothing is known.
    pub fn empty() -> Case {
        Case {
            target: None,
            events: Vec::new(),
            state: None,
            current: None,
            parked: None,
            keys: Keys::default(),
            whole: false,
            obstacle: None,
        }
    }

    /// Locks and reads the row, and reads the events.
    pub fn load(record: &Record) -> Result<Case> {
        let mut case = Case::empty();
        // A key of another type here, or a row that somebody keeps locked, concerns this record only.
        let located = attempt(|| case.locate(record).or_raise(), Failure::is_of_the_data);
        case.events = events_of(record)?;
        case.state = State::fold(&case.events);
        if let Err(failure) = located {
            case.obstacle = Some(Obstacle::of(&failure));
            return Ok(case);
        }
        let (Some(target), Some(state)) = (case.target.clone(), &case.state) else {
            if case.target.is_none() {
                case.obstacle = Some(Obstacle::missing_table(&record.table));
            }
            return Ok(case);
        };
        if let Some(column) = target.missing_column(&state.image) {
            case.obstacle = Some(Obstacle::missing_column(column));
            return Ok(case);
        }
        case.prefer_whole(&target, record);
        let image = &case.state.as_ref().map_or_else(Map::new, |state| state.image.clone());
        match attempt(|| Keys::of(&target, image).or_raise(), Failure::is_of_the_data) {
            Ok(keys) => case.keys = keys,
            Err(failure) => case.obstacle = Some(Obstacle::of(&failure)),
        }
        Ok(case)
    }

    fn locate(&mut self, record: &Record) -> Result<()> {
        self.target = Target::find(&record.table)?;
        if let Some(target) = &self.target {
            self.current = row::fetch(target, record)?;
            if let Some(current) = &mut self.current {
                current.keys = Keys::of(target, &current.image)?;
            }
        }
        Ok(())
    }

    /// Edits that each kept CHECK and NOT NULL may break them together: then one of them is shown
    /// whole. Only a fold of several edits can, and only trying tells.
    fn prefer_whole(&mut self, target: &Rc<Target>, record: &Record) {
        let whole = State::whole(&self.events);
        let (Some(state), Some(whole)) = (&self.state, whole) else { return };
        if whole.image != state.image
            && row::breaks_check(target, record, self.former(), &state.image)
        {
            self.state = Some(whole);
            self.whole = true;
        }
    }

    /// What is there before the row is written.
    pub fn former(&self) -> Former<'_> {
        Former { current: self.current.as_ref(), parked: self.parked.as_ref() }
    }

    /// The unique values that the record claims.
    pub fn claims(&self) -> Vec<Claim> {
        match (&self.target, &self.state) {
            (Some(target), Some(_)) => self.keys.claims(target.tracked.root).collect(),
            _ => Vec::new(),
        }
    }

    /// The unique values that it claims and its row does not have.
    pub fn new_claims(&self) -> Vec<Claim> {
        let shown = |claim: &Claim| {
            let current = self.current.as_ref()?;
            Some(current.keys.unique.get(&claim.index) == Some(&claim.key))
        };
        let mut claims = self.claims();
        claims.retain(|claim| shown(claim) != Some(true));
        claims
    }

    /// Whether the row in the table has a unique value that it gives up and another record wants.
    pub fn makes_way(&self, wanted: &HashSet<Claim>) -> bool {
        let (Some(target), Some(current)) = (&self.target, &self.current) else { return false };
        let kept = |claim: &Claim| self.keys.unique.get(&claim.index) == Some(&claim.key);
        let mut shown = current.keys.claims(target.tracked.root);
        shown.any(|claim| !kept(&claim) && wanted.contains(&claim))
    }

    /// The event that stands last.
    pub fn last_event(&self) -> Option<&LogEvent> {
        self.events.iter().max_by_key(|event| event.event.stamp)
    }
}
