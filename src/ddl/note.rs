//! DDL events: what changed about a tracked table or its capture, told to all nodes.

use crate::ddl::registry::Watched;
use crate::error::Result;
use crate::log::event::{Captured, Table};
use crate::log::{append, context, control};
use crate::pg::varlena::Varlena;
use concord_core::operation::Operation;
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, DDL is concord's own and no news.
pub struct Quiet;

impl Quiet {
    /// Starts the silence; `None` when it reigns already.
    pub fn enter() -> Option<Quiet> {
        (!QUIET.replace(true)).then(|| Quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(false);
    }
}

/// Puts a DDL event into the log.
pub fn note(table: &Watched, what: Value) -> Result<()> {
    let name = Rc::new(Table {
        schema: Varlena::text(&table.name.schema),
        name: Varlena::text(&table.name.name),
        silent: None,
    });
    let text = what.to_string();
    let context = context::current();
    append(&Captured {
        table: Some(&name),
        metadata: Some(text.as_bytes()),
        ..control(Operation::Ddl, &context)
    })?;
    Ok(())
}
