//! An event on its way into the log.

use crate::log::context::Context;
use crate::pg::varlena::Varlena;
use concord_core::operation::Operation;
use std::rc::Rc;

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
