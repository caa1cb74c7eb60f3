//! The statements that bring a table to what the log says. Names are quoted and qualified; values
//! travel as parameters, in images.

#![allow(unsafe_code)]

use crate::capture::current::{ROW, key_condition};
use crate::capture::relation;
use crate::capture::shape::Tracked;
use crate::error::Result;
use crate::pg::catalog::type_name;
use crate::pg::compat;
use crate::track::qualified_name;
use concord_core::names::quote_identifier;
use pgrx::pg_sys;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::rc::Rc;

/// A local table that events can be shown in.
pub struct Target {
    /// As its capture trigger tracks it.
    pub tracked: Rc<Tracked>,
    /// Its quoted name.
    pub name: String,
    columns: Vec<TargetColumn>,
}

struct TargetColumn {
    name: String,
    type_name: String,
    /// PostgreSQL computes it.
    generated: bool,
    /// GENERATED ALWAYS AS IDENTITY: can be inserted, not updated.
    fixed: bool,
}

impl Target {
    /// The tracked table of this name, or `None` where there is none.
    pub fn find(schema: &str, table: &str) -> Result<Option<Target>> {
        let Some(oid) = find_relation(schema, table) else { return Ok(None) };
        // SAFETY: the relation is locked and open while its shape is read.
        unsafe {
            let open = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
            let tracked = relation::of_relation(open);
            let columns = read_columns((*open).rd_att);
            pg_sys::table_close(open, pg_sys::NoLock as i32);
            match tracked {
                Ok(tracked) => Ok(Some(Target { tracked, name: qualified_name(oid), columns })),
                Err(_) => Ok(None),
            }
        }
    }

    /// A column of the image that the table lacks and that has something to say.
    pub fn missing_column<'a>(&self, image: &'a BTreeMap<&str, &Value>) -> Option<&'a str> {
        image
            .iter()
            .find(|(name, value)| !value.is_null() && self.column(name).is_none())
            .map(|(name, _)| *name)
    }

    fn column(&self, name: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn settable<'a>(
        &'a self,
        image: &'a BTreeMap<&str, &Value>,
    ) -> impl Iterator<Item = &'a TargetColumn> {
        self.columns
            .iter()
            .filter(|column| !column.generated && image.contains_key(column.name.as_str()))
    }

    /// Fetches the row and locks it; the key's values are the parameters.
    pub fn select(&self) -> String {
        format!(
            "SELECT {ROW} FROM {} {ROW} WHERE {} FOR UPDATE",
            self.name,
            key_condition(&self.tracked, 1)
        )
    }

    /// Inserts the image in $1; redacted columns take their defaults from $2.
    pub fn insert(&self, image: &BTreeMap<&str, &Value>) -> String {
        let mut names = Vec::new();
        let mut values = Vec::new();
        let mut add = |column: &TargetColumn, parameter: &str| {
            names.push(quote_identifier(&column.name));
            values.push(column.value_of(parameter));
        };
        self.settable(image).for_each(|column| add(column, "$1"));
        let defaults = &self.tracked.options.redact_default;
        self.columns
            .iter()
            .filter(|column| defaults.contains_key(&column.name))
            .for_each(|column| add(column, "$2"));
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM (SELECT $1, $2) i",
            self.name,
            names.join(", "),
            values.join(", ")
        )
    }

    /// Sets the columns of the image in $1; the key's values follow as parameters.
    pub fn update(&self, image: &BTreeMap<&str, &Value>) -> String {
        let settings: Vec<String> = self
            .settable(image)
            .filter(|column| !column.fixed)
            .map(|column| format!("{} = {}", quote_identifier(&column.name), column.value_of("$1")))
            .collect();
        let condition = key_condition(&self.tracked, 2);
        format!("UPDATE {} {ROW} SET {} WHERE {condition}", self.name, settings.join(", "))
    }

    /// Deletes the row; the key's values are the parameters.
    pub fn delete(&self) -> String {
        format!("DELETE FROM {} {ROW} WHERE {}", self.name, key_condition(&self.tracked, 1))
    }
}

impl TargetColumn {
    fn value_of(&self, image: &str) -> String {
        let key = concord_core::names::quote_literal(&self.name);
        format!("({image} OPERATOR(pg_catalog.->>) {key})::{}", self.type_name)
    }
}

fn find_relation(schema: &str, table: &str) -> Option<pg_sys::Oid> {
    let schema = std::ffi::CString::new(schema).ok()?;
    let table = std::ffi::CString::new(table).ok()?;
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

unsafe fn read_columns(descriptor: pg_sys::TupleDesc) -> Vec<TargetColumn> {
    // SAFETY: the relation is open.
    unsafe {
        (0..(*descriptor).natts as usize)
            .map(|i| compat::attribute(descriptor, i))
            .filter(|attribute| !attribute.attisdropped)
            .map(|attribute| TargetColumn {
                name: CStr::from_ptr(attribute.attname.data.as_ptr())
                    .to_string_lossy()
                    .into_owned(),
                type_name: type_name(attribute.atttypid),
                generated: attribute.attgenerated != 0,
                fixed: attribute.attidentity as u8 == pg_sys::ATTRIBUTE_IDENTITY_ALWAYS,
            })
            .collect()
    }
}

/// The type of a column, by name.
pub fn type_name_of(relation: pg_sys::Oid, column: &str) -> String {
    let column = std::ffi::CString::new(column).unwrap_or_default();
    // SAFETY: syscache look-ups of a live relation's column.
    unsafe {
        let number = pg_sys::get_attnum(relation, column.as_ptr());
        type_name(pg_sys::get_atttype(relation, number))
    }
}
