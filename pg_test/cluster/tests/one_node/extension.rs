//! The extension comes and goes.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::numbers::lose_number;
use concord_cluster::session::Session;

const LINE: &str =
    "Add this line to postgresql.conf and restart the server: shared_preload_libraries = 'concord'";

#[test]
fn without_preloading_it_refuses_and_names_the_line() {
    let mut cluster = Cluster::start("preload", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1, 'captured')");

    cluster.restart_with(&["shared_preload_libraries="]);
    cluster.connect("postgres").refusal("CREATE EXTENSION concord").expect(
        "55000",
        &[
            "concord must be loaded via shared_preload_libraries",
            "Its clock and numbering use shared memory, which is allocated at server start.",
            LINE,
        ],
    );
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'concord'";
    assert_eq!(cluster.connect("postgres").one::<i64>(left), 0);
    // Where it was created before: no change without its event.
    session = cluster.connect("cms");
    session.refusal("INSERT INTO note VALUES (2, 'lost')").expect("55000", &[LINE]);
    session.refusal("DELETE FROM note").expect("55000", &[LINE]);
    assert_eq!(session.all::<i32>("SELECT id FROM note"), [1]);

    cluster.restart_with(&["shared_preload_libraries=concord"]);
    session = cluster.connect("cms");
    session.run("INSERT INTO note VALUES (2, 'captured again')");
    nothing_wrong("numbering", &density(&events::read(&mut session)));
}

/// Every kind of write works on the application's table.
fn assert_works(session: &mut Session) {
    session.run(
        "INSERT INTO note VALUES (10, 'a'), (11, 'b');
         UPDATE note SET body = 'c' WHERE id = 10;
         DELETE FROM note WHERE id = 11",
    );
    assert_eq!(session.all::<String>("SELECT body FROM note WHERE id >= 10"), ["c"]);
    session.run("DELETE FROM note WHERE id = 10");
}

#[test]
fn dropped_it_leaves_the_application_working() {
    let cluster = Cluster::start("drop", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1, 'kept')");
    // A session that has written before, with everything that concord keeps for it.
    let mut other = cluster.connect("cms");
    assert_works(&mut other);

    session.run("DROP EXTENSION concord CASCADE");
    assert_works(&mut session);
    assert_works(&mut other);
    assert_eq!(session.all::<String>("SELECT body FROM note"), ["kept"]);
    let left = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(session.one::<i64>(left), 0);
}

#[test]
fn made_again_in_one_session_it_numbers_from_one() {
    let cluster = Cluster::start("again", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1, 'first life')");
    let mut other = cluster.connect("cms");
    other.run("INSERT INTO note VALUES (2, 'first life')");
    let first: String = session.one("SELECT concord.node_id()::text");

    session.run("DROP EXTENSION concord CASCADE");
    session.run("BEGIN; CREATE EXTENSION concord; ROLLBACK");
    session.run("CREATE EXTENSION concord; SELECT concord.track('note')");
    session.run("INSERT INTO note VALUES (3, 'second life')");
    other.run("INSERT INTO note VALUES (4, 'second life')");

    assert_ne!(session.one::<String>("SELECT concord.node_id()::text"), first);
    let log = events::read(&mut session);
    nothing_wrong("numbering", &density(&log));
    let of_rows: Vec<_> =
        log.iter().filter(|e| e.is_of_row()).map(|e| e.record.as_deref()).collect();
    assert_eq!(of_rows, [Some("3"), Some("4")]);

    // In one transaction, with writes in both lives.
    session.run(
        "BEGIN;
         INSERT INTO note VALUES (5, 'second life');
         DROP EXTENSION concord CASCADE;
         CREATE EXTENSION concord;
         SELECT concord.track('note');
         INSERT INTO note VALUES (6, 'third life');
         COMMIT",
    );
    other.run("INSERT INTO note VALUES (7, 'third life')");
    let log = events::read(&mut session);
    nothing_wrong("numbering", &density(&log));
    assert!(log.iter().any(|event| event.record.as_deref() == Some("7")));
}

#[test]
fn a_database_can_be_dropped_while_the_worker_looks_after_it() {
    let cluster = Cluster::start("dropdb", &["concord.heartbeat_interval=1s"]);
    let mut admin = cluster.connect("postgres");
    for round in 0..5 {
        let mut session = cluster.node("short");
        session.run(NOTE);
        drop(session);
        // Calls the worker, so that it is there now.
        lose_number(&cluster, "short", "INSERT INTO note VALUES (1)");
        admin.run("DROP DATABASE short");
        println!("round {round}");
    }
    let mut session = cluster.node("kept");
    session.run(NOTE);
    session.run("INSERT INTO note VALUES (1)");
    assert!(admin.one::<bool>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'concord launcher')"
    ));
}
