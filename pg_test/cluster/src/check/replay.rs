//! The tables as the log tells them.

use crate::events::Event;
use crate::session::Session;
use std::collections::HashMap;

/// Table and record to image, as the text of `jsonb`.
pub type Rows = HashMap<(String, String), String>;

/// Plays the events from empty tables, and checks that each found what it says it found.
pub fn replay(events: &[Event]) -> (Rows, Vec<String>) {
    let mut rows = Rows::new();
    let mut problems = Vec::new();
    for event in events.iter().filter(|event| event.is_of_row() && event.operation != "STALE") {
        let (Some(table), Some(record)) = (&event.table, &event.record) else {
            problems.push(format!("{} has no table or no record", event.sequence));
            continue;
        };
        let key = (table.clone(), record.clone());
        if rows.get(&key) != event.old.as_ref() {
            problems.push(format!(
                "{}: {} of {key:?} found {:?}, but it was {:?}",
                event.sequence,
                event.operation,
                event.old,
                rows.get(&key)
            ));
        }
        let has = (event.old.is_some(), event.new.is_some());
        let expected = match event.operation.as_str() {
            "INSERT" => (false, true),
            "UPDATE" => (true, true),
            _ => (true, false),
        };
        if has != expected {
            problems.push(format!("{}: {} with images {has:?}", event.sequence, event.operation));
        }
        match &event.new {
            Some(new) => rows.insert(key, new.clone()),
            None => rows.remove(&key),
        };
    }
    (rows, problems)
}

/// The rows of the load's tables as they are, by PostgreSQL's own `to_jsonb`.
pub fn rows_of(session: &mut Session) -> Rows {
    let rows = session.client().query(
        "SELECT 'page', id::text, to_jsonb(p)::text FROM page p
         UNION ALL
         SELECT 'label', jsonb_build_array(page, locale)::text, to_jsonb(l)::text FROM label l",
        &[],
    );
    let row = |row: &postgres::Row| ((row.get(0), row.get(1)), row.get(2));
    rows.expect("can read the tables").iter().map(row).collect()
}
