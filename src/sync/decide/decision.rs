//! What each record is to show: its fold, unless another record owns one of its unique values.
//!
//! A unique value belongs to the record whose claim is greatest by (event, record), shown or not. So
//! ownership depends on nothing but the log, and what it decides is the same on every node.

use crate::capture::current::record_id_of;
use crate::error::Result;
use crate::pg::owner::AsTableOwner;
use crate::pg::query;
use crate::sync::decide::case::Case;
use crate::sync::decide::obstacle::{Form, Obstacle};
use crate::sync::decide::outcome::{Rival, Want};
use crate::sync::decide::pending;
use crate::sync::record::{Record, State};
use crate::sync::table::constraints::UniqueIndex;
use crate::sync::table::keys::{Claim, Keys};
use crate::sync::table::target::Target;
use crate::types::parameter;
use concord_core::fnv::hash;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Records under decision.
#[derive(Default)]
pub struct Decision {
    cases: BTreeMap<Record, Case>,
    claims: HashMap<Claim, Vec<Record>>,
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
    pub fn case(&mut self, record: &Record) -> Result<&mut Case> {
        self.load(record)?;
        self.cases.get_mut(record).ok_or_else(|| crate::error::Error::internal("no such case"))
    }

    /// Forgets what is known of records, which others may have written meanwhile.
    fn load(&mut self, record: &Record) -> Result<()> {
        if self.cases.contains_key(record) {
            return Ok(());
        }
        let case = Case::load(record)?;
        for claim in case.claims() {
            self.claims.entry(claim).or_default().push(record.clone());
        }
        self.cases.insert(record.clone(), case);
        Ok(())
    }

    /// The records that share a unique value with this one, as it is or as it was.
    fn contested(&mut self, record: &Record) -> Result<Vec<Record>> {
        let former = pending::claims_of(record);
        let case = self.case(record)?;
        let Some(target) = case.target.clone() else { return Ok(Vec::new()) };
        let mut rivals = Vec::new();
        for index in &target.constraints()?.unique {
            let now = case.keys.unique.get(&index.name).copied();
            let was = case.current.as_ref().and_then(|c| c.keys.unique.get(&index.name).copied());
            let former =
                former.iter().filter(|(name, _)| **name == *index.name).map(|(_, key)| *key);
            for key in was.into_iter().chain(former).filter(|key| Some(*key) != now) {
                rivals.extend(pending::claimants(record, &index.name, key));
            }
            if now.is_some() {
                rivals.extend(claimants(record, case, &target, index)?);
            }
        }
        rivals.retain(|rival| rival != record);
        Ok(rivals)
    }

    /// What a record is to show.
    pub fn want(&mut self, record: &Record) -> Result<Want> {
        let case = self.case(record)?;
        if let Some(obstacle) = case.obstacle.clone() {
            return Ok(Want::Aside(obstacle, Vec::new()));
        }
        let (Some(target), Some(state)) = (case.target.clone(), case.state.clone()) else {
            return Ok(Want::Absent);
        };
        let form = case.whole.then_some(Form::Whole);
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
            "unique index \"{}\": record \"{}\" has the same valueand a greater claim to it",
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
        for index in &target.constraints()?.unique {
            let case = self.case(record)?;
            let Some(key) = case.keys.unique.get(&index.name).copied() else { continue };
            let Some(lost) = state.stamp_of(&index.columns) else { continue };
            for other in claimants(record, case, target, index)? {
                self.load(&other)?;
            }
            let claim = Claim { table: target.tracked.root, index: Rc::clone(&index.name), key };
            let claims = self.claims.get(&claim).cloned().unwrap_or_default();
            let greatest = claims
                .into_iter()
                .filter_map(|other| {
                    let state = self.cases.get(&other)?.state.as_ref()?;
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
        let keys = Keys::of(target, image)?;
        for index in &target.constraints()?.unique {
            let Some(key) = keys.unique.get(&index.name).copied() else { continue };
            if !rivals.iter().any(|rival| rival.constraint == index.name) {
                continue;
            }
            let claim = Claim { table: target.tracked.root, index: Rc::clone(&index.name), key };
            let known = self.claims.get(&claim).into_iter().flatten();
            if known.chain(&pending::claimants(record, &index.name, key)).any(|r| r != record)
                || holder(target, index, image)?.is_some_and(|r| r != *record)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Who else claims the value that a record has in a unique index: whoever shows it, and
/// whoever is kept from it.
fn claimants(
    record: &Record,
    case: &Case,
    target: &Rc<Target>,
    index: &UniqueIndex,
) -> Result<Vec<Record>> {
    let (Some(key), Some(state)) = (case.keys.unique.get(&index.name), &case.state) else {
        return Ok(Vec::new());
    };
    let mut others = pending::claimants(record, &index.name, *key);
    let shown = case.current.as_ref().and_then(|c| c.keys.unique.get(&index.name));
    if shown != Some(key) {
        others.extend(holder(target, index, &state.image)?);
    }
    others.retain(|other| other != record);
    Ok(others)
}

/// The record whose row has the image's value in a unique index.
#[allow(unsafe_code)]
fn holder(
    target: &Rc<Target>,
    index: &UniqueIndex,
    image: &Map<String, Value>,
) -> Result<Option<Record>> {
    let _owner = AsTableOwner::of(target.tracked.root);
    let id = query::one(&index.holder, &[parameter::image(image)], |row| {
        // SAFETY: the column is the whole row of the tracked table.
        unsafe { record_id_of(&target.tracked, row.datum(1)) }
    });
    let named = |record_id| Record { table: target.table.clone(), record_id };
    Ok(id.transpose()?.map(named))
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
