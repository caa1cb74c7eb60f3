//! A conflict as the report shows it.

use crate::conflict::ConflictType;
use serde_json::Value;

/// A column in one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// There is no such column in the image, or no image.
    Absent,
    /// SQL's null.
    Null,
    /// A value: its text, which may be cut, its length in characters, and whether its JSON is a string.
    Value {
        /// The text, or its beginning.
        text: String,
        /// How many characters it has in all.
        length: i64,
        /// Whether it is a string in JSON.
        is_text: bool,
    },
}

impl Cell {
    /// Its text, which is nothing where there is no value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Cell::Value { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value as JSON, unless it is longer than `most` characters.
    pub fn short_json(&self, most: usize) -> Option<Value> {
        match self {
            Cell::Absent | Cell::Null => Some(Value::Null),
            Cell::Value { length, .. } if *length > most as i64 => None,
            Cell::Value { text, is_text: true, .. } => Some(Value::from(text.as_str())),
            Cell::Value { text, .. } => serde_json::from_str(text).ok(),
        }
    }
}

/// A column in all four images.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Column {
    pub name: String,
    pub base: Cell,
    pub local: Cell,
    pub remote: Cell,
    pub applied: Cell,
    /// Nodes may differ in it.
    pub silent: bool,
    /// It can be written.
    pub settable: bool,
    /// Whether the conflict is about it, where the images do not tell.
    pub about: Option<bool>,
}

/// An image, and whose event it is after.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Whether there is a row on this side.
    pub exists: bool,
    /// Node, user, time, as far as they are known.
    pub origin: Vec<String>,
}

/// A conflict, as `concord.conflicts` has it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct ConflictShown {
    pub id: String,
    pub table: String,
    pub record: String,
    pub kind: ConflictType,
    pub policy: String,
    pub age: f64,
    pub detected: String,
    pub base: Side,
    pub local: Side,
    pub remote: Side,
    pub applied: Side,
    pub detail: Value,
    pub columns: Vec<Column>,
}

impl ConflictShown {
    /// The columns that the conflict is about.
    pub fn differing(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| self.is_about(column))
    }

    /// Whether the conflict is about this column.
    pub fn is_about(&self, column: &Column) -> bool {
        if let Some(about) = column.about {
            return about;
        }
        let of =
            |side: &Side, cell: &Cell| if side.exists { cell.clone() } else { column.base.clone() };
        !column.silent && of(&self.local, &column.local) != of(&self.remote, &column.remote)
    }
}
