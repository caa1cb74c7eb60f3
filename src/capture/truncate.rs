//! `concord.truncate_trigger`: a BEFORE TRUNCATE trigger that gives every row that goes its event.

use super::memory::RowMemory;
use super::relation;
use super::shape::Tracked;
use super::trigger::{gap, pass};
use crate::capture::image::Imager;
use crate::error::{OrRaise, Result};
use crate::log::context::{self, Context};
use crate::log::event::Captured;
use crate::log::{append, append_gap, control};
use crate::pg::scan::each_row;
use crate::pg::trigger::{self, Protocol};
use crate::pg::tuple::RowValues;
use crate::{pg_function, settings};
use concord_core::operation::Operation;
use pgrx::pg_sys;
use std::rc::Rc;

pg_function!(
    /// `concord.truncate_trigger()`: BEFORE TRUNCATE, FOR EACH STATEMENT. 39P01 when it is used
    /// otherwise.
    truncate_trigger,
    |call| {
        capture(trigger::check(call, "truncate_trigger", Protocol::BeforeTruncate).or_raise()).or_raise();
        pg_sys::Datum::from(0)
    }
);

#[allow(unsafe_code)]
fn capture(data: &pg_sys::TriggerData) -> Result<()> {
    // SAFETY: the trigger manager's data are valid during the call; TRUNCATE holds an access
    // exclusive lock already, so a snapshot taken now sees every row that goes, whatever the
    // transaction's own snapshot sees.
    unsafe {
        let context = context::current();
        let tracked = match relation::of_trigger(data.tg_relation, data.tg_trigger) {
            Ok(tracked) => tracked,
            Err(error) => return pass(data.tg_relation, &context, &error),
        };
        if !settings::capture() {
            return append_gap(&gap(&tracked, &context));
        }
        let descriptor = (*data.tg_relation).rd_att;
        each_row(data.tg_relation, |tuple| {
            record(&tracked, &context, &RowValues::of(tuple, descriptor))
        })
    }
}

fn record(tracked: &Tracked, context: &Rc<Context>, row: &RowValues) -> Result<()> {
    let memory = RowMemory::enter();
    let imager = Imager::new(tracked, &memory);
    let (id, image) = (imager.record_id(row)?, imager.image(row)?);
    append(&Captured {
        table: Some(&tracked.table),
        record_id: Some(&id),
        old_values: Some(&image),
        base_version: tracked.version_of(row),
        ..control(Operation::Truncate, context)
    })?;
    Ok(())
}
