//! One query that says whether events flow, and a copy that knows that its original lives on.

use crate::world::{QUIET, World};
use concord_cluster::cluster::Cluster;
use concord_cluster::session::Session;
use concord_cluster::wait::eventually;

const SCHEMA: &str =
    "CREATE TABLE page (id integer PRIMARY KEY, title text); SELECT concord.track('page');";
const FLOW: &str = "SELECT flow FROM concord.status";
const PEERS: &str = "SELECT concat_ws(' ', name, flow, lacking_here, lacking_there) FROM concord.peers ORDER BY name";

/// As if this node had been told nothing for so long.
fn wait(world: &mut World, n: usize, time: &str) {
    world.node(n).run(&format!(
        "UPDATE concord.nodes SET last_heartbeat = last_heartbeat - interval '{time}'
         WHERE node_id <> concord.node_id()"
    ));
}

#[test]
fn one_query_tells_all_is_well_from_nothing_arrives() {
    let mut world = World::new("flow", 3, SCHEMA);
    assert_eq!(world.node(0).one::<String>(FLOW), "alone");
    world.node(1).run("INSERT INTO page VALUES (1, 'one')");
    world.node(2).run("INSERT INTO page VALUES (2, 'two')");
    world.pull(0, 1);
    world.pull(0, 2);
    assert_eq!(world.node(0).one::<String>(FLOW), "flowing");
    // The others have not been seen to take in what this node wrote.
    world.node(0).run("INSERT INTO page VALUES (3, 'three')");
    assert_eq!(world.node(0).one::<String>(FLOW), "flowing");
    let age = "UPDATE concord.change_events SET wall_timestamp = wall_timestamp - interval '1 hour'
               WHERE origin_node_id = concord.node_id()";
    world.node(0).run(age);
    assert_eq!(world.node(0).one::<String>(FLOW), "unconfirmed");
    world.pull(1, 0);
    world.pull(2, 0);
    for n in [1, 2] {
        world.node(n).run("SELECT concord.heartbeat()");
        world.pull(0, n);
    }
    assert_eq!(world.node(0).one::<String>(FLOW), "flowing");
    // One of two is silent.
    let second: String = world.node(2).one("SELECT concord.node_id()::text");
    world.node(0).run(&format!(
        "UPDATE concord.nodes SET last_heartbeat = now() - interval '1 hour' WHERE node_id = '{second}'"
    ));
    assert_eq!(world.node(0).one::<String>(FLOW), "silent");
    world.node(2).run("SELECT concord.heartbeat()");
    world.pull(0, 2);
    assert_eq!(world.node(0).one::<String>(FLOW), "flowing");
    wait(&mut world, 0, "1 hour");
    assert_eq!(world.node(0).one::<String>(FLOW), "silent");
    // A later event has come, and one before it is missing for long.
    for n in [1, 2] {
        world.node(n).run("SELECT concord.heartbeat()");
        world.pull(0, n);
    }
    world.node(1).run("SELECT concord.heartbeat()");
    world.node(1).run("SELECT concord.heartbeat()");
    let events = world.lacking(0, 1, 100);
    assert_eq!(world.apply(0, &events[1..]).received, 1);
    assert_eq!(world.node(0).one::<String>(FLOW), "flowing");
    world
        .node(0)
        .run("UPDATE concord.received_events SET wall_timestamp = now() - interval '1 hour'");
    assert_eq!(world.node(0).one::<String>(FLOW), "behind");
}

/// What `to` lacks of what `from` has, taken in.
fn pull(to: &mut Session, from: &mut Session) {
    let vector: String = to.one("SELECT concord.vector()::text");
    let events: Vec<String> =
        from.all(&format!("SELECT e::text FROM concord.export_events('{vector}') e"));
    let statement = "SELECT FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))";
    to.client().query_one(statement, &[&events]).expect("apply_events");
}

#[test]
fn a_copy_lists_its_original_while_that_lives_on() {
    let cluster = Cluster::start("flow-copy", &[QUIET]);
    let mut session = cluster.node("cms");
    session.run(SCHEMA);
    session.run("INSERT INTO page VALUES (1, 'one')");
    drop(session);
    eventually("nobody is connected", || {
        cluster
            .connect("postgres")
            .client()
            .batch_execute("CREATE DATABASE copied TEMPLATE cms")
            .ok()
    });
    let (mut original, mut copy) = (cluster.connect("cms"), cluster.connect("copied"));
    copy.run("INSERT INTO page VALUES (2, 'two')");
    // What it has of the original it has brought along.
    assert_eq!(copy.one::<String>(FLOW), "alone");
    assert!(copy.all::<String>(PEERS).is_empty());
    original.run("INSERT INTO page VALUES (3, 'three')");
    original.run("SELECT concord.heartbeat()");
    pull(&mut copy, &mut original);
    assert_eq!(copy.all::<String>(PEERS), ["cms flowing 0 2"]);
    assert_eq!(copy.one::<String>(FLOW), "flowing");
    assert_eq!(copy.one::<i32>("SELECT jsonb_array_length(peers) FROM concord.status"), 1);
    // So it sends it heartbeats, and the original hears of it.
    let heartbeats = "SELECT count(*) FROM concord.change_events
                      WHERE operation = 'NODE' AND origin_node_id = concord.node_id()";
    let before: i64 = copy.one(heartbeats);
    copy.run(
        "UPDATE concord.change_events SET wall_timestamp = wall_timestamp - interval '1 minute'
              WHERE origin_node_id = concord.node_id(); SELECT concord.tick()",
    );
    assert_eq!(copy.one::<i64>(heartbeats), before + 1);
    pull(&mut original, &mut copy);
    assert_eq!(original.one::<String>(FLOW), "flowing");
    // Since then nothing has come.
    copy.run(
        "UPDATE concord.identity SET created_at = created_at - interval '1 day' WHERE node_id = concord.node_id();
         UPDATE concord.nodes SET last_heartbeat = now() - interval '1 hour' WHERE node_id <> concord.node_id()",
    );
    assert_eq!(copy.one::<String>(FLOW), "silent");
    // An identity that was given up here is nobody's.
    copy.run("SELECT concord.hlc_reset()");
    copy.run("INSERT INTO page VALUES (5, 'five')");
    assert_eq!(copy.one::<i64>("SELECT count(*) FROM concord.peers WHERE flow <> 'silent'"), 0);
}
