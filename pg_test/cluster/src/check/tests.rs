//! The checks find what they are for.

use super::{accounts, commit_order, density, replay};
use crate::events::Event;
use crate::load::{Attempt, Fate};
use std::time::{Duration, Instant};

fn event(sequence: i64, group: i64, group_size: i32) -> Event {
    Event {
        id: format!("id {sequence}"),
        hlc: group * 10,
        sequence,
        group,
        group_size,
        table: Some("page".into()),
        record: Some(sequence.to_string()),
        operation: "INSERT".into(),
        request: Some(format!("group {group}")),
        old: None,
        new: Some("{}".into()),
    }
}

/// Groups 1, 2+2, 4.
fn sound() -> Vec<Event> {
    vec![event(1, 1, 1), event(2, 2, 2), event(3, 2, 2), event(4, 4, 1)]
}

fn attempt(group: i64, changes: i64, fate: Fate) -> Attempt {
    let now = Instant::now();
    Attempt { request: format!("group {group}"), changes, fate, asked: now, answered: now }
}

fn committed() -> Vec<Attempt> {
    [(1, 1), (2, 2), (4, 1)].map(|(group, n)| attempt(group, n, Fate::Committed)).to_vec()
}

#[test]
fn a_sound_log_passes() {
    assert_eq!(density(&sound()), Vec::<String>::new());
    assert_eq!(accounts(&sound(), 0, &committed()), Vec::<String>::new());
    assert_eq!(commit_order(&sound(), &committed()), Vec::<String>::new());
    let (rows, problems) = replay(&sound());
    assert_eq!((rows.len(), problems), (4, Vec::new()));
}

#[test]
fn density_finds_every_kind_of_damage() {
    let damages: [fn(&mut Vec<Event>); 8] = [
        |log| drop(log.remove(0)),
        |log| drop(log.remove(2)),
        |log| drop(log.remove(1)),
        |log| log.insert(3, event(3, 2, 2)),
        |log| log[3].id = "id 1".into(),
        |log| log[3].hlc = 20,
        |log| log[2].hlc = 21,
        |log| log[3].group_size = 2,
    ];
    for (i, damage) in damages.iter().enumerate() {
        let mut log = sound();
        damage(&mut log);
        assert!(!density(&log).is_empty(), "damage {i} goes unnoticed");
    }
}

#[test]
fn a_void_may_have_its_neighbours_hlc_but_not_a_smaller_one() {
    let mut log = sound();
    log[3].operation = "VOID".into();
    log[3].hlc = log[2].hlc;
    assert!(density(&log).is_empty());
    log[3].hlc -= 1;
    assert!(!density(&log).is_empty());
}

#[test]
fn accounts_find_lost_and_unknown_events() {
    assert!(!accounts(&sound(), 1, &committed()).is_empty());
    assert!(!accounts(&sound()[1..], 0, &committed()).is_empty());
    assert!(!accounts(&sound(), 0, &committed()[1..]).is_empty());
    let with = |fate| [committed(), vec![attempt(5, 1, fate)]].concat();
    assert!(!accounts(&sound(), 0, &with(Fate::Committed)).is_empty());
    assert!(accounts(&sound(), 0, &with(Fate::InDoubt)).is_empty());
    for fate in [Fate::RolledBack, Fate::Failed("40001".into()), Fate::Lost] {
        let mut attempts = committed();
        attempts[1].fate = fate;
        assert!(!accounts(&sound(), 0, &attempts).is_empty());
    }
    let mut half = committed();
    half[1] = attempt(2, 3, Fate::InDoubt);
    assert!(!accounts(&sound(), 0, &half).is_empty());
}

#[test]
fn commit_order_finds_an_early_commit_with_a_late_number() {
    let mut attempts = committed();
    attempts[0].asked += Duration::from_secs(2);
    attempts[0].answered += Duration::from_secs(3);
    assert!(!commit_order(&sound(), &attempts).is_empty());
}

#[test]
fn replay_finds_an_event_that_saw_another_row() {
    let mut log = sound();
    log[3].operation = "UPDATE".into();
    log[3].record = Some("1".into());
    log[3].old = Some("{}".into());
    assert_eq!(replay(&log).1, Vec::<String>::new());
    log[3].old = Some(r#"{"hits": 1}"#.into());
    assert!(!replay(&log).1.is_empty());
}
