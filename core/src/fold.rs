//! The fold: the state of a row as a pure function of the set of its events.
//!
//! A column has the value of the greatest event that decides it; the row exists unless the greatest
//! event of all is a DELETE. The order in which events came does not matter, nor does how often.

use crate::event::{Change, RowEvent};
use std::collections::BTreeMap;

/// A row that exists, column by column.
pub type Row<'a, V> = BTreeMap<&'a str, &'a V>;

/// The state of the row, or `None` where it does not exist.
pub fn fold<'a, V>(events: impl IntoIterator<Item = &'a RowEvent<V>>) -> Option<Row<'a, V>> {
    let mut events: Vec<&RowEvent<V>> = events.into_iter().collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.stamp));
    if events.first()?.change == Change::Delete {
        return None;
    }
    let mut row = Row::new();
    for event in events {
        for (column, value) in event.decided() {
            row.entry(column).or_insert(value);
        }
    }
    Some(row)
}

/// What is shown instead where the fold breaks a constraint that each of its writers kept: the whole
/// image of the greatest event that left one.
pub fn whole_image<'a, V>(events: impl IntoIterator<Item = &'a RowEvent<V>>) -> Option<Row<'a, V>> {
    let last = events
        .into_iter()
        .filter(|event| event.change != Change::Delete)
        .max_by_key(|event| event.stamp)?;
    Some(last.image.iter().map(|(column, value)| (column.as_str(), value)).collect())
}
