//! What `track_tree` declared, as rows of `concord.trees`.

use crate::error::Result;
use crate::pg::query::{self, Parameter};
use crate::pg::{catalog, scan};
use concord_core::names::TableName;
use concord_core::tree::Pointer;
use pgrx::pg_sys;
use std::collections::BTreeSet;

/// A declared tree, of a table that is tracked.
pub struct Tree {
    /// The table's name.
    pub table: TableName,
    /// The columns, as [`Pointer::ALL`] orders them.
    pub columns: [Option<String>; 4],
    /// The table.
    pub relation: pg_sys::Oid,
    /// Every row is to be looked at.
    pub is_new: bool,
    /// Rows that were pending when it was last looked at.
    pub unshown: Vec<String>,
}

impl Tree {
    /// Parameters for schema and table, in this order.
    pub fn parameters(&self) -> [Parameter; 2] {
        query::table(&self.table)
    }

    /// The pointers that have a column.
    pub fn declared(&self) -> BTreeSet<Pointer> {
        Pointer::ALL.into_iter().filter(|pointer| self.column(*pointer).is_some()).collect()
    }

    /// The column of a pointer.
    pub fn column(&self, pointer: Pointer) -> Option<&str> {
        self.columns[pointer as usize].as_deref()
    }
}

/// Whether any table has a tree.
pub fn any() -> Result<bool> {
    Ok(!scan::is_empty(catalog::trees()?)?)
}

/// All trees of tracked tables.
pub fn all() -> Vec<Tree> {
    query::all(
        "SELECT t.table_schema, t.table_name, t.parent, t.first_child, t.next, t.prev, c.oid,
                t.checked IS NULL, t.unshown
         FROM concord.trees t
         JOIN pg_catalog.pg_namespace n ON n.nspname = t.table_schema
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name
         WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger g
                       WHERE g.tgrelid = c.oid AND g.tgparentid = 0
                         AND g.tgfoid = 'concord.capture_trigger()'::pg_catalog.regprocedure)
         ORDER BY t.table_schema, t.table_name",
        &[],
        |row| Tree {
            table: row.table(1),
            columns: [row.get(3), row.get(4), row.get(5), row.get(6)],
            relation: row.required(7),
            is_new: row.required(8),
            unshown: row.required(9),
        },
    )
}
