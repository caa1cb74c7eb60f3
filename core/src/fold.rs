//! The fold: the state of a row as a pure function of the set of its events.
//!
//! A column has the value of the greatest event that decides it; the row exists unless the greatest
//! event of all is a DELETE. An event gives way to one that was written in knowledge of it, whatever
//! their clocks say: after a clock was set back they can disagree. The order in which events came
//! does not matter, nor does how often.

use crate::event::{Change, RowEvent, Stamp};
use std::collections::BTreeMap;

/// A row that exists: each column's value, with the event that gave it.
pub type FoldedRow<'a, V> = BTreeMap<&'a str, (&'a V, Stamp)>;

/// The state of the row, or `None` where it does not exist.
pub fn fold<'a, V>(events: impl IntoIterator<Item = &'a RowEvent<V>>) -> Option<FoldedRow<'a, V>> {
    let events = newest_first(events);
    if newest(&events, |_| true)?.change == Change::Delete {
        return None;
    }
    let mut row = FoldedRow::new();
    for event in &events {
        for column in event.image.keys() {
            if row.contains_key(column.as_str()) {
                continue;
            }
            // What nobody decided is older than the log: every image that shows it shows the same.
            let giver = newest(&events, |e| e.decides(column))
                .or_else(|| newest(&events, |e| e.image.contains_key(column)));
            if let Some(giver) = giver {
                row.insert(column, (&giver.image[column], giver.stamp));
            }
        }
    }
    Some(row)
}

/// What is shown instead where the fold breaks a constraint that each of its writers kept: the whole
/// image of the greatest event that left one.
pub fn whole_image<'a, V>(
    events: impl IntoIterator<Item = &'a RowEvent<V>>,
) -> Option<FoldedRow<'a, V>> {
    let events = newest_first(events);
    let last = newest(&events, |event| event.change != Change::Delete)?;
    Some(last.image.iter().map(|(column, value)| (column.as_str(), (value, last.stamp))).collect())
}

fn newest_first<'a, V>(events: impl IntoIterator<Item = &'a RowEvent<V>>) -> Vec<&'a RowEvent<V>> {
    let mut events: Vec<&RowEvent<V>> = events.into_iter().collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.stamp));
    events
}

/// The greatest event of these that none of them has overruled in knowledge of it.
fn newest<'a, V>(
    newest_first: &[&'a RowEvent<V>],
    counts: impl Fn(&RowEvent<V>) -> bool,
) -> Option<&'a RowEvent<V>> {
    newest_first.iter().enumerate().filter(|(_, event)| counts(event)).find_map(|(i, event)| {
        let overruled =
            newest_first[i + 1..].iter().any(|later| counts(later) && later.saw(&event.stamp));
        (!overruled).then_some(*event)
    })
}
