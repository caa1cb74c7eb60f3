//! Generated histories on a table with two unique columns, a foreign key to itself and a CHECK, against
//! a model: after every delivery a node shows what the model makes of the events in its log.

mod fold;
mod history;
mod read;

use crate::world::World;
use concord_cluster::random::{Random, rounds, seed_for_test};

/// So many histories share the nodes, each with a table of its own.
const HISTORIES_PER_WORLD: u64 = 20;

#[test]
fn nodes_show_what_the_model_shows() {
    let first = seed_for_test();
    let mut world = None;
    for round in 0..rounds(12) {
        // A history depends on its own seed alone.
        let seed = first.wrapping_add(round);
        println!("to try this history again: CONCORD_SEED={seed}");
        if round % HISTORIES_PER_WORLD == 0 {
            world = Some(World::new(&format!("model{round}"), 4, ""));
        }
        let world = world.as_mut().expect("made in the first round");
        history::play(world, &format!("h{round}"), &mut Random::from_seed(seed));
    }
}
