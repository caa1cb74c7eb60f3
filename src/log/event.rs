//! An event on its way into the log.

#![allow(unsafe_code)]

use crate::log::context::Context;
use crate::pg::varlena::Varlena;
use std::rc::Rc;

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// A row came.
    Insert,
    /// A row changed.
    Update,
    /// A row went.
    Delete,
    /// A row went with all others of its table.
    Truncate,
    /// A write was made from a version that no longer stood.
    Stale,
    /// A node tells of itself.
    Node,
    /// A number whose transaction died.
    Void,
    /// The shape or the capture of a tracked table changed.
    Ddl,
    /// Changes were not captured.
    Gap,
    /// Somebody decided a conflict, or opened it again.
    Resolve,
}

impl Operation {
    const ALL: [Operation; 10] = [
        Operation::Insert,
        Operation::Update,
        Operation::Delete,
        Operation::Truncate,
        Operation::Stale,
        Operation::Node,
        Operation::Void,
        Operation::Ddl,
        Operation::Gap,
        Operation::Resolve,
    ];

    /// The operation of a code that `as u8` gave.
    pub fn from_code(code: u8) -> Option<Operation> {
        Self::ALL.get(code as usize).copied()
    }

    /// As `change_events.operation` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Insert => "INSERT",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Truncate => "TRUNCATE",
            Operation::Stale => "STALE",
            Operation::Node => "NODE",
            Operation::Void => "VOID",
            Operation::Ddl => "DDL",
            Operation::Gap => "GAP",
            Operation::Resolve => "RESOLVE",
        }
    }
}

/// The table that events are about: the root of a partition tree under its own name.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// `table_schema`
    pub schema: Varlena,
    /// `table_name`
    pub name: Varlena,
    /// `silent`: columns in which a difference is no conflict, as `text[]`
    pub silent: Option<Varlena>,
}

/// A captured change or a control event, before it has a number. Byte slices are complete varlenas.
#[derive(Clone, Copy)]
pub struct Captured<'a> {
    /// `operation`
    pub operation: Operation,
    /// The table, where the event is about one.
    pub table: Option<&'a Rc<Table>>,
    /// The application's context.
    pub context: &'a Rc<Context>,
    /// `record_id`, as `text`
    pub record_id: Option<&'a [u8]>,
    /// `old_values`, as `jsonb`
    pub old_values: Option<&'a [u8]>,
    /// `new_values`, as `jsonb`
    pub new_values: Option<&'a [u8]>,
    /// `touched`, as `text[]`
    pub touched: Option<&'a [u8]>,
    /// A JSON object to add to `metadata`.
    pub metadata: Option<&'a [u8]>,
    /// `base_version`
    pub base_version: Option<i64>,
    /// The command that made the change: events are in the order of commands.
    pub command: u32,
}
