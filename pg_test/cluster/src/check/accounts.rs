//! What was committed against what is in the log.

use crate::events::Event;
use crate::load::{Attempt, Fate};
use std::collections::{HashMap, HashSet};

/// Every committed transaction has exactly its changes in the log, in one group; every other has
/// none, save one whose COMMIT got no answer: it may have all. `first_rows` were written by the
/// request `first`.
pub fn accounts(events: &[Event], first_rows: i64, attempts: &[Attempt]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut logged: HashMap<&str, i64> = HashMap::new();
    let mut groups: HashMap<&str, i64> = HashMap::new();
    for event in events.iter().filter(|event| event.is_of_row()) {
        let request = event.request.as_deref().unwrap_or("(none)");
        *logged.entry(request).or_default() += 1;
        if *groups.entry(request).or_insert(event.group) != event.group {
            problems.push(format!("{request} has a second group at {}", event.sequence));
        }
    }
    if logged.remove("first").unwrap_or(0) != first_rows {
        problems.push(format!("not {first_rows} events of the first rows"));
    }
    let mut requests = HashSet::new();
    for attempt in attempts {
        assert!(requests.insert(&attempt.request), "{} occurs twice", attempt.request);
        let found = logged.remove(attempt.request.as_str()).unwrap_or(0);
        let right = match attempt.fate {
            Fate::Committed => found == attempt.changes,
            Fate::InDoubt => found == 0 || found == attempt.changes,
            Fate::RolledBack | Fate::Failed(_) | Fate::Lost => found == 0,
        };
        if !right {
            let Attempt { request, changes, fate, .. } = attempt;
            problems.push(format!("{request}: {changes} changes, {fate:?}, has {found} events"));
        }
    }
    problems.extend(logged.iter().map(|(request, count)| {
        format!("{count} events of {request}, which no transaction was called")
    }));
    problems
}
