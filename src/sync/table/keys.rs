//! The values by which rows meet other rows, as hashes.

use crate::error::Result;
use crate::pg::owner::AsTableOwner;
use crate::pg::query;
use crate::sync::table::target::Target;
use crate::types::parameter;
use pgrx::pg_sys;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The hashes of an image's values in the constraints of its table, by the constraints' names. Where the
/// image claims nothing there is none.
#[derive(Debug, Default)]
pub struct Keys {
    /// In unique indexes.
    pub unique: BTreeMap<Rc<str>, i64>,
    /// By which it refers to parents.
    pub parents: BTreeMap<Rc<str>, i64>,
    /// To which children refer, by their table and the name of their foreign key.
    pub children: HashMap<(pg_sys::Oid, Rc<str>), i64>,
}

/// A unique value of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The table.
    pub table: pg_sys::Oid,
    /// The unique index.
    pub index: Rc<str>,
    /// The hash of the value.
    pub key: i64,
}

impl Keys {
    /// The keys of an image.
    pub fn of(target: &Target, image: &Map<String, Value>) -> Result<Keys> {
        let constraints = target.constraints()?;
        if constraints.unique.is_empty() && !constraints.has_foreign_keys() {
            return Ok(Keys::default());
        }
        let _owner = AsTableOwner::of(target.tracked.root);
        let hashes: Vec<Option<i64>> =
            query::one(&constraints.keys, &[parameter::image(image)], |row| row.required(1))
                .unwrap_or_default();
        let mut hashes = hashes.into_iter();
        let mut next = || hashes.next().flatten();
        let mut keys = Keys::default();
        // As `Constraints::keys` lists them.
        for index in &constraints.unique {
            keys.unique.extend(next().map(|hash| (Rc::clone(&index.name), hash)));
        }
        for key in &constraints.parents {
            keys.parents.extend(next().map(|hash| (Rc::clone(&key.name), hash)));
        }
        for key in &constraints.children {
            keys.children.extend(next().map(|hash| ((key.child, Rc::clone(&key.name)), hash)));
        }
        Ok(keys)
    }

    /// The unique values among them, as claims in this table.
    pub fn claims(&self, table: pg_sys::Oid) -> impl Iterator<Item = Claim> {
        let claim = move |(index, key): (&Rc<str>, &i64)| Claim {
            table,
            index: Rc::clone(index),
            key: *key,
        };
        self.unique.iter().map(claim)
    }
}
