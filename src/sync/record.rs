//! A record's events, as the log has them, and what they fold to.

use crate::error::{Error, OrRaise, Result};
use crate::log::sql::of_row;
use crate::pg::query::{self, Row, Snapshot, parameter};
use crate::pg_function;
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use crate::vector::parse_vector;
use concord_core::event::{RowEvent, Stamp, Touched};
use concord_core::fold;
use concord_core::names::TableName;
use concord_core::operation::Operation;
use concord_core::ulid::Ulid;
use pgrx::{IntoDatum, JsonB, pg_sys};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A record by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// The table.
    pub table: TableName,
    /// `record_id`
    pub record_id: String,
}

impl Record {
    /// From three columns of a result, in this order.
    pub fn read(row: &Row) -> Record {
        Record { table: row.table(1), record_id: row.required(3) }
    }

    /// Parameters for schema, table and record, in this order.
    pub fn parameters(&self) -> [query::Parameter; 3] {
        let [schema, table] = query::table(&self.table);
        [schema, table, parameter(self.record_id.as_str())]
    }
}

/// An event with what names it.
pub struct LogEvent {
    /// `event_id`
    pub event_id: Ulid,
    /// The event as the rules see it.
    pub event: RowEvent<Value>,
}

/// What a record's events make of it: an image, and which event gave each column.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The image.
    pub image: Map<String, Value>,
    stamps: BTreeMap<String, Stamp>,
}

impl State {
    fn of(row: fold::FoldedRow<'_, Value>) -> State {
        let stamps = row.iter().map(|(column, (_, stamp))| ((*column).to_owned(), *stamp));
        let stamps = stamps.collect();
        let image = row.into_iter().map(|(column, (value, _))| (column.to_owned(), value.clone()));
        State { image: image.collect(), stamps }
    }

    /// The fold; `None` where the record does not exist.
    pub fn fold(events: &[LogEvent]) -> Option<State> {
        fold::fold(events.iter().map(|event| &event.event)).map(State::of)
    }

    /// The whole image of the greatest event that left one.
    pub fn whole(events: &[LogEvent]) -> Option<State> {
        fold::whole_image(events.iter().map(|event| &event.event)).map(State::of)
    }

    /// The greatest of the events that gave these columns.
    pub fn stamp_of(&self, columns: &[String]) -> Option<Stamp> {
        columns.iter().filter_map(|column| self.stamps.get(column)).max().copied()
    }
}

/// The events as the rules see them that a condition is true for.
fn events_where(condition: &str) -> String {
    format!(
        "SELECT e.event_id, e.hlc, e.origin_node_id, e.node_sequence, e.operation,
                e.touched, e.silent, e.new_values::text, g.observed::text,
                (e.metadata -> 'unseen')::text
         FROM concord.change_events e
         JOIN concord.change_events g
           ON g.origin_node_id = e.origin_node_id AND g.node_sequence = e.group_sequence
         WHERE {of_row} AND {condition}",
        of_row = of_row("e")
    )
}

/// All events of a record.
pub fn events_of(record: &Record) -> Result<Vec<LogEvent>> {
    let events = query::all(
        &events_where("e.table_schema = $1 AND e.table_name = $2 AND e.record_id = $3"),
        &record.parameters(),
        read,
    );
    events.into_iter().collect()
}

pg_function!(
    /// `concord.fold_events(ulid[]) → jsonb`: the fold of the record's events with these ids, read with
    /// the caller's rights; null where they leave no row.
    fold_events,
    |call| {
        // SAFETY: a catalog look-up by object id.
        let ids = (unsafe { pg_sys::get_array_type(SqlUlid::oid()) }, call.datum(0));
        let events = Snapshot::Active.all(
            &events_where("e.event_id = ANY ($1)"),
            &[ids],
            read,
        );
        let events: Result<Vec<LogEvent>> = events.into_iter().collect();
        let state = State::fold(&events.or_raise());
        let image = state.and_then(|state| JsonB(Value::Object(state.image)).into_datum());
        image.unwrap_or_else(|| call.null())
    }
);

fn read(row: &Row) -> Result<LogEvent> {
    let touched: Option<Vec<String>> = row.get(6);
    let silent: Option<Vec<String>> = row.get(7);
    let change = row.word::<Operation>(5).change();
    let vector =
        |column| row.get::<String>(column).map_or(Ok(Default::default()), |t| parse_vector(&t));
    Ok(LogEvent {
        event_id: row.required::<SqlUlid>(1).into(),
        event: RowEvent {
            stamp: Stamp {
                hlc: row.required::<SqlHlc>(2).into(),
                origin: row.required::<SqlUlid>(3).into(),
                sequence: row.required(4),
            },
            change: change.ok_or_else(|| Error::internal("not an event of a row"))?,
            touched: touched
                .map_or(Touched::All, |names| Touched::Columns(names.into_iter().collect())),
            image: row
                .get::<String>(8)
                .map_or(Ok(Map::new()), |text| parse_image(&text))?
                .into_iter()
                .collect(),
            silent: silent.unwrap_or_default().into_iter().collect(),
            observed: vector(9)?,
            // The application's own metadata can have such a key, too.
            unseen: vector(10).unwrap_or_default(),
        },
    })
}

/// An image as columns with their values; numbers keep their digits.
pub fn parse_image(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|_| Error::internal("an image is not a JSON object"))
}
