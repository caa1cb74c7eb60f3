//! Replication goes on, whatever happens to servers, workers, tables and clocks.

use crate::net::{LIVELY, Net, QUIET};
use concord_cluster::random::Random;
use concord_cluster::session::Session;
use concord_cluster::wait::eventually;
use std::thread::sleep;
use std::time::Duration;

fn pair(label: &str, settings: &[&str]) -> Net {
    let net = Net::new(label, 2, settings);
    net.connect(0, 1);
    net.settle();
    net
}

fn has_page(session: &mut Session, id: &str, title: &str) {
    let query = format!("SELECT EXISTS (SELECT FROM page WHERE id = '{id}' AND title = '{title}')");
    eventually(&format!("page {id} is {title}"), || session.one::<bool>(&query).then_some(()));
}

#[test]
fn a_subscriber_that_was_down_catches_up() {
    let net = pair("down", &[QUIET]);
    net.cluster(1).stop("fast");
    let mut session = net.at(0);
    for i in 0..200 {
        session.run(&format!("INSERT INTO page VALUES ('{i}', 'while it was down')"));
    }
    net.cluster(1).launch();
    net.settle();
    net.assert_alike();
    assert_eq!(net.at(1).one::<i64>("SELECT count(*) FROM page"), 200);
}

#[test]
fn defaults_of_the_database_do_not_reach_the_worker() {
    for (label, setting) in [
        ("serializable", "default_transaction_isolation = 'serializable'"),
        ("repeatable", "default_transaction_isolation = 'repeatable read'"),
        ("read-only", "default_transaction_read_only = on"),
    ] {
        let net = Net::new(label, 2, &[QUIET]);
        net.at(0).run("INSERT INTO page VALUES ('before', 'subscribed')");
        net.at(1).run(&format!("ALTER DATABASE cms SET {setting}"));
        let conninfo = net.cluster(0).conninfo("cms");
        let mut session = net.at(1);
        session.run("SET default_transaction_read_only = off");
        let command: String =
            session.one(&format!("SELECT concord.subscription_commands('node0', '{conninfo}')"));
        session.run(&command);
        let mut reader = net.at(1);
        has_page(&mut reader, "before", "subscribed");
        let worker = net.worker(1, 0);
        for i in 0..3 {
            net.at(0).run(&format!("INSERT INTO page VALUES ('{i}', 'streamed')"));
            has_page(&mut reader, &i.to_string(), "streamed");
        }
        // Reading the configuration again brings the defaults back for everybody else.
        session.run(&format!("ALTER SYSTEM SET {setting}"));
        session.run("SELECT pg_reload_conf()");
        sleep(Duration::from_millis(500));
        net.at(0).run("INSERT INTO page VALUES ('after', 'reloaded')");
        has_page(&mut reader, "after", "reloaded");
        assert_eq!(net.worker(1, 0), worker, "the worker failed under {setting}");
    }
}

#[test]
fn what_cannot_be_shown_is_pending_and_the_rest_goes_on() {
    let net = pair("unshown", &[LIVELY]);
    let worker = net.worker(1, 0);
    let extra =
        "CREATE TABLE extra (id text PRIMARY KEY, body text); SELECT concord.track('extra')";
    net.at(0).run(extra);
    net.at(0).run("INSERT INTO extra VALUES ('x', 'early')");
    net.at(0).run("ALTER TABLE page ADD COLUMN more text");
    net.at(0).run("INSERT INTO page (id, more) VALUES ('a', 'new column'), ('b', NULL)");
    net.at(0).run("INSERT INTO note (body) VALUES ('goes on')");
    let mut there = net.at(1);
    eventually("the note is there", || {
        there.one::<bool>("SELECT EXISTS (SELECT FROM note WHERE body = 'goes on')").then_some(())
    });
    let pending =
        "SELECT concat_ws(' ', table_name, record_id, reason) FROM concord.pending ORDER BY 1";
    assert_eq!(there.all::<String>(pending), ["extra x missing_table", "page a schema_mismatch"]);
    assert_eq!(net.worker(1, 0), worker);
    // The tick sees that the causes are gone.
    there.run(extra);
    there.run("ALTER TABLE page ADD COLUMN more text");
    eventually("nothing is pending", || there.all::<String>(pending).is_empty().then_some(()));
    assert_eq!(there.one::<String>("SELECT body FROM extra"), "early");
    assert_eq!(net.worker(1, 0), worker);
    net.settle();
    net.assert_alike();
}

#[test]
fn a_table_with_another_key_does_not_break_the_worker() {
    let net = pair("keytype", &[LIVELY]);
    let worker = net.worker(1, 0);
    net.at(0).run("CREATE TABLE odd (id text PRIMARY KEY); SELECT concord.track('odd')");
    net.at(1).run("CREATE TABLE odd (id integer PRIMARY KEY); SELECT concord.track('odd')");
    net.at(0).run("INSERT INTO odd VALUES ('no number')");
    let mut there = net.at(1);
    eventually("it waits, and says why", || {
        there
            .one::<bool>(
                "SELECT EXISTS (SELECT FROM concord.received WHERE reason = 'error' AND detail LIKE '%integer%')
                     OR EXISTS (SELECT FROM concord.pending WHERE table_name = 'odd')",
            )
            .then_some(())
    });
    assert_eq!(net.worker(1, 0), worker);
    there.run("ALTER TABLE odd ALTER id TYPE text");
    eventually("it is there", || {
        there.one::<bool>("SELECT EXISTS (SELECT FROM odd)").then_some(())
    });
    net.at(0).run("INSERT INTO page VALUES ('after', 'all')");
    has_page(&mut there, "after", "all");
    assert_eq!(net.worker(1, 0), worker);
}

#[test]
fn an_editor_who_holds_a_row_does_not_stop_the_stream() {
    let net = pair("held", &[LIVELY]);
    net.at(0).run("INSERT INTO page VALUES ('held', 'before')");
    net.settle();
    let worker = net.worker(1, 0);
    let mut editor = net.at(1);
    editor.run("BEGIN; SELECT FROM page WHERE id = 'held' FOR UPDATE");
    net.at(0).run("UPDATE page SET title = 'after' WHERE id = 'held'");
    net.at(0).run("INSERT INTO page VALUES ('other', 'one')");
    let mut there = net.at(1);
    let waiting = "SELECT count(*) FROM concord.pending WHERE reason = 'row_locked'";
    eventually("the row waits", || (there.one::<i64>(waiting) == 1).then_some(()));
    has_page(&mut there, "other", "one");
    // The tick does not hang either.
    there.run("SELECT concord.tick()");
    assert_eq!(there.one::<i64>(waiting), 1);
    editor.run("COMMIT");
    there.run("SELECT concord.tick()");
    has_page(&mut there, "held", "after");
    has_page(&mut there, "other", "one");
    assert_eq!(net.worker(1, 0), worker);
}

#[test]
fn a_group_from_the_future_enters_when_its_time_has_come() {
    let net = Net::with_clocks("future", 2, &[LIVELY]);
    net.cluster(0).clock().set(3600);
    net.at(0).run("INSERT INTO page VALUES ('early', 'bird')");
    net.subscribe(1, 0);
    let mut there = net.at(1);
    eventually("it waits", || {
        there
            .one::<bool>("SELECT EXISTS (SELECT FROM concord.received WHERE reason = 'future_hlc')")
            .then_some(())
    });
    net.cluster(1).clock().set(3600);
    // By hand: libfaketime does not reach the processes of the background worker in time.
    there.run("SELECT concord.tick()");
    has_page(&mut there, "early", "bird");
}

#[test]
fn a_fork_is_kept_aside_and_the_stream_goes_on() {
    let net = pair("fork", &[QUIET]);
    net.at(1).run("INSERT INTO page VALUES ('own', 'true')");
    net.settle();
    let worker = net.worker(1, 0);
    // Somebody else wrote as node 1.
    net.at(0).run(
        "INSERT INTO concord.change_events
         SELECT concord.gen_ulid(), hlc, origin_node_id, node_sequence + 1000, group_sequence + 1000,
                group_size, table_schema, table_name, record_id, operation, touched, silent, action,
                \"session_user\", user_id, request_id, ip, old_values, new_values, base_version, observed,
                depends_on_event_ids, metadata, wall_timestamp
         FROM concord.change_events WHERE record_id = 'own'",
    );
    net.at(0).run("INSERT INTO page VALUES ('after', 'the fork')");
    let mut there = net.at(1);
    has_page(&mut there, "after", "the fork");
    assert_eq!(there.all::<String>("SELECT reason FROM concord.received"), ["forked_origin"]);
    let status = "SELECT status FROM concord.nodes WHERE node_id = concord.node_id()";
    assert_eq!(there.one::<String>(status), "forked");
    assert_eq!(net.worker(1, 0), worker);
}

#[test]
fn a_number_that_comes_back_before_its_commit_is_waited_for() {
    let net = pair("early", &[QUIET]);
    net.at(1).run("INSERT INTO page VALUES ('own', 'true')");
    net.settle();
    let mut writer = net.at(1);
    writer.run("BEGIN; INSERT INTO page VALUES ('held', 'back'); SELECT concord.flush()");
    // What the other node would send had it seen the commit already: here it is not the same event.
    net.at(0).run(
        "INSERT INTO concord.change_events (event_id, hlc, origin_node_id, node_sequence, group_sequence,
             group_size, operation, \"session_user\", observed, wall_timestamp)
         SELECT concord.gen_ulid(), hlc, origin_node_id, node_sequence + 1, node_sequence + 1, 1, 'VOID',
                'x', '{}', now()
         FROM concord.change_events WHERE record_id = 'own'",
    );
    eventually("the worker waits, and fails", || {
        let log = net.cluster(1).log();
        let whole = [
            "of this node has come back before it was committed here",
            "A running transaction of this node holds this number or a later one.",
            "Replication retries automatically; end transactions that have called concord.flush().",
        ];
        whole.iter().all(|words| log.contains(words)).then_some(())
    });
    let mut there = net.at(1);
    assert!(there.all::<String>("SELECT reason FROM concord.received").is_empty());
    writer.run("COMMIT");
    net.at(0).run("INSERT INTO page VALUES ('after', 'all')");
    has_page(&mut there, "after", "all");
    has_page(&mut there, "held", "back");
    assert_eq!(there.all::<String>("SELECT reason FROM concord.received"), ["forked_origin"]);
}

#[test]
fn a_worker_that_is_killed_loses_nothing() {
    let mut random = Random::for_test();
    let net = pair("killed", &[QUIET]);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut session = net.at(0);
            for i in 0..1500 {
                session.run(&format!(
                    "BEGIN; INSERT INTO page VALUES ('{}', '{i}') ON CONFLICT (id) DO UPDATE SET title = '{i}';
                     INSERT INTO remark (page_id, body) VALUES ('{}', '{i}'); COMMIT",
                    i % 50,
                    i % 50
                ));
            }
        });
        while !writing.is_finished() {
            sleep(Duration::from_millis(random.below(700)));
            let worker = net.worker(1, 0);
            net.cluster(1).crash(worker);
        }
    });
    net.settle();
    net.assert_alike();
    assert_eq!(net.agreed("SELECT count(*)::text FROM remark"), ["1500"]);
}

#[test]
fn peers_shows_how_far_apart_nodes_are() {
    let net = pair("lag", &[QUIET]);
    net.at(1).run("SELECT concord.heartbeat()");
    net.settle();
    let apart = "SELECT concat_ws(' ', lacking_here, lag_here = '0', lacking_there, lag_there = '0') FROM concord.peers";
    eventually("nothing is apart", || {
        net.at(1).run("SELECT concord.heartbeat()");
        net.settle();
        (net.at(0).one::<String>(apart) == "0 t 0 t").then_some(())
    });
    net.at(1).run("ALTER SUBSCRIPTION concord_node0 DISABLE");
    net.at(0).run("INSERT INTO page VALUES ('1'); INSERT INTO page VALUES ('2')");
    net.at(1).run("SELECT concord.heartbeat()");
    eventually("node 0 knows", || {
        (net.at(0).one::<String>(apart) == "0 t 2 f")
            .then_some(())
            .or_else(|| (net.at(0).one::<String>(apart) == "0 t 1 f").then_some(()))
    });
    // The status says the same.
    let summed_up =
        "SELECT (p ->> 'lacking_here')::bigint = 0 AND (p ->> 'lacking_there')::bigint > 0
                            AND (p ->> 'lag_there')::interval > '0'
                     FROM concord.status s, jsonb_array_elements(s.peers) p";
    assert!(net.at(0).one::<bool>(summed_up));
    net.at(1).run("ALTER SUBSCRIPTION concord_node0 ENABLE");
    net.settle();
}
