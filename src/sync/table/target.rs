//! A local table that other nodes' rows are shown in, and the statements that write them. Names are
//! quoted and qualified; values travel as parameters, in images.

use crate::capture::key_sql::{ROW, key_condition, whole_row};
use crate::capture::relation;
use crate::capture::shape::Tracked;
use crate::error::Result;
use crate::pg::catalog::{self, qualified_name};
use crate::pg::compat;
use crate::pg::owner::AsTableOwner;
use crate::pg::relation::{Open, lock};
use crate::sync::table::constraints::Constraints;
use crate::sync::table::deferred::{Deferrable, Firing, deferrable, fire_at_once};
use concord_core::names::{TableName, quote_identifier, quote_literal};
use pgrx::pg_sys;
use serde_json::{Map, Value};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

/// A tracked table that is here.
pub struct Target {
    /// As its capture trigger tracks it.
    pub tracked: Rc<Tracked>,
    /// Its quoted name.
    pub name: String,
    /// Its name.
    pub table: TableName,
    /// Its columns, in order.
    pub columns: Vec<TargetColumn>,
    /// `pg_class.reltype`
    row_type: pg_sys::Oid,
    /// Read when they are first asked for.
    pub(super) constraints: OnceCell<Constraints>,
    /// The same.
    deferrable: OnceCell<Vec<Deferrable>>,
}

/// A column of such a table.
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// What makes text a value of its type.
    cast: String,
    /// GENERATED ALWAYS AS ... STORED: PostgreSQL computes it.
    pub generated: bool,
    /// GENERATED ALWAYS AS IDENTITY: can be inserted, not updated.
    pub fixed: bool,
    /// Values of the type are text.
    pub textual: bool,
    /// Images show it.
    imaged: bool,
}

/// Tables by name; `None` for what is no tracked table here.
type Targets = HashMap<TableName, Option<Rc<Target>>>;

/// A table as it was read.
struct Kept {
    relation: pg_sys::Oid,
    generation: u64,
    target: Option<Rc<Target>>,
}

thread_local! {
    /// The tables that this call has met; they are locked, and so stay as they are.
    static MET: RefCell<Targets> = RefCell::default();
    /// The tables that earlier calls have met; good until PostgreSQL says that something has changed.
    static KEPT: RefCell<HashMap<TableName, Kept>> = RefCell::default();
}

/// Forgets the tables of an earlier call.
pub fn forget_targets() {
    MET.take();
}

impl Target {
    /// The tracked table of this name, or `None` where there is none.
    pub fn find(name: &TableName) -> Result<Option<Rc<Target>>> {
        if let Some(met) = MET.with_borrow(|met| met.get(name).cloned()) {
            return Ok(met);
        }
        let target = match find_relation(name) {
            Some(relation) => Target::kept(name, relation)?,
            None => None,
        };
        MET.with_borrow_mut(|met| met.insert(name.clone(), target.clone()));
        Ok(target)
    }

    /// As it was read before, if nothing has changed.
    fn kept(name: &TableName, oid: pg_sys::Oid) -> Result<Option<Rc<Target>>> {
        // Taking the lock makes others' changes known.
        lock(oid, pg_sys::RowExclusiveLock);
        let generation = relation::generation();
        let known = KEPT.with_borrow(|kept| {
            let kept = kept.get(name)?;
            (kept.relation == oid && kept.generation == generation).then(|| kept.target.clone())
        });
        if let Some(target) = known {
            return Ok(target);
        }
        let target = Target::load(name, oid)?.map(Rc::new);
        let kept = Kept { relation: oid, generation, target: target.clone() };
        KEPT.with_borrow_mut(|all| all.insert(name.clone(), kept));
        Ok(target)
    }

    #[allow(unsafe_code)]
    fn load(name: &TableName, oid: pg_sys::Oid) -> Result<Option<Target>> {
        // SAFETY: the relation is locked, and open while its shape is read.
        unsafe {
            // Somebody may have dropped it just now.
            let Ok(open) = Open::existing(oid, pg_sys::RowExclusiveLock) else {
                return Ok(None);
            };
            let relation_data = open.as_ptr();
            let tracked = relation::of_relation(relation_data);
            let columns =
                tracked.as_ref().map(|tracked| read_columns((*relation_data).rd_att, tracked));
            let row_type = (*(*relation_data).rd_rel).reltype;
            let (Ok(tracked), Ok(columns)) = (&tracked, columns) else { return Ok(None) };
            Ok(Some(Target {
                tracked: Rc::clone(tracked),
                name: qualified_name(oid),
                table: name.clone(),
                columns,
                row_type,
                constraints: OnceCell::new(),
                deferrable: OnceCell::new(),
            }))
        }
    }

    /// Switches to the table's owner, to write.
    pub fn writing(&self) -> Result<AsTableOwner> {
        let root = self.tracked.root;
        let owner = AsTableOwner::of(root);
        fire_at_once(self.deferrable.get_or_init(|| deferrable(root, Firing::Silenced)))?;
        Ok(owner)
    }

    /// A column of the image that the table lacks and that has something to say.
    pub fn missing_column<'a>(&self, image: &'a Map<String, Value>) -> Option<&'a str> {
        image
            .iter()
            .find(|(name, value)| !value.is_null() && self.column(name).is_none())
            .map(|(name, _)| name.as_str())
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that are set from an image; with `image`, those that it has.
    pub fn settable<'a>(
        &'a self,
        image: Option<&'a Map<String, Value>>,
    ) -> impl Iterator<Item = &'a TargetColumn> {
        self.columns.iter().filter(move |column| {
            !column.generated
                && match image {
                    Some(image) => image.contains_key(&column.name),
                    None => column.imaged,
                }
        })
    }

    /// A whole row of the table as a parameter.
    pub fn row_parameter(&self, row: pg_sys::Datum) -> crate::pg::query::Parameter {
        (self.row_type, Some(row))
    }

    /// Fetches the row and locks it; the key's values are the parameters.
    pub fn select(&self) -> String {
        let condition = key_condition(&self.tracked, 1);
        let row = whole_row(&self.name);
        format!("SELECT {row} FROM {} {ROW} WHERE {condition} FOR UPDATE", self.name)
    }

    /// Inserts the image in $1; redacted columns take their defaults from $2.
    pub fn insert(&self, image: &Map<String, Value>) -> String {
        let (names, values) = self.inserted(self.settable(Some(image)), "$1", "$2");
        format!(
            "INSERT INTO {} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM (SELECT $1, $2) i",
            self.name
        )
    }

    /// The lists of columns and values of an INSERT; images and defaults are SQL of type `jsonb`.
    pub fn inserted<'a>(
        &'a self,
        columns: impl Iterator<Item = &'a TargetColumn>,
        image: &str,
        defaults: &str,
    ) -> (String, String) {
        let redacted = &self.tracked.options.redact_default;
        let redacted = self.columns.iter().filter(|column| redacted.contains_key(&column.name));
        let pairs: Vec<_> = columns
            .map(|column| (column, image))
            .chain(redacted.map(|column| (column, defaults)))
            .map(|(column, from)| (quote_identifier(&column.name), column.value_of(from)))
            .collect();
        let (names, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        (names.join(", "), values.join(", "))
    }

    /// Puts back a row that was taken out, with the image in $1; what images leave out is taken from
    /// the old row in $2.
    pub fn reinsert(&self, image: &Map<String, Value>) -> String {
        let (names, values): (Vec<_>, Vec<_>) = self
            .columns
            .iter()
            .filter(|column| !column.generated)
            .map(|column| {
                let name = quote_identifier(&column.name);
                match image.contains_key(&column.name) {
                    true => (name, column.value_of("$1")),
                    false => (name.clone(), format!("($2).{name}")),
                }
            })
            .unzip();
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM (SELECT $1, $2) i",
            self.name,
            names.join(", "),
            values.join(", ")
        )
    }

    /// Sets the columns of the image in $1; the key's values follow as parameters.
    pub fn update(&self, image: &Map<String, Value>) -> String {
        let settings = self.settings(self.settable(Some(image)), "$1");
        let condition = key_condition(&self.tracked, 2);
        format!("UPDATE {} {ROW} SET {settings} WHERE {condition}", self.name)
    }

    /// The SET list of an UPDATE from an image.
    pub fn settings<'a>(
        &'a self,
        columns: impl Iterator<Item = &'a TargetColumn>,
        image: &str,
    ) -> String {
        let settings: Vec<String> = columns
            .filter(|column| !column.fixed)
            .map(|column| {
                format!("{} = {}", quote_identifier(&column.name), column.value_of(image))
            })
            .collect();
        settings.join(", ")
    }

    /// Deletes the row; the key's values are the parameters.
    pub fn delete(&self) -> String {
        let condition = key_condition(&self.tracked, 1);
        format!("DELETE FROM {} {ROW} WHERE {condition}", self.name)
    }
}

impl TargetColumn {
    /// The column's value in an image, as SQL.
    pub fn value_of(&self, image: &str) -> String {
        let key = quote_literal(&self.name);
        format!("({image} OPERATOR(pg_catalog.->>) {key}){}", self.cast)
    }
}

#[allow(unsafe_code)]
fn find_relation(name: &TableName) -> Option<pg_sys::Oid> {
    let schema = CString::new(name.schema.as_str()).ok()?;
    let table = CString::new(name.name.as_str()).ok()?;
    // SAFETY: syscache look-ups by NUL-terminated names.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        if schema == pg_sys::Oid::INVALID {
            return None;
        }
        let relation = pg_sys::get_relname_relid(table.as_ptr(), schema);
        let kind = pg_sys::get_rel_relkind(relation) as u8;
        [pg_sys::RELKIND_RELATION, pg_sys::RELKIND_PARTITIONED_TABLE]
            .contains(&kind)
            .then_some(relation)
    }
}

#[allow(unsafe_code)]
unsafe fn read_columns(descriptor: pg_sys::TupleDesc, tracked: &Tracked) -> Vec<TargetColumn> {
    // SAFETY: the relation is open.
    unsafe {
        (0..(*descriptor).natts as usize)
            .map(|i| (i, compat::attribute(descriptor, i)))
            .filter(|(_, attribute)| !attribute.attisdropped)
            .map(|(i, attribute)| TargetColumn {
                name: CStr::from_ptr(attribute.attname.data.as_ptr())
                    .to_string_lossy()
                    .into_owned(),
                cast: catalog::cast(attribute.atttypid),
                generated: attribute.attgenerated != 0,
                fixed: attribute.attidentity as u8 == pg_sys::ATTRIBUTE_IDENTITY_ALWAYS,
                textual: is_textual(attribute.atttypid),
                imaged: tracked.columns.iter().any(|column| column.index == i),
            })
            .collect()
    }
}

#[allow(unsafe_code)]
unsafe fn is_textual(type_oid: pg_sys::Oid) -> bool {
    let (mut category, mut preferred) = (0, false);
    // SAFETY: a syscache look-up of a column's type.
    unsafe {
        pg_sys::get_type_category_preferred(type_oid, &mut category, &mut preferred);
    }
    category as u8 == pg_sys::TYPCATEGORY_STRING
}
