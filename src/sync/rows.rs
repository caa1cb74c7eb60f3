//! A record's events, as the log has them.

use super::waiting::parse_vector;
use crate::error::{Error, Result};
use crate::pg::query::{self, Row, parameter};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use concord_core::event::{Change, RowEvent, Stamp, Touched};
use concord_core::ulid::Ulid;
use serde_json::Value;
use std::collections::BTreeMap;

/// A record by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// `table_schema`
    pub schema: String,
    /// `table_name`
    pub table: String,
    /// `record_id`
    pub record_id: String,
}

impl Record {
    /// Parameters for schema, table and record, in this order.
    pub fn parameters(&self) -> [query::Parameter; 3] {
        [
            parameter(self.schema.as_str()),
            parameter(self.table.as_str()),
            parameter(self.record_id.as_str()),
        ]
    }
}

/// An event with what names it.
pub struct LogEvent {
    /// `event_id`
    pub event_id: Ulid,
    /// The event as the rules see it.
    pub event: RowEvent<Value>,
}

/// All events of a record.
pub fn events_of(record: &Record) -> Result<Vec<LogEvent>> {
    let mut events = Vec::new();
    query::read_latest(
        "SELECT e.event_id, e.hlc, e.origin_node_id, e.node_sequence, e.operation,
                e.touched, e.silent, e.new_values::text, g.observed::text
         FROM concord.change_events e
         JOIN concord.change_events g
           ON g.origin_node_id = e.origin_node_id AND g.node_sequence = e.group_sequence
         WHERE e.table_schema = $1 AND e.table_name = $2 AND e.record_id = $3
           AND e.operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')",
        &record.parameters(),
        |row| events.push(read(row)),
    );
    events.into_iter().collect()
}

fn read(row: &Row) -> Result<LogEvent> {
    let operation: String = row.required(5);
    let touched: Option<Vec<String>> = row.get(6);
    let silent: Option<Vec<String>> = row.get(7);
    let change = match operation.as_str() {
        "INSERT" => Change::Insert,
        "UPDATE" => Change::Update,
        _ => Change::Delete,
    };
    Ok(LogEvent {
        event_id: row.required::<SqlUlid>(1).into(),
        event: RowEvent {
            stamp: Stamp {
                hlc: row.required::<SqlHlc>(2).into(),
                origin: row.required::<SqlUlid>(3).into(),
                sequence: row.required(4),
            },
            change,
            touched: touched
                .map_or(Touched::All, |names| Touched::Columns(names.into_iter().collect())),
            image: row.get::<String>(8).map_or(Ok(BTreeMap::new()), |text| parse_image(&text))?,
            silent: silent.unwrap_or_default().into_iter().collect(),
            observed: row.get::<String>(9).map_or(Ok(Default::default()), |t| parse_vector(&t))?,
        },
    })
}

/// An image as columns with their values; numbers keep their digits.
pub fn parse_image(text: &str) -> Result<BTreeMap<String, Value>> {
    serde_json::from_str(text).map_err(|_| Error::internal("an image is not a JSON object"))
}
