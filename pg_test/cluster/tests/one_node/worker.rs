//! What happens by itself.

use crate::NOTE;
use concord_cluster::cluster::Cluster;
use concord_cluster::numbers::lose_number;
use concord_cluster::session::Session;
use concord_cluster::wait::eventually;
use std::thread::sleep;
use std::time::Duration;

/// No heartbeat comes to help: whatever happens was asked for by the one that lost the number.
const NO_HEARTBEAT: &str = "concord.heartbeat_interval=600s";

fn node(cluster: &Cluster, name: &str) -> Session {
    let mut session = cluster.node(name);
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (0, 'first')");
    session
}

/// A number that dies is filled without anybody calling `tick()`.
fn assert_voids_come(cluster: &Cluster, database: &str) {
    let mut session = cluster.connect(database);
    let number = lose_number(
        cluster,
        database,
        "SET TRANSACTION READ WRITE; INSERT INTO note VALUES (1000)",
    );
    let filled = format!(
        "SELECT EXISTS (SELECT FROM concord.change_events
                        WHERE origin_node_id = concord.node_id() AND node_sequence = {number}
                          AND operation = 'VOID')"
    );
    eventually("the number is void", || session.one::<bool>(&filled).then_some(()));
}

fn launcher(session: &mut Session) -> i32 {
    let pid = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'concord launcher'";
    eventually("there is a launcher", || session.all(pid).pop())
}

#[test]
fn dead_numbers_are_voided_by_themselves() {
    let cluster = Cluster::start("voids", &[NO_HEARTBEAT]);
    let mut session = node(&cluster, "cms");
    for _ in 0..3 {
        assert_voids_come(&cluster, "cms");
        session.run("UPDATE note SET body = body || '.' WHERE id = 0");
    }
}

/// The worker must not take over what ALTER DATABASE sets for the application's transactions.
fn assert_voids_come_under(label: &str, setting: &str) {
    let cluster = Cluster::start(label, &[NO_HEARTBEAT]);
    node(&cluster, "cms").run(&format!("ALTER DATABASE cms SET {setting}"));
    assert_voids_come(&cluster, "cms");
}

#[test]
fn dead_numbers_are_voided_where_transactions_are_serializable_by_default() {
    assert_voids_come_under("serializable-db", "default_transaction_isolation = 'serializable'");
}

#[test]
fn dead_numbers_are_voided_where_transactions_are_read_only_by_default() {
    assert_voids_come_under("read-only-db", "default_transaction_read_only = on");
}

#[test]
fn the_heartbeat_in_nodes_advances() {
    let cluster = Cluster::start("heartbeat", &["concord.heartbeat_interval=1s"]);
    let mut session = node(&cluster, "cms");
    let beat = "SELECT last_heartbeat::text FROM concord.nodes WHERE node_id = concord.node_id()";
    let mut last: Option<String> = None;
    for _ in 0..3 {
        let new = eventually("another heartbeat", || {
            session.one::<Option<String>>(beat).filter(|new| last.as_ref() != Some(new))
        });
        last = Some(new);
    }
    let progress = "SELECT applied_sequence = 1 AND hlc_high_water_mark IS NOT NULL
                    FROM concord.nodes WHERE node_id = concord.node_id()";
    eventually("the node's progress is noted", || session.one::<bool>(progress).then_some(()));
    let log = "SELECT count(*) FROM concord.change_events WHERE operation = 'NODE'";
    assert_eq!(session.one::<i64>(log), 0, "a node that knows no other needs no heartbeat event");
}

#[test]
fn the_launcher_comes_back_after_a_crash() {
    let cluster = Cluster::start("launcher", &[NO_HEARTBEAT]);
    let mut session = node(&cluster, "cms");
    let first = launcher(&mut session);
    let pid = session.pid();
    cluster.crash(pid);
    session = cluster.connect("cms");
    let second = launcher(&mut session);
    assert_ne!(second, first);
    assert_voids_come(&cluster, "cms");

    cluster.crash(second);
    session = cluster.connect("cms");
    assert_ne!(launcher(&mut session), second);
    assert_voids_come(&cluster, "cms");
}

#[test]
fn the_launcher_comes_back_after_it_was_told_to_end() {
    let cluster = Cluster::start("terminated", &[NO_HEARTBEAT]);
    let mut session = node(&cluster, "cms");
    let first = launcher(&mut session);
    assert!(session.one::<bool>(&format!("SELECT pg_terminate_backend({first}, 60000)")));
    assert_ne!(launcher(&mut session), first);
    assert_voids_come(&cluster, "cms");
}

#[test]
fn one_database_in_trouble_does_not_stop_the_others() {
    let cluster = Cluster::start("trouble", &["concord.heartbeat_interval=1s"]);
    let mut broken = node(&cluster, "broken");
    broken.run("ALTER TABLE concord.nodes RENAME TO gone");
    let mut stuck = node(&cluster, "stuck");
    stuck.run("BEGIN; LOCK TABLE concord.identity, concord.nodes");
    node(&cluster, "good");
    eventually("the worker fails in one database", || {
        cluster.log().contains("relation \"concord.nodes\" does not exist").then_some(())
    });
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'stuck'
                 AND backend_type = 'concord worker' AND wait_event_type = 'Lock')";
    let mut admin = cluster.connect("postgres");
    eventually("the worker waits in another", || admin.one::<bool>(waits).then_some(()));
    assert_voids_come(&cluster, "good");
}

#[test]
fn a_failing_worker_is_not_started_over_and_over() {
    let cluster = Cluster::start("failing", &[NO_HEARTBEAT]);
    let mut session = node(&cluster, "cms");
    session.run(
        "ALTER TABLE concord.nodes ADD CONSTRAINT broken CHECK (last_heartbeat IS NULL) NOT VALID",
    );
    lose_number(&cluster, "cms", "INSERT INTO note VALUES (1)");
    let failures = || cluster.log().matches("violates check constraint \"broken\"").count();
    let before = eventually("the worker fails", || Some(failures()).filter(|count| *count > 0));
    sleep(Duration::from_secs(5));
    let more = failures() - before;
    assert!(more < 50, "{more} more failures in five seconds");
}
