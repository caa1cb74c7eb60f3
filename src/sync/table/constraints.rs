//! The unique indexes and foreign keys of a table, as SQL that asks about them.

use crate::capture::key_sql::ROW;
use crate::pg::catalog::{is_hashable, qualified_name, type_name};
use concord_core::names::{TableName, quote_identifier};
use pgrx::pg_sys;
use std::rc::Rc;

/// What other rows have to do with a table's rows.
#[derive(Default)]
pub struct Constraints {
    /// Its unique indexes, but for the record key's own.
    pub unique: Vec<UniqueIndex>,
    /// Its foreign keys, as the child.
    pub parents: Vec<Rc<ForeignKey>>,
    /// Foreign keys that refer to it, as the parent.
    pub children: Vec<Rc<ForeignKey>>,
    /// The values of the unique indexes and foreign keys of the image in $1, hashed; null where there
    /// is no claim. Unique indexes come first, then parents, then children.
    pub keys: String,
}

impl Constraints {
    /// The table refers to others, or others to it.
    pub fn has_foreign_keys(&self) -> bool {
        !self.parents.is_empty() || !self.children.is_empty()
    }

    /// Some unique constraint is DEFERRABLE: a write does not find that it is broken.
    pub fn has_deferrable(&self) -> bool {
        self.unique.iter().any(|index| index.deferrable)
    }
}

/// A unique index.
pub struct UniqueIndex {
    /// Its name.
    pub name: Rc<str>,
    /// All columns that it depends on.
    pub columns: Vec<String>,
    /// Those whose value itself is a key.
    pub plain: Vec<String>,
    /// Finds the row that has the value of the image in $1.
    pub holder: String,
    pub deferrable: bool,
}

/// A foreign key between two tables.
pub struct ForeignKey {
    /// Its name.
    pub name: Rc<str>,
    /// The table that refers.
    pub child: pg_sys::Oid,
    /// The table referred to.
    pub parent: pg_sys::Oid,
    /// The child's name.
    pub child_name: TableName,
    /// The parent's.
    pub parent_name: TableName,
    /// What a DELETE of the parent does, as in `pg_constraint.confdeltype`.
    pub on_delete: String,
    /// The columns that ON DELETE SET NULL or SET DEFAULT sets.
    pub set_columns: Vec<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The columns referred to, in the same order.
    pub referred: Vec<String>,
    /// What the values are hashed as: the parent's types of these columns, under any domains.
    pub types: Vec<pg_sys::Oid>,
    /// The operators that compare a parent's value with a child's, one for each column.
    pub operators: Vec<Operator>,
}

/// An operator with the types that it takes: an operand that has its type already is cast by nobody.
pub struct Operator {
    /// Its name, qualified.
    pub name: String,
    /// The parent's operand.
    pub left: pg_sys::Oid,
    /// The child's.
    pub right: pg_sys::Oid,
}

/// The hash of these values where the condition holds, else null.
pub fn hash_where(condition: &str, values: impl Iterator<Item = String>) -> String {
    let values = values.collect::<Vec<_>>().join(", ");
    format!("CASE WHEN {condition} THEN pg_catalog.hash_record_extended(ROW({values}), 0) END")
}

impl ForeignKey {
    /// What a child without its parent waits for.
    pub fn obstacle(&self) -> String {
        format!("foreign key \"{}\" finds no row in {}", self.name, qualified_name(self.parent))
    }

    /// The hash of these columns' values as the parent's types, null where one is.
    pub fn hash_of(&self, columns: &[String]) -> String {
        let given: Vec<String> =
            columns.iter().map(|c| format!("{} IS NOT NULL", quote_identifier(c))).collect();
        let values = columns.iter().zip(&self.types).map(|(column, type_oid)| {
            let value = format!("{}::{}", quote_identifier(column), type_name(*type_oid));
            if is_hashable(*type_oid) { value } else { format!("{value}::pg_catalog.text") }
        });
        hash_where(&given.join(" AND "), values)
    }

    /// The values by which the child's row refers, as a list to select.
    pub fn referring(&self) -> String {
        let values = self.columns.iter().zip(&self.operators).map(|(column, operator)| {
            format!("{ROW}.{}::{}", quote_identifier(column), type_name(operator.right))
        });
        values.collect::<Vec<_>>().join(", ")
    }

    /// No column by which the child's row refers is null.
    pub fn refers(&self) -> String {
        let given =
            self.columns.iter().map(|c| format!("{ROW}.{} IS NOT NULL", quote_identifier(c)));
        given.collect::<Vec<_>>().join(" AND ")
    }

    /// Finds the parent of the values in $1 and so on, as [`ForeignKey::referring`] selects them.
    pub fn parent_by_values(&self) -> String {
        let pairs = self.referred.iter().zip(&self.operators).enumerate().map(
            |(i, (referred, operator))| {
                format!("{ROW}.{} {} ${}", quote_identifier(referred), operator.name, i + 1)
            },
        );
        let (parent, pairs) =
            (qualified_name(self.parent), pairs.collect::<Vec<_>>().join(" AND "));
        format!("SELECT FROM {parent} {ROW} WHERE {pairs} LIMIT 1")
    }

    /// The child's row refers to the values in $1 and so on, in the order of the columns.
    pub fn refers_to_values(&self) -> String {
        let pairs =
            self.columns.iter().zip(&self.operators).enumerate().map(|(i, (column, operator))| {
                format!("${} {} {ROW}.{}", i + 1, operator.name, quote_identifier(column))
            });
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    /// How many columns refer.
    pub fn width(&self) -> i32 {
        self.columns.len() as i32
    }
}
