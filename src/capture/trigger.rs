//! `concord.capture_trigger`: an AFTER ROW trigger that turns a change into an event.

use super::memory::RowMemory;
use super::moves::{self, Moved};
use super::relation;
use super::shape::{Tracked, root_of, table_of};
use super::unchanged::{Changed, compare};
use crate::capture::applying::applying;
use crate::capture::brought;
use crate::capture::image::Imager;
use crate::error::{Error, OrRaise, Result};
use crate::log::context::{self, Context};
use crate::log::event::Captured;
use crate::log::{Link, append, append_gap, control, link};
use crate::pg::trigger::{self, Protocol};
use crate::pg::tuple::RowValues;
use crate::pg::varlena::text_array;
use crate::{pg_function, settings};
use concord_core::operation::Operation;
use concord_core::options::{Options, Policy};
use pgrx::pg_sys;
use serde_json::{Map, Value, json};
use std::rc::Rc;

pg_function!(
    /// `concord.capture_trigger()`: AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW, with `name=value`
    /// arguments. 39P01 when it is used otherwise.
    capture_trigger,
    |call| {
        capture(trigger::check(call, "capture_trigger", Protocol::AfterRow).or_raise()).or_raise();
        pg_sys::Datum::from(0)
    }
);

#[allow(unsafe_code)]
fn capture(data: &pg_sys::TriggerData) -> Result<()> {
    // SAFETY: the trigger manager's data are valid during the call.
    unsafe {
        if applying() {
            return Ok(());
        }
        let context = context::current();
        let tracked = match relation::of_trigger(data.tg_relation, data.tg_trigger) {
            Ok(tracked) => tracked,
            Err(error) => return pass(data.tg_relation, &context, &error),
        };
        if !settings::capture() {
            return append_gap(&gap(&tracked, &context));
        }
        let memory = RowMemory::enter();
        let mut change =
            Capture { tracked: &tracked, context: &context, memory: &memory, command: 0 };
        let descriptor = (*data.tg_relation).rd_att;
        let (old, new) = (data.tg_trigtuple, data.tg_newtuple);
        match data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_INSERT => {
                change.command = moves::inserting_command(old);
                change.insert(&RowValues::of(old, descriptor))
            }
            pg_sys::TRIGGER_EVENT_DELETE => {
                change.command = moves::deleting_command(old);
                change.delete(&RowValues::of(old, descriptor), moves::is_moved(old))
            }
            _ => {
                change.command = moves::inserting_command(new);
                change.update(&RowValues::of(old, descriptor), &RowValues::of(new, descriptor))
            }
        }
    }
}

/// Lets a change of a table pass whose shape the event trigger has not seen, and which cannot be captured: the
/// application's write is not to fail for that. The log says so.
///
/// # Safety
/// The relation is open.
#[allow(unsafe_code)]
pub unsafe fn pass(relation: pg_sys::Relation, context: &Rc<Context>, error: &Error) -> Result<()> {
    // SAFETY: by the caller's promise.
    let table = table_of(root_of(unsafe { (*relation).rd_id }), None, &Options::default())?;
    let metadata = json!({"reason": error.message}).to_string();
    append_gap(&Captured {
        table: Some(&table),
        metadata: Some(metadata.as_bytes()),
        ..control(Operation::Gap, context)
    })
}

/// Says that changes of a table go uncaptured.
pub fn gap<'a>(tracked: &'a Tracked, context: &'a Rc<Context>) -> Captured<'a> {
    Captured {
        table: Some(&tracked.table),
        metadata: Some(br#"{"reason": "concord.capture is off"}"#),
        ..control(Operation::Gap, context)
    }
}

/// A change on its way into the buffer.
struct Capture<'a> {
    tracked: &'a Tracked,
    context: &'a Rc<Context>,
    memory: &'a RowMemory,
    /// The command that made it.
    command: u32,
}

impl Capture<'_> {
    fn insert(&self, new: &RowValues) -> Result<()> {
        brought::forget(self.tracked, new);
        let imager = Imager::new(self.tracked, self.memory);
        let (id, image) = (imager.record_id(new)?, imager.image(new)?);
        let mut notes = self.redaction(self.tracked.redacted.iter().map(|c| c.name.as_str()));
        if let Some(moved) = moves::take(self.tracked.root, self.command) {
            if moved.record_id == id {
                link(moved.position, Link::Dropped);
                let event = Captured {
                    record_id: Some(&id),
                    old_values: Some(&moved.image),
                    new_values: Some(&image),
                    base_version: moved.base_version,
                    ..self.event(Operation::Update)
                };
                return push(event, notes);
            }
            link(moved.position, Link::MovedTo(text_of(&id)));
            notes.insert("moved_from".into(), json!(text_of(&moved.record_id)));
        }
        let event = Captured {
            record_id: Some(&id),
            new_values: Some(&image),
            ..self.event(Operation::Insert)
        };
        push(event, notes)
    }

    fn delete(&self, old: &RowValues, moved: bool) -> Result<()> {
        let imager = Imager::new(self.tracked, self.memory);
        let (record_id, image) = (imager.record_id(old)?, imager.image(old)?);
        let base_version = self.tracked.version_of(old);
        let position = append(&Captured {
            record_id: Some(&record_id),
            old_values: Some(&image),
            base_version,
            ..self.event(Operation::Delete)
        })?;
        if moved {
            let (root, command) = (self.tracked.root, self.command);
            moves::keep(Moved { root, command, position, record_id, image, base_version });
        }
        Ok(())
    }

    fn update(&self, old: &RowValues, new: &RowValues) -> Result<()> {
        let change = compare(self.tracked, old, new);
        if change.is_nothing() {
            return Ok(());
        }
        let imager = Imager::new(self.tracked, self.memory);
        let (old_image, new_image) = (imager.image(old)?, imager.image(new)?);
        let base = self.tracked.version_of(old);
        let new_id = imager.record_id(new)?;
        let mut notes = self.redaction(change.redacted.iter().copied());
        if change.columns.iter().any(|i| self.tracked.record_key.contains(i)) {
            let old_id = imager.record_id(old)?;
            if old_id != new_id {
                self.delete_for(&old_id, &old_image, &new_id, base)?;
                notes.insert("moved_from".into(), json!(text_of(&old_id)));
                let event = Captured {
                    record_id: Some(&new_id),
                    new_values: Some(&new_image),
                    base_version: base,
                    ..self.event(Operation::Insert)
                };
                return push(event, notes);
            }
        }
        let touched = self.touched(&change);
        let event = Captured {
            record_id: Some(&new_id),
            old_values: Some(&old_image),
            new_values: Some(&new_image),
            touched: touched.as_deref(),
            base_version: base,
            ..self.event(Operation::Update)
        };
        push(event, notes)
    }

    /// The DELETE of a record whose row goes on under another key.
    fn delete_for(&self, id: &[u8], image: &[u8], to: &[u8], base: Option<i64>) -> Result<()> {
        let notes = Map::from_iter([("moved_to".into(), json!(text_of(to)))]);
        let event = Captured {
            record_id: Some(id),
            old_values: Some(image),
            base_version: base,
            ..self.event(Operation::Delete)
        };
        push(event, notes)
    }

    fn redaction<'n>(&self, changed: impl Iterator<Item = &'n str>) -> Map<String, Value> {
        let names: Vec<&str> = changed.collect();
        match names.is_empty() {
            true => Map::new(),
            false => Map::from_iter([("redacted".into(), json!(names))]),
        }
    }

    /// Under `merge`, the changed columns, widened to their groups.
    fn touched(&self, change: &Changed<'_>) -> Option<Vec<u8>> {
        if self.tracked.options.conflict_policy != Policy::Merge {
            return None;
        }
        let mut touched = vec![false; self.tracked.columns.len()];
        for &i in &change.columns {
            touched[i] = true;
        }
        // Every write brings a version; the last one's stands.
        if let Some(version) = &self.tracked.version {
            let column = self.tracked.columns.iter().position(|c| c.index == version.index);
            column.into_iter().for_each(|i| touched[i] = true);
        }
        for group in &self.tracked.groups {
            if group.iter().any(|i| change.columns.contains(i)) {
                group.iter().for_each(|&i| touched[i] = true);
            }
        }
        let columns = self.tracked.columns.iter().zip(&touched);
        let names: Vec<&str> = columns
            .filter(|(_, touched)| **touched)
            .map(|(column, _)| column.name.as_str())
            .collect();
        Some(text_array(&names))
    }

    /// An event of the table that says nothing yet.
    fn event(&self, operation: Operation) -> Captured<'_> {
        Captured {
            table: Some(&self.tracked.table),
            command: self.command,
            ..control(operation, self.context)
        }
    }
}

/// Buffers an event with notes for its `metadata`.
fn push(event: Captured<'_>, notes: Map<String, Value>) -> Result<()> {
    let notes = (!notes.is_empty()).then(|| Value::Object(notes).to_string());
    append(&Captured { metadata: notes.as_deref().map(str::as_bytes), ..event })?;
    Ok(())
}

/// The text of a `text` value with a four-byte header.
fn text_of(varlena: &[u8]) -> String {
    String::from_utf8_lossy(&varlena[4..]).into_owned()
}
