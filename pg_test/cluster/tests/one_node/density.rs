//! Numbering is dense and in commit order, whatever goes on.

use concord_cluster::check;
use concord_cluster::cluster::Cluster;
use concord_cluster::load::{self, Attempt, Fate, Held, Load, Mix, Reader};
use concord_cluster::numbers::settle;
use concord_cluster::random::Random;
use concord_cluster::session::Session;
use std::thread::sleep;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
/// How long some transactions stay open; the load goes on for longer.
const HELD: Duration = Duration::from_secs(5);

fn load_seconds() -> u64 {
    match std::env::var("CONCORD_LOAD_SECONDS") {
        Ok(text) => text.parse().expect("CONCORD_LOAD_SECONDS is a number"),
        Err(_) => 20,
    }
}

#[test]
fn numbers_are_dense_and_in_commit_order_under_load() {
    let mut random = Random::for_test();
    let cluster = Cluster::start("density", &["deadlock_timeout=100ms"]);
    let mut session = cluster.node("cms");
    let first_rows = load::create(&mut session);
    let until = Instant::now() + Duration::from_secs(load_seconds()).max(2 * HELD);

    let reader = Reader::start(&cluster, "cms", "reader", &mut random);
    let load = Load::start(&cluster, "cms", "w", CONNECTIONS, Mix::Wide, &mut random);
    let mut attempts = held_open(&cluster, &mut session, &reader);
    sleep(until.saturating_duration_since(Instant::now()));
    attempts.extend(load.finish());

    settle(&mut session);
    let seen = reader.finish();
    let events = check::whole_log(&mut session, first_rows, &attempts);
    assert_eq!(seen.len(), events.len(), "the reader was given every event");
    check::seen_is_in(&events, &seen);

    let with = |fate: Fate| attempts.iter().filter(|a| a.fate == fate && a.changes > 0).count();
    let (committed, rolled_back) = (with(Fate::Committed), with(Fate::RolledBack));
    let voids = events.iter().filter(|event| event.is_void()).count();
    println!(
        "{committed} committed, {rolled_back} rolled back, {} events, {voids} void",
        events.len()
    );
    assert!(committed > 1000 && rolled_back > 300, "hardly any load");
    assert!(voids > 100, "hardly any number died");
    assert!(!attempts.iter().any(|a| matches!(a.fate, Fate::Lost | Fate::InDoubt)));
}

/// Three transactions that stay open while the others go on: one writes at its beginning and its
/// end, one has flushed and commits, one has flushed and rolls back.
fn held_open(cluster: &Cluster, session: &mut Session, reader: &Reader) -> Vec<Attempt> {
    let mut long = Held::open(cluster.connect("cms"), "long");
    let mut doomed = Held::open(cluster.connect("cms"), "doomed");
    let mut flushed = Held::open(cluster.connect("cms"), "flushed");
    let first = doomed.flush().min(flushed.flush());
    sleep(HELD);
    // Others have committed beyond the open numbers, and the reader waits before them.
    let beyond = "SELECT max(node_sequence) FROM concord.change_events";
    assert!(session.one::<i64>(beyond) > first + 100, "the others did not go on");
    assert!(reader.last() < first, "the reader has {}, {first} is not committed", reader.last());
    long.write();
    vec![flushed.commit(), doomed.roll_back(), long.commit()]
}
