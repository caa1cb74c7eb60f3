//! A tree's table, as the search reads it. Rows are known by the text of their key, which finds them
//! again; only conflicts name them by their `record_id`.

use super::declared::Tree;
use crate::capture::column::position;
use crate::capture::current::record_id_of;
use crate::capture::key_sql::{ROW, equality, whole_row};
use crate::capture::relation;
use crate::capture::shape::Tracked;
use crate::error::{Error, Result};
use crate::pg::catalog::{qualified_name, type_name};
use crate::pg::query::{self, parameter};
use crate::pg::relation::{Open, try_lock, type_title};
use concord_core::names::quote_identifier;
use concord_core::tree::{Node, Pointer, Rows};
use pgrx::{PgSqlErrorCode, pg_sys};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The key of a table that can be a tree.
pub struct Shape {
    /// As its capture trigger tracks it.
    pub tracked: Rc<Tracked>,
    /// The name of its key's column.
    pub key: String,
    /// The key's equality operator, with its schema.
    equals: String,
    /// The key's type.
    type_name: String,
}

/// Reads a relation that is locked. 55000 where it is not tracked, 42703 where a column is missing,
/// 42804 where the key is not one column of the pointers' type. `name` is what errors call it.
#[allow(unsafe_code)]
pub fn shape_of(relation: pg_sys::Oid, columns: &[Option<String>; 4], name: &str) -> Result<Shape> {
    let open = Open::existing(relation, pg_sys::NoLock).ok();
    // SAFETY: the relation is open.
    let tracked = open.and_then(|open| unsafe { relation::of_relation(open.as_ptr()) }.ok());
    let tracked = tracked.ok_or_else(|| {
        Error::wrong_state(format!("table {name} is not tracked"))
            .hint("Use SELECT concord.track('...') first.")
    })?;
    let mismatch = |message: String| Error::new(PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH, message);
    let [key] = tracked.record_key[..] else {
        let count = tracked.record_key.len();
        return Err(mismatch(format!(
            "the key of table {name} has {count} columns, but a pointer has one"
        ))
        .hint("A tree requires a key of one column; see record_key of concord.track()."));
    };
    let key = &tracked.columns[key];
    for column in columns.iter().flatten() {
        let i = position(&tracked.columns, column).ok_or_else(|| {
            Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!(
                    "column \"{column}\" of table {name} does not exist or is left out of the images"
                ),
            )
            .hint("Specify column names as they are stored; pointers can be neither excluded nor redacted.")
        })?;
        let column = &tracked.columns[i];
        if column.base_type != key.base_type {
            return Err(mismatch(format!(
                "column \"{}\" of type {} cannot point to key \"{}\" of type {}",
                column.name,
                type_title(column.base_type),
                key.name,
                type_title(key.base_type)
            ))
            .hint("A pointer contains the key of another row and must have the type of the key."));
        }
    }
    Ok(Shape {
        key: key.name.clone(),
        equals: equality(key),
        type_name: type_name(key.base_type),
        tracked: Rc::clone(&tracked),
    })
}

/// The table of a tree, ready to be read.
pub struct TreeTable<'a> {
    tree: &'a Tree,
    /// Its key.
    pub shape: Shape,
    name: String,
}

impl<'a> TreeTable<'a> {
    /// `None` where the table is just being altered, or is not any more what was declared.
    pub fn open(tree: &'a Tree) -> Option<TreeTable<'a>> {
        // What reads a table without its lock may wait for it.
        if !try_lock(tree.relation, pg_sys::AccessShareLock) {
            return None;
        }
        let shape = shape_of(tree.relation, &tree.columns, &tree.table.name).ok()?;
        Some(TreeTable { tree, shape, name: qualified_name(tree.relation) })
    }

    /// The keys of these records that the table has; of all its rows, where none are given.
    pub fn keys(&self, records: Option<&BTreeSet<String>>) -> Vec<String> {
        let (rows, parameters) = match records {
            None => (format!("{} t", self.name), Vec::new()),
            Some(records) => (self.picked(), vec![texts(records.iter().map(String::as_str))]),
        };
        let sql = format!("SELECT DISTINCT {} FROM {rows}", text(&self.key()));
        query::all(&sql, &parameters, |row| row.required(1))
    }

    /// The record ids of these keys' rows.
    #[allow(unsafe_code)]
    pub fn record_ids(&self, keys: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let key = format!("{ROW}.{}", quote_identifier(&self.shape.key));
        let (wanted, is_wanted) = (self.wanted(), self.equal(&key, "w.id"));
        let row = whole_row(&self.name);
        let sql = format!("SELECT {row} FROM {} {ROW} JOIN {wanted} ON {is_wanted}", self.name);
        let ids = query::all(&sql, &[texts(keys.iter().map(String::as_str))], |row| {
            // SAFETY: the column is the whole row of the tracked table.
            unsafe { record_id_of(&self.shape.tracked, row.datum(1)) }
        });
        ids.into_iter().collect()
    }

    /// The keys in `$1`, as rows.
    fn wanted(&self) -> String {
        let type_name = &self.shape.type_name;
        format!("(SELECT u::{type_name} AS id FROM pg_catalog.unnest($1::text[]) u) w")
    }

    /// The rows of the keys in `$1`.
    fn picked(&self) -> String {
        format!("{} t JOIN {} ON {}", self.name, self.wanted(), self.equal(&self.key(), "w.id"))
    }

    fn key(&self) -> String {
        format!("t.{}", quote_identifier(&self.shape.key))
    }

    fn pointer(&self, pointer: Pointer) -> Option<String> {
        self.tree.column(pointer).map(|column| format!("t.{}", quote_identifier(column)))
    }

    fn equal(&self, left: &str, right: &str) -> String {
        format!("{left} {} {right}", self.shape.equals)
    }

    /// The text of the key that an expression points to; null where there is no such row.
    fn target(&self, expression: &str) -> String {
        let key = format!("k.{}", quote_identifier(&self.shape.key));
        let condition = self.equal(&key, expression);
        format!("(SELECT {} FROM {} k WHERE {condition})", text(&key), self.name)
    }

    /// The text of a parent, there or not.
    fn parent(&self, expression: &str) -> String {
        let target = self.target(expression);
        format!(
            "COALESCE({target}, CASE WHEN {expression} IS NOT NULL THEN {} END)",
            text(expression)
        )
    }
}

/// The text of a value, by its type's output function.
fn text(expression: &str) -> String {
    format!("pg_catalog.format('%s', {expression})")
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> query::Parameter {
    parameter(texts.map(str::to_owned).collect::<Vec<_>>())
}

impl Rows for TreeTable<'_> {
    type Error = Error;

    fn around(&mut self, ids: &[&str]) -> Result<Vec<Node>> {
        let key = self.key();
        let prev = self.pointer(Pointer::Prev);
        let leads = prev.as_ref().map_or("false".to_owned(), |prev| format!("{prev} IS NULL"));
        let shown = Pointer::ALL.map(|pointer| match (pointer, self.pointer(pointer)) {
            (_, None) => "NULL::text".to_owned(),
            (Pointer::Parent, Some(column)) => self.parent(&column),
            (_, Some(column)) => self.target(&column),
        });
        let mut near = vec!["SELECT w.id FROM w".to_owned()];
        for pointer in Pointer::ALL {
            let Some(column) = self.pointer(pointer) else { continue };
            let condition = match pointer {
                // Only what a first child could contradict: children can be many.
                Pointer::Parent if self.pointer(Pointer::FirstChild).is_none() => continue,
                Pointer::Parent => format!("{} AND {leads}", self.equal(&column, "w.id")),
                _ => self.equal(&column, "w.id"),
            };
            near.push(format!("SELECT {key} FROM {} t JOIN w ON {condition}", self.name));
        }
        let sql = format!(
            "WITH w AS (SELECT * FROM {}) SELECT {}, {}, {leads}
             FROM {} t JOIN ({}) n(id) ON {}",
            self.wanted(),
            text(&key),
            shown.join(", "),
            self.name,
            near.join(" UNION "),
            self.equal(&key, "n.id")
        );
        let nodes = query::all(&sql, &[texts(ids.iter().copied())], |row| Node {
            id: row.required(1),
            to: [row.get(2), row.get(3), row.get(4), row.get(5)],
            leads: row.required(6),
        });
        Ok(nodes)
    }

    fn along(&mut self, pointer: Pointer, ids: &[&str]) -> Result<Vec<(String, Option<String>)>> {
        let Some(column) = self.pointer(pointer) else { return Ok(Vec::new()) };
        let key = self.key();
        // UNION leaves out rows that it has had, so that a circle ends it. LIMIT has each step look its
        // row up, where a join might read the whole table.
        let sql = format!(
            "WITH RECURSIVE walk(id, ahead) AS (
                 SELECT {key}, {column} FROM {}
                 UNION
                 SELECT step.* FROM walk
                 CROSS JOIN LATERAL (SELECT {key}, {column} FROM {} t WHERE {} LIMIT 1) step)
             SELECT {}, {} FROM walk",
            self.picked(),
            self.name,
            self.equal(&key, "walk.ahead"),
            text("walk.id"),
            self.target("walk.ahead")
        );
        let steps =
            query::all(&sql, &[texts(ids.iter().copied())], |row| (row.required(1), row.get(2)));
        Ok(steps)
    }
}
