//! The words of a decision: what a record is to show, and what became of it.

use crate::sync::decide::obstacle::{Form, Obstacle};
use crate::sync::record::Record;
use crate::sync::table::constraints::ForeignKey;
use concord_core::event::Stamp;
use serde_json::{Map, Value};
use std::rc::Rc;

/// A record that owns a value which another one claims.
#[derive(Debug, Clone)]
pub struct Rival {
    /// The unique index.
    pub constraint: Rc<str>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The owner.
    pub record: Record,
    /// The owner's claim.
    pub claim: Stamp,
    /// The claim of the record that does not own it.
    pub lost: Stamp,
}

/// What a record is to show.
pub enum Want {
    /// It does not exist.
    Absent,
    /// This row; with a form where that is not its fold.
    Show(Map<String, Value>, Option<Form>, Vec<Rival>),
    /// It exists and is set aside.
    Aside(Obstacle, Vec<Rival>),
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
