//! A copy that was made while a transaction had its number and had not committed: it gets the event.

use crate::world::QUIET;
use concord_cluster::cluster::Cluster;
use concord_cluster::place::run;
use concord_cluster::session::Session;

const SCHEMA: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text);
                      SELECT concord.track('page');
                      INSERT INTO page VALUES (1, 'first')";

/// What `to` lacks of what `from` has; how many events entered and how many wait.
fn pull(to: &mut Session, from: &mut Session) -> (i64, i64) {
    let vector: String = to.one("SELECT concord.vector()::text");
    let events: Vec<String> =
        from.all(&format!("SELECT e::text FROM concord.export_events('{vector}') e"));
    let statement = "SELECT applied, received
                     FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))";
    let row = to.client().query_one(statement, &[&events]).expect("apply_events");
    (row.get(0), row.get(1))
}

#[test]
fn a_number_in_flight_while_the_copy_was_made_is_asked_for() {
    let cluster = Cluster::start("copy-in-flight", &[QUIET]);
    let mut original = cluster.node("cms");
    original.run(SCHEMA);
    let mut slow = cluster.connect("cms");
    slow.run("BEGIN; INSERT INTO page VALUES (2, 'slow')");
    assert_eq!(slow.one::<i64>("SELECT concord.flush()"), 1);
    original.run("INSERT INTO page VALUES (3, 'quick')");
    original.run("UPDATE page SET title = 'newer' WHERE id = 1");

    let file = cluster.directory().join("dump.sql");
    run(cluster.program("pg_dump").args(["--dbname=cms", "--file"]).arg(&file));
    cluster.connect("postgres").run("CREATE DATABASE restored");
    run(cluster
        .program("psql")
        .args(["-X", "-q", "-d", "restored", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file));
    slow.run("COMMIT");
    original.run("INSERT INTO page VALUES (5, 'after')");

    let mut copy = cluster.connect("restored");
    copy.run("INSERT INTO page VALUES (6, 'in the copy')");
    let gaps = "SELECT concat_ws('-', first_missing, last_missing) FROM concord.gaps()";
    assert_eq!(copy.all::<String>(gaps), ["2-2"]);
    // The missing number and the one that is new: what the copy had in between is known.
    assert_eq!(pull(&mut copy, &mut original), (2, 0));
    assert!(copy.all::<String>(gaps).is_empty());
    assert_eq!(pull(&mut original, &mut copy).1, 0);

    for query in [
        "SELECT concat_ws('/', id, title) FROM page ORDER BY id",
        "SELECT event_id::text FROM concord.change_events ORDER BY 1",
        "SELECT concord.vector()::text",
        "SELECT concord.digest('page')",
        "SELECT conflict_id::text FROM concord.conflicts",
    ] {
        assert_eq!(copy.all::<String>(query), original.all::<String>(query), "{query}");
    }
    // Its readers come by the number, too.
    let all = "SELECT count(*) FROM concord.change_events";
    let exported = "SELECT count(*) FROM concord.export_events()";
    assert_eq!(copy.one::<i64>(exported), copy.one::<i64>(all));
}

/// A node that was restored and takes its own place again does not give the keys again that the lost server gave.
#[test]
fn a_restored_node_gives_no_key_twice() {
    for events_first in [true, false] {
        let cluster = Cluster::start("restored-keys", &[QUIET]);
        let schema = "CREATE TABLE page (id serial PRIMARY KEY, title text);
                      SELECT concord.track('page', version_column => NULL);";
        let mut lost = cluster.node("lost");
        lost.run(&format!("{schema} SELECT concord.spread_sequences(2, 3)"));
        let mut other = cluster.node("other");
        other.run(&format!("{schema} SELECT concord.spread_sequences(1, 3)"));
        lost.run("INSERT INTO page (title) VALUES ('first')");
        let file = cluster.directory().join("dump.sql");
        run(cluster.program("pg_dump").args(["--dbname=lost", "--file"]).arg(&file));
        lost.run("INSERT INTO page (title) VALUES ('second'), ('third')");
        other.run("INSERT INTO page (title) SELECT 'other' FROM generate_series(1, 5)");
        pull(&mut other, &mut lost);
        drop(lost);
        cluster.connect("postgres").run("CREATE DATABASE restored");
        run(cluster
            .program("psql")
            .args(["-X", "-q", "-d", "restored", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(&file));
        let mut restored = cluster.connect("restored");
        let spread = "SELECT FROM concord.spread_sequences(2, 3)";
        if events_first {
            pull(&mut restored, &mut other);
            restored.run(spread);
        } else {
            restored.run(spread);
            pull(&mut restored, &mut other);
            restored.run("SELECT concord.tick()");
        }
        let key: i32 = restored.one("INSERT INTO page (title) VALUES ('again') RETURNING id");
        assert!(key > 8 && key % 3 == 2, "{key}");
        pull(&mut other, &mut restored);
        assert_eq!(other.one::<i64>("SELECT count(*) FROM page"), 9);
        assert_eq!(other.one::<i64>("SELECT count(*) FROM concord.conflicts"), 0);
    }
}
