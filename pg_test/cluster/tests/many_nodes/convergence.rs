//! Generated histories: random writes on random nodes, random deliveries in between. At the end all
//! nodes hold the same rows and the same conflicts.

use crate::profile::{PAGES, Profile};
use crate::site::SITE;
use crate::world::World;
use concord_cluster::random::{Random, rounds};

const POLICIES: [&str; 3] = ["lww", "merge", "manual"];

fn play(profile: &Profile, policy: &str, nodes: usize, steps: usize, random: &mut Random) {
    let mut world = World::new(profile.label, nodes, &profile.tracked(policy));
    // Two of the nodes are cut off from the others for a while.
    let cut = steps / 3..steps * 2 / 3;
    for step in 0..steps {
        let at = random.below(nodes as u64) as usize;
        if random.chance(60) {
            world.try_write(at, &profile.transaction(random));
            continue;
        }
        if let Some(decision) = profile.decision
            && random.chance(20)
        {
            world.try_write(at, &decision(random));
            continue;
        }
        let from = random.below(nodes as u64) as usize;
        let parted = cut.contains(&step) && (at < nodes / 2) != (from < nodes / 2);
        if from != at && !parted {
            world.pull_carelessly(at, from, random);
        }
    }
    world.settle();
    world.assert_converged(profile.tables);
}

fn play_all(profile: &Profile) {
    let mut random = Random::for_test();
    for round in 0..rounds(1) as usize {
        for policy in POLICIES {
            play(profile, policy, 3 + (round % 3), 150, &mut random);
        }
    }
}

#[test]
fn random_histories_end_alike() {
    play_all(&PAGES);
}

#[test]
fn random_histories_of_a_site_end_alike() {
    play_all(&SITE);
}
