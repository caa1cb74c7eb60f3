//! Writing the log fails: then nothing of the transaction is there.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events::{self, Event};
use concord_cluster::numbers::settle;
use concord_cluster::process::limit_file_size;
use concord_cluster::session::Session;
use concord_cluster::wait::eventually;

/// `count` rows of a kilobyte that does not compress.
fn rows(count: u32) -> String {
    format!(
        "INSERT INTO note SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 30) j)
         FROM generate_series(1, {count}) i"
    )
}

/// The table is as the log tells, and the numbers are dense; returns the events.
fn assert_agree(session: &mut Session) -> Vec<Event> {
    settle(session);
    let log = events::read(session);
    nothing_wrong("numbering", &density(&log));
    let mut told: Vec<&str> = Vec::new();
    for event in log.iter().filter(|event| event.is_of_row()) {
        let record = event.record.as_deref().expect("a row has a record");
        match event.operation.as_str() {
            "INSERT" => told.push(record),
            _ => told.retain(|other| *other != record),
        }
    }
    told.sort_unstable();
    assert_eq!(
        session.all::<String>("SELECT id::text FROM note ORDER BY id::text COLLATE \"C\""),
        told
    );
    log
}

#[test]
fn a_full_disk_fails_the_whole_transaction() {
    let cluster = Cluster::start("full", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    // The log becomes the largest of the files that are written to, the WAL's segments included.
    session.run(&rows(10_000));
    session.run("DELETE FROM note");
    session.run("VACUUM note");
    let size: i64 = session.one("SELECT pg_relation_size('concord.change_events')");
    assert!(size > 20 << 20, "the log has {size} bytes");
    let before = events::read(&mut session).len();

    let pid = session.pid();
    limit_file_size(pid, Some(size));
    let refusal = session.refusal(&rows(5_000));
    assert!(refusal.message.contains("could not extend file"), "{refusal:?}");
    assert_eq!(session.one::<i64>("SELECT count(*) FROM note"), 0, "a change without its event");
    limit_file_size(pid, None);

    let log = assert_agree(&mut session);
    let voids = log.iter().filter(|event| event.is_void()).count();
    assert_eq!(voids, 5_000, "the numbers had been given out");
    assert_eq!(log.len(), before + voids, "an event without its change");
    session.run("INSERT INTO note VALUES (1, 'there is room again')");
    assert_agree(&mut session);
}

#[test]
fn too_little_room_for_captured_events_fails_what_captured_them() {
    let cluster = Cluster::start("spill", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    let mut limited = cluster.connect("cms");
    limited.run("SET work_mem = '64kB'; SET temp_file_limit = '256kB'");
    limited.refusal(&rows(2_000)).expect("53400", &["temp_file_limit"]);
    assert!(assert_agree(&mut session).iter().all(|event| !event.is_of_row()));

    // Inside a savepoint the rest of the transaction lives, with what had been captured before: some
    // in memory, some in the file already.
    for (round, (before, after)) in [(1, 1), (100, 1), (1, 100), (100, 100)].into_iter().enumerate()
    {
        let base = (round as u32 + 1) * 10_000;
        let shifted =
            |count: u32, by: u32| rows(count).replace("SELECT i,", &format!("SELECT i + {by},"));
        limited.run(&format!("BEGIN; {}; SAVEPOINT s", shifted(before, base)));
        limited.refusal(&rows(2_000)).expect("53400", &["temp_file_limit"]);
        limited.run(&format!("ROLLBACK TO s; {}; COMMIT", shifted(after, base + 5_000)));
        assert_agree(&mut session);
        let kept = format!("SELECT count(*) FROM note WHERE id BETWEEN {base} AND {base} + 9999");
        assert_eq!(session.one::<i64>(&kept), i64::from(before + after));
    }
}

#[test]
fn a_commit_cancelled_while_it_writes_the_log_leaves_nothing() {
    let cluster = Cluster::start("cancel", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1)");
    for (end, id) in [("pg_cancel_backend", 2), ("pg_terminate_backend", 3)] {
        let mut blocker = cluster.connect("cms");
        blocker.run("BEGIN; LOCK TABLE concord.change_events IN EXCLUSIVE MODE");
        let mut victim = cluster.connect("cms");
        let pid = victim.pid();
        let waiting = std::thread::spawn(move || {
            let insert = format!("INSERT INTO note VALUES ({id})");
            victim.client().batch_execute(&insert).map_err(|error| error.to_string())
        });
        let waits = format!(
            "SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = {pid}"
        );
        eventually("the commit waits for the log", || session.one::<bool>(&waits).then_some(()));
        assert!(session.one::<bool>(&format!("SELECT {end}({pid})")));
        let ended = waiting.join().expect("the victim's thread ends");
        assert!(ended.is_err(), "it committed all the same");
        blocker.run("ROLLBACK");
        assert_agree(&mut session);
    }
    assert_eq!(session.all::<i32>("SELECT id FROM note"), [1]);
    session.run("INSERT INTO note VALUES (4)");
    assert_agree(&mut session);
}
