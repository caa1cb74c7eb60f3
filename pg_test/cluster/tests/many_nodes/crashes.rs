//! The receiver is killed in the middle: it ends as one that was not.

use crate::profile::PAGES;
use crate::world::{QUIET, World};
use concord_cluster::cluster::Cluster;
use concord_cluster::random::{Random, rounds};
use concord_cluster::session::Session;
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::Duration;

const WRITERS: usize = 2;
const CLEAN: usize = 2;
const KILLED: usize = 3;
const BATCH: usize = 15;

#[test]
fn a_receiver_that_is_killed_ends_as_one_that_is_not() {
    let mut random = Random::for_test();
    let schema = PAGES.tracked("merge");
    let writers = Arc::new(Cluster::start("writers", &[QUIET]));
    let mut world = World::on(&writers, "node", WRITERS + 1, &schema);
    world.add(&Arc::new(Cluster::start("killed", &[QUIET])), "receiver", &schema);
    let mut cut_short = 0;
    for round in 0..rounds(20) {
        write(&mut world, &mut random);
        let batches = batches(&mut world, &mut random);
        let (mut session, total) = (world.another_session(KILLED), 2 * batches.len());
        let backend = session.pid();
        let applying = spawn(move || apply_until_killed(&mut session, &batches));
        sleep(Duration::from_micros(random.below(70_000)));
        let cluster = world.cluster(KILLED);
        match round % 2 {
            0 => cluster.crash(backend),
            _ => {
                cluster.kill_postmaster();
                cluster.launch();
            }
        }
        cut_short += u64::from(applying.join().expect("the applying thread") < total);
        world.reconnect(KILLED);
    }
    println!("{cut_short} times in the middle");
    assert!(cut_short > 0, "was never killed while it applied");
    world.settle();
    world.assert_converged(PAGES.tables);
    // Nothing that was written for other nodes is an event of the receiver's own.
    let echoes: i64 = world.node(KILLED).one(
        "SELECT count(*) FROM concord.change_events
         WHERE origin_node_id = concord.node_id() AND operation <> 'NODE'",
    );
    assert_eq!(echoes, 0);
}

/// The writers write, and hear of each other; the clean node has all.
fn write(world: &mut World, random: &mut Random) {
    for _ in 0..30 {
        let at = random.below(WRITERS as u64) as usize;
        if random.chance(85) {
            world.try_write(at, &PAGES.transaction(random));
        } else {
            world.pull(at, 1 - at);
        }
    }
    for writer in 0..WRITERS {
        world.pull(CLEAN, writer);
    }
}

/// What the receiver lacks, with the origins' events mixed.
fn batches(world: &mut World, random: &mut Random) -> Vec<Vec<String>> {
    let mut events = world.lacking(KILLED, CLEAN, 100_000);
    for i in 0..events.len() {
        let other = random.below(events.len() as u64) as usize;
        events.swap(i, other);
    }
    events.chunks(BATCH).map(<[String]>::to_vec).collect()
}

/// Applies every batch twice, and all of them again, until the session ends; returns how often it
/// came to apply one.
fn apply_until_killed(session: &mut Session, batches: &[Vec<String>]) -> usize {
    let statement = "SELECT FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))";
    let twice = batches.iter().flat_map(|batch| [batch, batch]);
    twice.cycle().take_while(|batch| session.client().query(statement, &[batch]).is_ok()).count()
}
