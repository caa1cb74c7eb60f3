//! The wall clock jumps.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::session::Session;

const HOUR: i64 = 3600;

/// Writes one row and returns the HLC of its event.
fn write(session: &mut Session) -> i64 {
    session.run("INSERT INTO note SELECT COALESCE(max(id), 0) + 1, 'text' FROM note");
    session.one("SELECT hlc::bigint FROM concord.change_events ORDER BY hlc DESC LIMIT 1")
}

fn jumps(session: &mut Session) -> (i64, i64) {
    let backward = session.one("SELECT backward_jumps FROM concord.status");
    (backward, session.one("SELECT forward_jumps FROM concord.status"))
}

/// Everything that ticks is refused with what to do, and leaves nothing.
fn assert_refused(session: &mut Session) {
    let rows = "SELECT (SELECT count(*) FROM note) + (SELECT count(*) FROM plain)";
    let before: i64 = session.one(rows);
    for sql in [
        "INSERT INTO note VALUES (-1, 'text')",
        "INSERT INTO plain VALUES (-1)",
        "SELECT concord.hlc_now()",
        "SELECT concord.gen_ulid()",
    ] {
        session.refusal(sql).expect("NC001", &["too far ahead", "concord.hlc_reset()"]);
    }
    assert_eq!(session.one::<i64>(rows), before);
}

fn node_with_clock(cluster: &Cluster) -> Session {
    let mut session = cluster.node("cms");
    session.run(NOTE);
    // Without a version column nothing ticks before the commit.
    session.run("CREATE TABLE plain (id integer PRIMARY KEY)");
    session.run("SELECT concord.track('plain', version_column => NULL)");
    session
}

#[test]
fn a_clock_set_back_within_the_drift_changes_nothing() {
    let cluster = Cluster::with_clock("drift", &[]);
    let mut session = node_with_clock(&cluster);
    let mut last = write(&mut session);
    let mut greater = |session: &mut Session| {
        let hlc = write(session);
        assert!(hlc > last, "{hlc} after {last}");
        last = hlc;
    };
    assert_eq!(jumps(&mut session), (0, 0));

    cluster.clock().set(-30);
    greater(&mut session);
    let (backward, forward) = jumps(&mut session);
    assert!(backward > 0 && forward == 0, "{backward} backward, {forward} forward");
    cluster.clock().set(0);
    greater(&mut session);
    assert!(jumps(&mut session).1 > 0);

    // The memory of the clock goes with the server, its log stays.
    cluster.clock().set(-40);
    cluster.restart();
    session = cluster.connect("cms");
    greater(&mut session);
    let pid = session.pid();
    cluster.clock().set(-45);
    cluster.crash(pid);
    session = cluster.connect("cms");
    greater(&mut session);

    // gen_ulid alone: the clock is raised though nothing was written since the restart.
    cluster.restart();
    session = cluster.connect("cms");
    let newest = "SELECT concord.gen_ulid() > max(event_id) FROM concord.change_events";
    assert!(session.one::<bool>(newest));
    nothing_wrong("numbering", &density(&events::read(&mut session)));
}

#[test]
fn a_clock_an_hour_behind_refuses_to_write_until_it_returns() {
    let cluster = Cluster::with_clock("behind", &[]);
    let mut session = node_with_clock(&cluster);
    let before = write(&mut session);

    cluster.clock().set(-HOUR);
    assert_refused(&mut session);
    cluster.restart();
    session = cluster.connect("cms");
    assert_refused(&mut session);
    // The application can still read, and write what is not tracked.
    session.run("CREATE TABLE untracked (id integer); INSERT INTO untracked VALUES (1)");
    session.one::<i64>("SELECT count(*) FROM note");

    cluster.clock().set(0);
    assert!(write(&mut session) > before);
    let all = events::read(&mut session);
    nothing_wrong("numbering", &density(&all));
    assert!(!all.iter().any(|event| event.is_void()), "what was refused had no number");
}

#[test]
fn a_clock_an_hour_ahead_can_be_reset() {
    let cluster = Cluster::with_clock("ahead", &[]);
    let mut session = node_with_clock(&cluster);
    let true_time = write(&mut session);
    cluster.clock().set(HOUR);
    let poisoned = write(&mut session);
    assert!(jumps(&mut session).1 > 0);
    assert!((poisoned - true_time) >> 16 > (HOUR - 60) * 1000);

    cluster.clock().set(0);
    assert_refused(&mut session);
    let old: String = session.one("SELECT concord.node_id()::text");
    session.run("CREATE ROLE writer; GRANT EXECUTE ON FUNCTION concord.hlc_reset() TO writer");
    session.run("SET ROLE writer");
    session.refusal("SELECT concord.hlc_reset()").expect("42501", &["superuser"]);
    session.run("RESET ROLE; SELECT concord.hlc_reset()");

    let fresh = {
        session.run("INSERT INTO note VALUES (100, 'after')");
        events::read(&mut session)
    };
    assert_eq!(fresh[0].operation, "NODE", "the successor introduces itself");
    nothing_wrong("numbering of the successor", &density(&fresh));
    assert!(fresh.iter().all(|event| event.hlc > true_time && event.hlc < poisoned));
    let predecessor = "SELECT predecessor_id::text FROM concord.nodes
                       WHERE node_id = concord.node_id()";
    assert_eq!(session.one::<String>(predecessor), old);
    let kept = format!("SELECT count(*) FROM concord.change_events WHERE origin_node_id = '{old}'");
    assert!(session.one::<i64>(&kept) > 0, "the predecessor's events stay");

    // The old log must not poison the clock again.
    let node: String = session.one("SELECT concord.node_id()::text");
    cluster.restart();
    session = cluster.connect("cms");
    session.run("INSERT INTO note VALUES (101, 'after a restart')");
    assert_eq!(session.one::<String>("SELECT concord.node_id()::text"), node);
    nothing_wrong("numbering of the successor", &density(&events::read(&mut session)));
}

#[test]
fn a_reset_leaves_no_number_open() {
    // Without workers, which would fill the hole between two statements of this test.
    let cluster = Cluster::start("reset", &["max_worker_processes=0"]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("BEGIN; INSERT INTO note VALUES (1); SELECT concord.flush()");
    cluster.connect("cms").run("INSERT INTO note VALUES (2)");
    session.run("ROLLBACK; SELECT concord.hlc_reset()");
    session.run("INSERT INTO note VALUES (3); SELECT concord.tick()");

    // A number that stayed open would keep what follows it from every reader, for ever.
    let events = session.all::<Option<String>>(
        "SELECT record_id FROM concord.consume('reader', 100) WHERE operation = 'INSERT'",
    );
    assert_eq!(events, ["2", "3"].map(|record| Some(record.to_owned())));
}
