//! What must be true of a log. Each check returns what is wrong, in words.

mod accounts;
mod density;
mod order;
mod replay;
#[cfg(test)]
mod tests;

pub use accounts::accounts;
pub use density::density;
pub use order::commit_order;
pub use replay::{Rows, replay, rows_of};

use crate::events::{self, Event};
use crate::load::{Attempt, Seen};
use crate::session::Session;

/// Panics when a check found something.
#[track_caller]
pub fn nothing_wrong(what: &str, problems: &[String]) {
    let shown = problems.iter().take(20).map(|problem| format!("\n    {problem}"));
    assert!(problems.is_empty(), "{what}: {} wrong{}", problems.len(), shown.collect::<String>());
}

/// All checks of the log that a load left behind; returns its events.
#[track_caller]
pub fn whole_log(session: &mut Session, first_rows: i64, attempts: &[Attempt]) -> Vec<Event> {
    let events = events::read(session);
    nothing_wrong("numbering", &density(&events));
    nothing_wrong("events and commits", &accounts(&events, first_rows, attempts));
    nothing_wrong("order of commits", &commit_order(&events, attempts));
    let (rows, problems) = replay(&events);
    nothing_wrong("replay", &problems);
    let real = rows_of(session);
    let differs = |key: &&(String, String)| rows.get(*key) != real.get(*key);
    let keys = rows.keys().chain(real.keys()).filter(differs);
    let show = |key| format!("{key:?} is {:?}, its events say {:?}", real.get(key), rows.get(key));
    nothing_wrong("tables", &keys.map(show).collect::<Vec<_>>());
    events
}

/// Panics when a reader was given an event that is not in the log under that number.
#[track_caller]
pub fn seen_is_in(events: &[Event], seen: &Seen) {
    let event = |number: i64| events.get(usize::try_from(number - 1).ok()?);
    let is_other = |(number, id): &(&i64, &String)| event(**number).is_none_or(|e| e.id != **id);
    let other = seen.iter().filter(is_other).map(|(number, id)| format!("{number}: {id}"));
    nothing_wrong("what the reader was given", &other.collect::<Vec<_>>());
}
