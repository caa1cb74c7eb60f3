//! Orderly restarts.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::session::Session;

#[test]
fn identity_numbers_and_clock_survive_a_restart() {
    let cluster = Cluster::start("restart", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note SELECT i, 'before' FROM generate_series(1, 10) i");
    let node = node_id(&mut session);
    let before = events::read(&mut session);

    for restart in 1..=2 {
        cluster.restart();
        session = cluster.connect("cms");
        session.run(&format!("UPDATE note SET body = 'restart {restart}' WHERE id <= 3"));
    }

    let after = events::read(&mut session);
    assert_eq!(node_id(&mut session), node);
    assert_eq!(after[..before.len()], before[..], "old events are as they were");
    assert_eq!(after.len(), before.len() + 6);
    nothing_wrong("numbering", &density(&after));
    let places = "SELECT count(*) FROM concord.identity";
    assert_eq!(session.one::<i64>(places), 1, "no other identity came up");
}

#[test]
fn status_tells_the_truth_right_after_a_restart() {
    let cluster = Cluster::start("status", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1, 'before'); SELECT concord.tick()");
    let facts = "SELECT issued_sequence || ' ' || contiguous_sequence FROM concord.status";
    let last: i64 = session.one("SELECT max(node_sequence) FROM concord.change_events");
    session.run("SELECT concord.tick()");
    assert_eq!(session.one::<String>(facts), format!("{last} {last}"));

    // No worker may come first, which would make the server remember.
    session.run("ALTER SYSTEM SET max_worker_processes = 0");
    cluster.restart();
    session = cluster.connect("cms");
    assert_eq!(session.one::<String>(facts), format!("{last} {last}"));
    let clock = "SELECT hlc >= (SELECT max(hlc) FROM concord.change_events) FROM concord.status";
    assert!(session.one::<bool>(clock));
}

fn node_id(session: &mut Session) -> String {
    session.one("SELECT concord.node_id()::text")
}
