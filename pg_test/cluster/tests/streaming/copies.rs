//! A copy of a node, connected to it.

use crate::net::{QUIET, SCHEMA};
use concord_cluster::cluster::Cluster;
use concord_cluster::place::run;
use concord_cluster::wait::eventually;

/// The first copy of the log arrives in one transaction, and with it a number that was on its way when
/// the copy of the node was made, before later ones that this has.
#[test]
fn a_number_in_flight_while_the_copy_was_made_arrives() {
    let cluster = Cluster::start("copied", &[QUIET]);
    let mut original = cluster.node("cms");
    original.run(SCHEMA);
    original.run("INSERT INTO page VALUES ('a', 'first')");
    let mut slow = cluster.connect("cms");
    slow.run("BEGIN; INSERT INTO page VALUES ('b', 'slow')");
    slow.run("SELECT concord.flush()");
    original.run("INSERT INTO page VALUES ('c', 'quick')");
    original.run("INSERT INTO page VALUES ('d', 'quick', 'too')");
    let file = cluster.directory().join("dump");
    run(cluster.program("pg_dump").args(["--format=custom", "--dbname=cms", "--file"]).arg(&file));
    slow.run("COMMIT");
    original.run("INSERT INTO page VALUES ('e', 'after')");

    let other = Cluster::start("copy", &[QUIET]);
    other.connect("postgres").run("CREATE DATABASE cms");
    run(other.program("pg_restore").args(["--exit-on-error", "--dbname=cms"]).arg(&file));
    let mut copy = other.connect("cms");
    copy.run("INSERT INTO page VALUES ('f', 'in the copy')");
    let conninfo = cluster.conninfo("cms");
    let command: String =
        copy.one(&format!("SELECT concord.subscription_commands('original', '{conninfo}')"));
    copy.run(&command);
    let all = "SELECT string_agg(id, '' ORDER BY id) FROM page";
    eventually("everything has arrived", || (copy.one::<String>(all) == "abcdef").then_some(()));
    original.run("UPDATE page SET title = 'streamed' WHERE id = 'a'");
    eventually("what is written later arrives", || {
        copy.one::<bool>("SELECT title = 'streamed' FROM page WHERE id = 'a'").then_some(())
    });
    assert_eq!(copy.one::<i64>("SELECT count(*) FROM concord.received"), 0);
    assert!(copy.all::<i64>("SELECT first_missing FROM concord.gaps()").is_empty());
    let node: String = original.one("SELECT concord.node_id()::text");
    let count =
        format!("SELECT count(*) FROM concord.change_events WHERE origin_node_id = '{node}'");
    assert_eq!(copy.one::<i64>(&count), original.one::<i64>(&count));
    // The clusters end in the order in which they began: nobody is to wait for a slot.
    copy.run("DROP SUBSCRIPTION concord_original");
}
