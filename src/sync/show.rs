//! Bringing a table's row to its fold. What cannot be shown is pending, alone.

#![allow(unsafe_code)]

use super::foreign;
use super::rows::{LogEvent, Record, events_of, parse_image};
use super::statements::Target;
use crate::capture::current::{key_parameters, key_values, row_image};
use crate::error::{OrRaise, Result};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::owner::AsTableOwner;
use crate::pg::query::{self, parameter};
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::fold::{Row, fold, whole_image};
use concord_core::ulid::Ulid;
use pgrx::{JsonB, pg_sys};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why a row is not shown.
struct Obstacle {
    reason: &'static str,
    detail: String,
    /// A unique value was taken.
    taken: bool,
}

/// Locks the record's row, where there is one.
pub fn lock(record: &Record) -> Result<()> {
    if let Some(target) = Target::find(&record.schema, &record.table)? {
        let _owner = AsTableOwner::of(target.tracked.root);
        fetch(&target, record)?;
    }
    Ok(())
}

/// A row that went, or changed what others may refer to: its table and its image before.
pub struct Gone {
    /// The root of the table's partition tree.
    pub relation: pg_sys::Oid,
    /// The image.
    pub image: Value,
}

/// Brings the records' rows to their folds, or notes why not; then sees to foreign keys.
pub fn show_all(records: &[Record]) -> Result<()> {
    let mut gone = Vec::new();
    for record in records {
        let mut events = events_of(record)?;
        let mut obstacle = try_show(record, &events, &mut gone)?;
        if obstacle.as_ref().is_some_and(|obstacle| obstacle.taken) {
            // Another transaction may have inserted the row, and logged it, meanwhile.
            events = events_of(record)?;
            obstacle = try_show(record, &events, &mut gone)?;
        }
        match obstacle {
            None => forget_pending(record),
            Some(obstacle) => note_pending(record, &events, &obstacle),
        }
    }
    foreign::settle(records, gone)
}

/// Takes a record's row out of its table until its obstacle goes; what went with it, if it was there.
pub fn hide(record: &Record, detail: &str) -> Result<Option<Gone>> {
    let mut gone = Vec::new();
    if let Some(target) = Target::find(&record.schema, &record.table)? {
        write_difference(&target, record, None, &mut gone)?;
    }
    let obstacle = Obstacle { reason: "constraint", detail: detail.to_owned(), taken: false };
    note_pending(record, &events_of(record)?, &obstacle);
    Ok(gone.pop())
}

/// Tries again every row that is pending.
pub fn retry() -> Result<()> {
    let mut records = Vec::new();
    query::read_latest(
        "SELECT table_schema, table_name, record_id FROM concord.pending_rows
         ORDER BY table_schema, table_name, record_id",
        &[],
        |row| {
            records.push(Record {
                schema: row.required(1),
                table: row.required(2),
                record_id: row.required(3),
            });
        },
    );
    show_all(&records)
}

fn try_show(
    record: &Record,
    events: &[LogEvent],
    gone: &mut Vec<Gone>,
) -> Result<Option<Obstacle>> {
    let Some(target) = Target::find(&record.schema, &record.table)? else {
        let detail = format!("{}.{} is not a tracked table here", record.schema, record.table);
        return Ok(Some(Obstacle { reason: "missing_table", detail, taken: false }));
    };
    let row_events = || events.iter().map(|event| &event.event);
    let Some(row) = fold(row_events()) else {
        return Ok(write(&target, record, None, gone).err());
    };
    if let Some(column) = target.missing_column(&row) {
        let detail = format!("column \"{column}\" does not exist");
        return Ok(Some(Obstacle { reason: "schema_mismatch", detail, taken: false }));
    }
    let Err(obstacle) = write(&target, record, Some(&row), gone) else { return Ok(None) };
    // Edits that each kept a constraint may break it together: then one of them is shown whole.
    match whole_image(row_events()) {
        Some(whole) if obstacle.reason == "constraint" && whole != row => {
            Ok(write(&target, record, Some(&whole), gone).err())
        }
        _ => Ok(Some(obstacle)),
    }
}

/// Writes the difference between the table's row and `image`, in a subtransaction. Only what the
/// data are to blame for is an obstacle; everything else fails the call, which can be repeated.
fn write(
    target: &Target,
    record: &Record,
    image: Option<&Row<'_, Value>>,
    gone: &mut Vec<Gone>,
) -> std::result::Result<(), Obstacle> {
    attempt(|| write_difference(target, record, image, gone).or_raise(), is_data_error).map_err(
        |failure| Obstacle {
            reason: if failure.class() == "23" { "constraint" } else { "schema_mismatch" },
            taken: failure.sqlstate == "23505",
            detail: failure.message,
        },
    )
}

/// Data exception, integrity constraint violation, syntax error or access rule violation.
fn is_data_error(failure: &Failure) -> bool {
    matches!(failure.class(), "22" | "23" | "42")
}

fn write_difference(
    target: &Target,
    record: &Record,
    image: Option<&Row<'_, Value>>,
    gone: &mut Vec<Gone>,
) -> Result<()> {
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    let _owner = AsTableOwner::of(target.tracked.root);
    match (fetch(target, record)?, image) {
        (None, None) => {}
        (Some(current), None) => {
            query::write(&target.delete(), &keys, |_| {});
            gone.push(Gone::of(target, current));
        }
        (None, Some(image)) => {
            let defaults = Value::Object(target.tracked.options.redact_default.clone());
            let parameters = [parameter(as_json(image)), parameter(JsonB(defaults))];
            query::write(&target.insert(image), &parameters, |_| {});
        }
        (Some(current), Some(image)) => {
            if image.iter().any(|(name, value)| current.get(*name) != Some(*value)) {
                let parameters = [&[parameter(as_json(image))], &keys[..]].concat();
                query::write(&target.update(image), &parameters, |_| {});
                gone.push(Gone::of(target, current));
            }
        }
    }
    Ok(())
}

impl Gone {
    fn of(target: &Target, image: BTreeMap<String, Value>) -> Gone {
        Gone { relation: target.tracked.root, image: Value::Object(image.into_iter().collect()) }
    }
}

/// The row as the table has it, locked.
fn fetch(target: &Target, record: &Record) -> Result<Option<BTreeMap<String, Value>>> {
    let keys = key_values(&target.tracked, &record.record_id)?;
    let mut image = None;
    query::write(&target.select(), &key_parameters(&keys), |row| {
        // SAFETY: the column is the whole row of the tracked table.
        image = Some(unsafe { row_image(&target.tracked, row.datum(1)) });
    });
    let Some(image) = image else { return Ok(None) };
    parse_image(&query::jsonb_text(&image?)).map(Some)
}

fn as_json(image: &Row<'_, Value>) -> JsonB {
    let fields = image.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone()));
    JsonB(Value::Object(fields.collect()))
}

fn note_pending(record: &Record, events: &[LogEvent], obstacle: &Obstacle) {
    let last = events.iter().max_by_key(|event| event.event.stamp);
    let event_id = last.map_or(Ulid::from_bytes([0; 16]), |event| event.event_id);
    let [schema, table, id] = record.parameters();
    query::write(
        "INSERT INTO concord.pending_rows AS p
             (table_schema, table_name, record_id, event_id, reason, detail)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (record_id, table_name, table_schema) DO UPDATE
         SET event_id = excluded.event_id, reason = excluded.reason, detail = excluded.detail",
        &[
            schema,
            table,
            id,
            parameter(SqlUlid::from(event_id)),
            parameter(obstacle.reason),
            parameter(obstacle.detail.as_str()),
        ],
        |_| {},
    );
}

fn forget_pending(record: &Record) {
    query::write(
        "DELETE FROM concord.pending_rows
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3",
        &record.parameters(),
        |_| {},
    );
}
