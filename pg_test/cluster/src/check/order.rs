//! Numbers are in the order of commits, as far as the clients can tell it.

use crate::events::Event;
use crate::load::Attempt;
use std::collections::HashMap;

/// A transaction whose commit was over before another's was asked for has the smaller number.
pub fn commit_order(events: &[Event], attempts: &[Attempt]) -> Vec<String> {
    let attempts: HashMap<&str, &Attempt> =
        attempts.iter().map(|attempt| (attempt.request.as_str(), attempt)).collect();
    let mut problems = Vec::new();
    let mut latest: Option<&Attempt> = None;
    // A VOID says nothing of when: whoever comes by fills it.
    for event in events.iter().filter(|event| event.is_of_row() && event.sequence == event.group) {
        let Some(attempt) = event.request.as_deref().and_then(|r| attempts.get(r)) else {
            continue;
        };
        if let Some(latest) = latest.filter(|latest| attempt.answered < latest.asked) {
            problems.push(format!(
                "{} ({}) was over before {}, which has a smaller number, was asked for",
                attempt.request, event.sequence, latest.request
            ));
        }
        if latest.is_none_or(|latest| attempt.asked > latest.asked) {
            latest = Some(attempt);
        }
    }
    problems
}
