//! Large groups: seen as a whole or not at all, and in bounded memory.

use crate::world::{QUIET, World};
use concord_cluster::cluster::Cluster;
use concord_cluster::process::peak_memory_kb;
use concord_cluster::random::rounds;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::spawn;

const BOUND_KB: i64 = 100_000;

const SCHEMA: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);
                      SELECT concord.track('page');";

#[test]
fn a_large_group_is_seen_whole_and_loses_one_row() {
    let rows = rounds(10_000);
    let mut world = World::new("large", 2, SCHEMA);
    world.node(0).run(&insert(rows));
    pull_in_parts(&mut world);
    world.node(0).run("UPDATE page SET title = 'new', body = 'c'");
    world.node(1).run("UPDATE page SET title = 'mine' WHERE id = 77");

    let done = Arc::new(AtomicBool::new(false));
    let (mut reader, until) = (world.another_session(1), Arc::clone(&done));
    let reading = spawn(move || {
        let mut seen = Vec::new();
        while !until.load(Ordering::Relaxed) {
            seen.push(reader.one::<i64>("SELECT count(*) FROM page WHERE title = 'new'"));
        }
        seen
    });
    pull_in_parts(&mut world);
    done.store(true, Ordering::Relaxed);
    let seen = reading.join().expect("the reader");
    assert!(seen.iter().all(|count| *count == 0 || *count == rows as i64 - 1), "{seen:?}");

    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(
        world.agreed("SELECT concat_ws('/', title, body) FROM page WHERE id = 77"),
        ["mine/b"]
    );
    assert_eq!(
        world.agreed(
            "SELECT concat_ws('/', record_id, remote_values ->> 'title') FROM concord.conflicts"
        ),
        ["77/new"]
    );
}

#[test]
fn a_large_group_takes_bounded_memory() {
    let rows = rounds(10_000);
    // The buffers count as a backend's memory as soon as it has used them.
    let settings = [QUIET, "shared_buffers=16MB", "max_wal_size=4GB"];
    let cluster = Arc::new(Cluster::start("large-memory", &settings));
    let mut world = World::on(&cluster, "memory", 2, SCHEMA);
    world.node(0).run(&insert(rows));
    pull_in_parts(&mut world);
    let pid = world.node(1).pid();
    let grown = peak_memory_kb(pid) - fresh_backend_kb(&world);
    println!("{rows} rows: grown by {grown} kB");
    assert!(grown < BOUND_KB, "grown by {grown} kB");
}

fn insert(rows: u64) -> String {
    format!("INSERT INTO page SELECT i, 'old', 'b' FROM generate_series(1, {rows}) i")
}

fn fresh_backend_kb(world: &World) -> i64 {
    let mut session = world.another_session(1);
    session.run("SELECT concord.node_id()");
    peak_memory_kb(session.pid())
}

/// Node 1 takes in what node 0 has, 10,000 events at a time: a larger group comes in parts.
fn pull_in_parts(world: &mut World) {
    while pull_part(world, 10_000) > 0 {}
}

/// Asks for what is neither in the log nor waiting; returns how many events came.
fn pull_part(world: &mut World, most: i32) -> usize {
    let since: String = world.node(1).one("SELECT concord.received_vector()::text");
    let events: Vec<String> = world
        .node(0)
        .all(&format!("SELECT e::text FROM concord.export_events('{since}', {most}) e"));
    world.apply(1, &events);
    events.len()
}

#[test]
fn a_group_that_is_larger_than_what_is_asked_for_comes_in_parts() {
    let mut world = World::new("parts", 2, SCHEMA);
    world.node(0).run(&insert(25));
    world.node(0).run("UPDATE page SET title = 'new' WHERE id = 1");
    let waiting = "SELECT count(*) FROM concord.received";
    let mut parts = Vec::new();
    for _ in 0..4 {
        let came = pull_part(&mut world, 10);
        parts.push((came, world.node(1).one::<i64>(waiting)));
    }
    assert_eq!(parts, [(10, 10), (10, 20), (6, 0), (0, 0)]);
    world.assert_converged(&["page"]);

    // What waits behind a gap is no reason not to ask for what is in the gap.
    world.node(0).run("UPDATE page SET title = 'newer'");
    world.node(0).run("DELETE FROM page WHERE id = 1");
    let mut events = world.lacking(1, 0, 100);
    events.drain(3..6);
    world.apply(1, &events);
    let vector: String = world.node(1).one(
        "SELECT string_agg(value, ' ' ORDER BY value) FROM jsonb_each_text(concord.received_vector())",
    );
    assert_eq!(vector, "29");
    assert_eq!(pull_part(&mut world, 100), 23);
    world.assert_converged(&["page"]);
}
