//! Rows that are not shown as their fold: why, and which values they claim all the same.

use crate::error::Result;
use crate::pg::query::{self, parameter};
use crate::pg::{catalog, scan};
use crate::sync::decide::case::Case;
use crate::sync::decide::obstacle::{Form, Obstacle, PendingReason};
use crate::sync::record::Record;
use crate::types::parameter::{ulid, vector, word, word_if};
use concord_core::event::Vector;
use concord_core::names::TableName;
use concord_core::ulid::Ulid;

/// Whether any row is not shown as its fold.
pub fn is_any() -> Result<bool> {
    Ok(!scan::is_empty(catalog::pending()?)?)
}

/// What a writer of a row could not know of, where its table does not show it as its fold.
pub struct Unshown {
    /// Per node the first number whose effect the row does not show, as JSON.
    pub unseen: String,
    /// The write decides the whole row: others' edits of single columns do not show in it.
    pub whole: bool,
}

/// How the row that an event is about was shown when it was written.
pub fn unshown(record: &Record) -> Option<Unshown> {
    query::one(
        "SELECT unseen::text, reason <> 'row_locked' FROM concord.pending_rows
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3",
        &record.parameters(),
        |row| Unshown { unseen: row.required(1), whole: row.required(2) },
    )
}

/// The tables that have such rows.
pub fn tables() -> Vec<TableName> {
    query::all("SELECT DISTINCT table_schema, table_name FROM concord.pending_rows", &[], |row| {
        row.table(1)
    })
}

/// All such rows, in (table, record) order.
pub fn all() -> Vec<Record> {
    query::all(
        "SELECT table_schema, table_name, record_id FROM concord.pending_rows
         ORDER BY table_schema, table_name, record_id",
        &[],
        Record::read,
    )
}

/// The row is shown as its fold.
pub fn forget(record: &Record) {
    let gone = query::run(
        "DELETE FROM concord.pending_rows
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3",
        &record.parameters(),
    );
    if gone > 0 {
        forget_claims(record);
    }
}

fn forget_claims(record: &Record) {
    query::run(
        "DELETE FROM concord._claims
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3",
        &record.parameters(),
    );
}

/// The row is not shown, or not shown as its fold. `unseen`: what a writer of this row cannot know of.
pub fn note(
    record: &Record,
    case: &Case,
    obstacle: Option<&Obstacle>,
    form: Option<Form>,
    unseen: &Vector,
) {
    let [schema, table, id] = record.parameters();
    let event_id = case.last_event().map_or(Ulid::from_bytes([0; 16]), |event| event.event_id);
    query::run(
        "INSERT INTO concord.pending_rows AS p
             (table_schema, table_name, record_id, event_id, reason, detail, form, unseen)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (record_id, table_name, table_schema) DO UPDATE
         SET event_id = excluded.event_id, reason = excluded.reason, detail = excluded.detail,
             form = excluded.form,
             unseen = CASE WHEN excluded.form IS NULL THEN excluded.unseen || p.unseen ELSE '{}' END",
        &[
            schema,
            table,
            id,
            ulid(event_id),
            word(obstacle.map_or(PendingReason::Constraint, |obstacle| obstacle.reason)),
            parameter(obstacle.map(|obstacle| obstacle.detail.as_str())),
            word_if(form),
            vector(unseen.iter()),
        ],
    );
    note_claims(record, case, form);
}

/// Claims are kept for rows that the tables' own indexes do not show.
fn note_claims(record: &Record, case: &Case, form: Option<Form>) {
    forget_claims(record);
    let parents = case.keys.parents.iter().filter(|_| form.is_none());
    for (name, key) in case.keys.unique.iter().chain(parents) {
        let [schema, table, id] = record.parameters();
        query::run(
            "INSERT INTO concord._claims (table_schema, table_name, record_id, constraint_name, key_hash)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            &[schema, table, id, parameter(&**name), parameter(*key)],
        );
    }
}

/// What a record that is not shown as its fold claims.
pub fn claims_of(record: &Record) -> Vec<(String, i64)> {
    query::all(
        "SELECT constraint_name, key_hash FROM concord._claims
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3",
        &record.parameters(),
        |row| (row.required(1), row.required(2)),
    )
}

/// The records of this one's table that claim a value without showing it.
pub fn claimants(record: &Record, constraint: &str, key: i64) -> Vec<Record> {
    waiting(&record.table, constraint, key)
}

/// The records of a table that claim a value, or refer to one, without showing it.
pub fn waiting(table: &TableName, constraint: &str, key: i64) -> Vec<Record> {
    let [schema, name] = query::table(table);
    query::all(
        "SELECT table_schema, table_name, record_id FROM concord._claims
         WHERE constraint_name = $1 AND key_hash = $2 AND table_schema = $3 AND table_name = $4
         ORDER BY record_id",
        &[parameter(constraint), parameter(key), schema, name],
        Record::read,
    )
}
