//! What each record is to show: its fold, unless another record owns one of its unique values.
//!
//! A unique value belongs to the record whose claim is greatest by (event, record), shown or not. So
//! ownership depends on nothing but the log, and what it decides is the same on every node.

use super::pending::{self, Form, Obstacle};
use super::rows::{LogEvent, Record, State, events_of};
use super::show::{self, Current};
use super::target::Target;
use crate::capture::current::record_id_of;
use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::owner::AsTableOwner;
use crate::pg::query::{self, parameter};
use concord_core::event::Stamp;
use concord_core::fnv::hash;
use pgrx::{JsonB, pg_sys};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A record with what the log and the table say of it.
pub struct Entry {
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
    /// Hashes of its unique values, then of its parents' and of its own referred values.
    pub keys: Vec<Option<i64>>,
    /// The fold broke a constraint.
    pub whole: bool,
    /// Nothing can be shown.
    pub obstacle: Option<Obstacle>,
}

/// A record that owns a value which another one claims.
#[derive(Debug, Clone)]
pub struct Rival {
    /// The unique index.
    pub constraint: String,
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

/// Records under decision.
#[derive(Default)]
pub struct Decision {
    entries: BTreeMap<Record, Entry>,
    claims: HashMap<(pg_sys::Oid, usize, i64), Vec<Record>>,
    todo: Vec<Record>,
}

impl Decision {
    /// Takes in records whose events have changed, and those that claim the same values as they do
    /// or did: all of them are to be decided.
    pub fn of(changed: &[Record]) -> Result<Decision> {
        let mut decision = Decision::default();
        for record in changed {
            decision.add(record)?;
        }
        for record in changed {
            for rival in decision.contested(record)? {
                decision.add(&rival)?;
            }
        }
        Ok(decision)
    }

    /// Adds a record to be decided.
    pub fn add(&mut self, record: &Record) -> Result<()> {
        if !self.todo.contains(record) {
            self.load(record)?;
            self.todo.push(record.clone());
        }
        Ok(())
    }

    /// The records to be decided, in (table, record) order.
    pub fn todo(&self) -> Vec<Record> {
        let mut todo = self.todo.clone();
        todo.sort();
        todo
    }

    /// What is known of a record.
    pub fn entry(&mut self, record: &Record) -> Result<&mut Entry> {
        self.load(record)?;
        self.entries.get_mut(record).ok_or_else(|| crate::error::Error::internal("no such entry"))
    }

    /// Forgets what is known of records, which others may have written meanwhile.
    fn load(&mut self, record: &Record) -> Result<()> {
        if self.entries.contains_key(record) {
            return Ok(());
        }
        let entry = Entry::load(record)?;
        if let (Some(target), Some(_)) = (&entry.target, &entry.state) {
            let count = target.constraints()?.unique.len();
            for (i, key) in entry.keys.iter().take(count).enumerate() {
                if let Some(key) = key {
                    let name = (target.tracked.root, i, *key);
                    self.claims.entry(name).or_default().push(record.clone());
                }
            }
        }
        self.entries.insert(record.clone(), entry);
        Ok(())
    }

    /// The records that share a unique value with this one, as it is or as it was.
    fn contested(&mut self, record: &Record) -> Result<Vec<Record>> {
        let former = pending::claims_of(record);
        let entry = self.entry(record)?;
        let Some(target) = entry.target.clone() else { return Ok(Vec::new()) };
        let mut rivals = Vec::new();
        for (i, index) in target.constraints()?.unique.iter().enumerate() {
            let now = entry.keys.get(i).copied().flatten();
            let was = entry.current.as_ref().and_then(|c| c.keys.get(i).copied().flatten());
            let former = former.iter().filter(|(name, _)| *name == index.name).map(|(_, key)| *key);
            for key in was.into_iter().chain(former).filter(|key| Some(*key) != now) {
                rivals.extend(pending::claimants(record, &index.name, key));
            }
            if now.is_some() {
                rivals.extend(claimants(record, entry, &target, i)?);
            }
        }
        rivals.retain(|rival| rival != record);
        Ok(rivals)
    }

    /// What a record is to show.
    pub fn want(&mut self, record: &Record) -> Result<Want> {
        let entry = self.entry(record)?;
        if let Some(obstacle) = entry.obstacle.clone() {
            return Ok(Want::Aside(obstacle, Vec::new()));
        }
        let (Some(target), Some(state)) = (entry.target.clone(), entry.state.clone()) else {
            return Ok(Want::Absent);
        };
        let form = entry.whole.then_some(Form::Whole);
        let rivals = self.owners_over(record, &target, &state)?;
        let Some(first) = rivals.first() else {
            return Ok(Want::Show(state.image, form, rivals));
        };
        if let Some(renamed) = renamed(&target, record, &state.image, &rivals)
            && self.is_free(record, &target, &renamed, &rivals)?
        {
            return Ok(Want::Show(renamed, Some(Form::Renamed), rivals));
        }
        let detail = format!(
            "unique index \"{}\": record \"{}\" has the same value, and a greater claim to it",
            first.constraint, first.record.record_id
        );
        Ok(Want::Aside(Obstacle::constraint(detail), rivals))
    }

    /// The owners of unique values that this record claims in vain.
    fn owners_over(
        &mut self,
        record: &Record,
        target: &Rc<Target>,
        state: &State,
    ) -> Result<Vec<Rival>> {
        let mut owners = Vec::new();
        for (i, index) in target.constraints()?.unique.iter().enumerate() {
            let entry = self.entry(record)?;
            let Some(key) = entry.keys.get(i).copied().flatten() else { continue };
            let Some(lost) = state.stamp_of(&index.columns) else { continue };
            for other in claimants(record, entry, target, i)? {
                self.load(&other)?;
            }
            let name = (target.tracked.root, i, key);
            let claims = self.claims.get(&name).cloned().unwrap_or_default();
            let greatest = claims
                .into_iter()
                .filter_map(|other| {
                    let state = self.entries.get(&other)?.state.as_ref()?;
                    Some((state.stamp_of(&index.columns)?, other))
                })
                .max_by(|(s, a), (t, b)| (s, &a.record_id).cmp(&(t, &b.record_id)));
            if let Some((claim, owner)) = greatest
                && owner != *record
            {
                owners.push(Rival {
                    constraint: index.name.clone(),
                    columns: index.columns.clone(),
                    record: owner,
                    claim,
                    lost,
                });
            }
        }
        Ok(owners)
    }

    /// Nobody else claims or has the values of an image under which a record would be shown.
    fn is_free(
        &mut self,
        record: &Record,
        target: &Rc<Target>,
        image: &Map<String, Value>,
        rivals: &[Rival],
    ) -> Result<bool> {
        let keys = keys_of(target, image)?;
        for (i, index) in target.constraints()?.unique.iter().enumerate() {
            let Some(key) = keys.get(i).copied().flatten() else { continue };
            if !rivals.iter().any(|rival| rival.constraint == index.name) {
                continue;
            }
            let known = self.claims.get(&(target.tracked.root, i, key)).into_iter().flatten();
            if known.chain(&pending::claimants(record, &index.name, key)).any(|r| r != record)
                || holder(target, i, image)?.is_some_and(|r| r != *record)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Entry {
    /// Nothing is known.
    pub fn empty() -> Entry {
        Entry {
            target: None,
            events: Vec::new(),
            state: None,
            current: None,
            parked: None,
            keys: Vec::new(),
            whole: false,
            obstacle: None,
        }
    }

    fn load(record: &Record) -> Result<Entry> {
        let mut entry = Entry::empty();
        // A key of another type here, or a row that somebody keeps locked, concerns this record only.
        let located = attempt(|| entry.locate(record).or_raise(), is_expected);
        entry.events = events_of(record)?;
        entry.state = State::fold(&entry.events);
        if let Err(failure) = located {
            entry.obstacle = Some(Obstacle::of(&failure));
            return Ok(entry);
        }
        let (Some(target), Some(state)) = (entry.target.clone(), &entry.state) else {
            if entry.target.is_none() {
                let name = format!("{}.{}", record.schema, record.table);
                entry.obstacle = Some(Obstacle::missing_table(&name));
            }
            return Ok(entry);
        };
        if let Some(column) = target.missing_column(&state.image) {
            entry.obstacle = Some(Obstacle::missing_column(column));
            return Ok(entry);
        }
        entry.prefer_whole(&target, record);
        let image = &entry.state.as_ref().map_or_else(Map::new, |state| state.image.clone());
        match attempt(|| keys_of(&target, image).or_raise(), is_expected) {
            Ok(keys) => entry.keys = keys,
            Err(failure) => entry.obstacle = Some(Obstacle::of(&failure)),
        }
        Ok(entry)
    }

    fn locate(&mut self, record: &Record) -> Result<()> {
        self.target = Target::find(&record.schema, &record.table)?;
        if let Some(target) = &self.target {
            self.current = show::fetch(target, record)?;
            if let Some(current) = &mut self.current {
                current.keys = keys_of(target, &current.image)?;
            }
        }
        Ok(())
    }

    /// Edits that each kept CHECK and NOT NULL may break them together: then one of them is shown
    /// whole. Only a fold of several edits can, and only trying tells.
    fn prefer_whole(&mut self, target: &Rc<Target>, record: &Record) {
        let whole = State::whole(&self.events);
        let (Some(state), Some(whole)) = (&self.state, whole) else { return };
        if whole.image != state.image && show::breaks_check(target, record, self, &state.image) {
            self.state = Some(whole);
            self.whole = true;
        }
    }

    /// The event that stands last.
    pub fn last_event(&self) -> Option<&LogEvent> {
        self.events.iter().max_by_key(|event| event.event.stamp)
    }
}

/// Only what the data are to blame for is an obstacle, or a row that is kept locked; everything else
/// fails the call, which can be repeated.
pub fn is_expected(failure: &Failure) -> bool {
    matches!(failure.class(), "22" | "23" | "42") || failure.sqlstate == "55P03"
}

/// The hashes of an image's values in the table's constraints.
pub fn keys_of(target: &Target, image: &Map<String, Value>) -> Result<Vec<Option<i64>>> {
    let constraints = target.constraints()?;
    if constraints.unique.is_empty()
        && constraints.parents.is_empty()
        && constraints.children.is_empty()
    {
        return Ok(Vec::new());
    }
    let _owner = AsTableOwner::of(target.tracked.root);
    let mut keys = Vec::new();
    query::read_latest(&constraints.keys, &[as_json(image)], |row| keys = row.required(1));
    Ok(keys)
}

/// Who else claims the value that a record has in the table's unique index `i`: whoever shows it, and
/// whoever is kept from it.
fn claimants(record: &Record, entry: &Entry, target: &Rc<Target>, i: usize) -> Result<Vec<Record>> {
    let (Some(Some(key)), Some(state)) = (entry.keys.get(i), &entry.state) else {
        return Ok(Vec::new());
    };
    let mut others = pending::claimants(record, &target.constraints()?.unique[i].name, *key);
    let shown = entry.current.as_ref().and_then(|c| c.keys.get(i).copied().flatten());
    if shown != Some(*key) {
        others.extend(holder(target, i, &state.image)?);
    }
    others.retain(|other| other != record);
    Ok(others)
}

/// The record whose row has the image's value in the table's unique index `i`.
#[allow(unsafe_code)]
fn holder(target: &Rc<Target>, i: usize, image: &Map<String, Value>) -> Result<Option<Record>> {
    let _owner = AsTableOwner::of(target.tracked.root);
    let mut id = None;
    query::read_latest(&target.constraints()?.unique[i].holder, &[as_json(image)], |row| {
        // SAFETY: the column is the whole row of the tracked table.
        id = Some(unsafe { record_id_of(&target.tracked, row.datum(1)) });
    });
    let named = |record_id| Record {
        schema: target.schema.clone(),
        table: target.table.clone(),
        record_id,
    };
    Ok(id.transpose()?.map(named))
}

/// An image as a parameter.
pub fn as_json(image: &Map<String, Value>) -> query::Parameter {
    parameter(JsonB(Value::Object(image.clone())))
}

/// The image under which the loser of unique values is shown: each under a name of its own. `None`
/// where one of the values has no column that may be renamed.
fn renamed(
    target: &Target,
    record: &Record,
    image: &Map<String, Value>,
    rivals: &[Rival],
) -> Option<Map<String, Value>> {
    let mut renamed = image.clone();
    for rival in rivals {
        let index =
            target.constraints().ok()?.unique.iter().find(|i| i.name == rival.constraint)?;
        let name = target.tracked.options.rename.iter().find(|name| {
            index.plain.contains(name) && target.column(name).is_some_and(|c| c.textual)
        })?;
        let value = image.get(name)?.as_str()?;
        let suffix = hash([record.record_id.as_bytes()]) as u32;
        renamed.insert(name.clone(), Value::String(format!("{value}-{suffix:08x}")));
    }
    Some(renamed)
}
