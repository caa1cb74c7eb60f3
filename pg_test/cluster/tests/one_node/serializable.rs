//! Numbers of transactions that fail at the very end of their commit.

use concord_cluster::check;
use concord_cluster::cluster::Cluster;
use concord_cluster::load::{self, Fate, Load, Mix, Reader};
use concord_cluster::numbers::settle;
use concord_cluster::random::Random;
use std::thread::sleep;
use std::time::Duration;

const SECONDS: u64 = 6;

#[test]
fn voids_fill_the_numbers_of_serialization_failures() {
    let mut random = Random::for_test();
    let cluster = Cluster::start("serializable", &["deadlock_timeout=100ms"]);
    let mut session = cluster.node("cms");
    let first_rows = load::create(&mut session);

    let reader = Reader::start(&cluster, "cms", "reader", &mut random);
    let load = Load::start(&cluster, "cms", "w", 16, Mix::Hot, &mut random);
    sleep(Duration::from_secs(SECONDS));
    let attempts = load.finish();

    settle(&mut session);
    let seen = reader.finish();
    let events = check::whole_log(&mut session, first_rows, &attempts);
    assert_eq!(seen.len(), events.len(), "the reader was given every event");
    check::seen_is_in(&events, &seen);

    let failed = attempts.iter().filter(|a| a.fate == Fate::Failed("40001".into())).count();
    let committed = attempts.iter().filter(|a| a.fate == Fate::Committed).count();
    let voids = events.iter().filter(|event| event.is_void()).count();
    println!("{committed} committed, {failed} failed, {} events, {voids} void", events.len());
    assert!(committed > 100 && failed > 100, "hardly any contention");
    assert!(voids > 0, "no transaction failed after it had its number: nothing was proved");
}
