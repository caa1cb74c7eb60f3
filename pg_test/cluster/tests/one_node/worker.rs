//! What happens by itself.

use crate::NOTE;
use concord_cluster::cluster::Cluster;
use concord_cluster::numbers::{is_dense, lose_number};
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
    // A tick may be at it and take them in another order: then the tick is the one to give up.
    stuck.run("SET deadlock_timeout = '60s'");
    stuck.run("BEGIN; LOCK TABLE concord.identity, concord.nodes");
    node(&cluster, "good");
    eventually("the worker fails in one database", || {
        let log = cluster.log();
        let words = ["concord: a tick could not", "relation \"concord.nodes\" does not exist"];
        words.iter().all(|words| log.contains(words)).then_some(())
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

const STATUS: &str = "SELECT concat_ws(' ', tick_failures >= 3, tick_error) FROM concord.status";

/// A function of the table's owner that raises what the test says.
const JUDGE: &str = "
    CREATE TABLE verdict (code text);
    CREATE FUNCTION judge(body text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE code text := (SELECT v.code FROM public.verdict v);
    BEGIN
        IF body = 'bad' AND code IS NOT NULL THEN RAISE EXCEPTION 'guilty' USING ERRCODE = code; END IF;
        RETURN true;
    END $$;
    ALTER TABLE note ADD CHECK (judge(body));";

/// A node on which a row of another waits because of what `JUDGE` raises.
fn with_pending_row(cluster: &Cluster) -> Session {
    let mut other = node(cluster, "other");
    other.run("INSERT INTO note VALUES (1, 'bad')");
    let events: Vec<String> = other.all("SELECT e::text FROM concord.export_events('{}') e");
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run(JUDGE);
    session.run("INSERT INTO verdict VALUES ('P0001')");
    for event in events {
        session.run(&format!(
            "SELECT concord.apply_events(ARRAY['{}']::jsonb[])",
            event.replace('\'', "''")
        ));
    }
    assert_eq!(session.one::<i64>("SELECT count(*) FROM concord.pending"), 1);
    session
}

#[test]
fn a_step_that_fails_keeps_no_other_from_its_work_and_is_shown() {
    let cluster = Cluster::start("steps", &["concord.heartbeat_interval=1s"]);
    let mut session = with_pending_row(&cluster);
    for (id, code) in [(10, "57014"), (11, "XX000"), (12, "40001")] {
        session.run(&format!("UPDATE verdict SET code = '{code}'"));
        // Rows behind a constraint are tried when something happens.
        session.run(&format!("INSERT INTO note VALUES ({id}, 'news')"));
        let shown = format!("t retry what waits: guilty ({code})");
        eventually("the status shows it", || {
            (session.one::<String>(STATUS) == shown).then_some(())
        });
        let beat =
            "SELECT last_heartbeat::text FROM concord.nodes WHERE node_id = concord.node_id()";
        let before: String = session.one(beat);
        eventually("another heartbeat", || (session.one::<String>(beat) != before).then_some(()));
        lose_number(&cluster, "cms", "INSERT INTO note VALUES (1000)");
        eventually("the number is void", || is_dense(&mut session).then_some(()));
        // What was wrong has gone: nothing is left of it, and what waited is done.
        session.run("UPDATE verdict SET code = 'P0001'");
        eventually("the status is clean", || (session.one::<String>(STATUS) == "f").then_some(()));
    }
    session.run("UPDATE verdict SET code = NULL");
    session.run("INSERT INTO note VALUES (13, 'news')");
    let shown = "SELECT EXISTS (SELECT FROM note WHERE body = 'bad')";
    eventually("the row is shown", || session.one::<bool>(shown).then_some(()));
}

#[test]
fn what_the_tick_waits_for_in_vain_is_shown() {
    let cluster = Cluster::start("waits", &["concord.heartbeat_interval=1s"]);
    let mut session = node(&cluster, "cms");
    let mut holder = cluster.connect("cms");
    holder.run("BEGIN; LOCK TABLE concord.nodes IN SHARE MODE");
    eventually("the status shows it", || {
        let status: String = session.one(STATUS);
        status
            .starts_with("t note how far nodes are: canceling statement due to lock timeout")
            .then_some(())
    });
    holder.run("COMMIT");
    eventually("the status is clean", || (session.one::<String>(STATUS) == "f").then_some(()));
}

#[test]
fn a_tick_that_is_called_does_what_it_can() {
    let cluster = Cluster::start("called", &["max_worker_processes=0"]);
    let mut session = with_pending_row(&cluster);
    session.run("UPDATE verdict SET code = '57014'");
    for _ in 0..3 {
        session.run("SELECT concord.tick()");
    }
    assert_eq!(session.one::<String>(STATUS), "t retry what waits: guilty (57014)");
    let beat =
        "SELECT last_heartbeat IS NOT NULL FROM concord.nodes WHERE node_id = concord.node_id()";
    assert!(session.one::<bool>(beat));
    // Whoever is asked to stop, stops.
    session.run("CREATE OR REPLACE FUNCTION judge(body text) RETURNS boolean LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM pg_sleep(60); RETURN true; END $$; SET statement_timeout = '500ms'");
    session.refusal("SELECT concord.tick()").expect("57014", &["statement timeout"]);
    session.run("RESET statement_timeout");
    session.run(
        "CREATE OR REPLACE FUNCTION judge(body text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    );
    session.run("SELECT concord.tick()");
    assert_eq!(session.one::<String>(STATUS), "f");
}
