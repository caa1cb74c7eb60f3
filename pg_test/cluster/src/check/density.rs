//! Numbers, clocks and groups.

use crate::events::Event;
use std::collections::HashSet;

/// Numbers are 1..N, once each; the HLC is one per group and rises from group to group, save that a
/// VOID may have its neighbour's; groups are consecutive and complete.
pub fn density(events: &[Event]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = HashSet::new();
    let mut before: Option<&Event> = None;
    for (place, event) in events.iter().enumerate() {
        let number = event.sequence;
        if number != place as i64 + 1 {
            problems.push(format!("number {number} stands at place {}", place + 1));
        }
        if !ids.insert(&event.id) {
            problems.push(format!("{number}: event_id {} was there before", event.id));
        }
        let in_group = number - event.group;
        if in_group < 0 || in_group >= i64::from(event.group_size) {
            problems.push(format!("{number} is outside its group {}", group(event)));
        }
        match before.filter(|before| before.group == event.group) {
            Some(before) => same_group(before, event, &mut problems),
            None => next_group(before, event, &mut problems),
        }
        before = Some(event);
    }
    if let Some(last) = before {
        complete(last, &mut problems);
    }
    problems
}

fn group(event: &Event) -> String {
    format!("{}+{}", event.group, event.group_size)
}

fn same_group(before: &Event, event: &Event, problems: &mut Vec<String>) {
    if (before.group_size, before.hlc) != (event.group_size, event.hlc) {
        problems.push(format!("{} has another size or hlc than its group", event.sequence));
    }
}

fn next_group(before: Option<&Event>, event: &Event, problems: &mut Vec<String>) {
    if event.group != event.sequence {
        problems.push(format!("{}: the group {} has no beginning", event.sequence, group(event)));
    }
    let Some(before) = before else { return };
    complete(before, problems);
    let rises = match before.is_void() || event.is_void() {
        true => event.hlc >= before.hlc,
        false => event.hlc > before.hlc,
    };
    if !rises {
        problems.push(format!("{}: hlc {} after {}", event.sequence, event.hlc, before.hlc));
    }
}

/// `last` is the last event of its group that is there.
fn complete(last: &Event, problems: &mut Vec<String>) {
    if last.sequence != last.group + i64::from(last.group_size) - 1 {
        problems.push(format!("the group {} ends at {}", group(last), last.sequence));
    }
}
