//! Generated histories: random writes on random nodes, random deliveries in between. At the end all
//! nodes hold the same rows and the same conflicts.

use crate::world::World;
use concord_cluster::random::Random;

const SCHEMA: &str = "
    CREATE TABLE section (id integer PRIMARY KEY, name text);
    CREATE TABLE page (id integer PRIMARY KEY, title text, body text, stars integer,
                       section_id integer REFERENCES section ON DELETE CASCADE,
                       CHECK (stars < 8 OR title <> 'low'));
    CREATE TABLE label (page_id integer, locale text, value text, PRIMARY KEY (page_id, locale));";

const TRACK: [&str; 3] = ["lww", "merge", "manual"];

/// One transaction's statements.
fn write(random: &mut Random) -> String {
    let count = 1 + random.below(3) * random.below(2);
    (0..count).map(|_| statement(random)).collect::<Vec<_>>().join("; ")
}

fn statement(random: &mut Random) -> String {
    let (id, value) = (random.below(6), random.below(9));
    let section = match random.below(3) {
        0 => "NULL".to_owned(),
        _ => format!("(SELECT id FROM section WHERE id = {})", random.below(3)),
    };
    let title = if value == 0 { "low".to_owned() } else { format!("t{value}") };
    match random.below(14) {
        0 | 1 => format!(
            "INSERT INTO page VALUES ({id}, '{title}', 'b', {value}, {section})
             ON CONFLICT (id) DO UPDATE SET title = excluded.title, stars = excluded.stars"
        ),
        2..=4 => format!("UPDATE page SET title = '{title}' WHERE id = {id} AND stars < 8"),
        5 | 6 => format!("UPDATE page SET body = 'b{value}' WHERE id = {id}"),
        7 => format!("UPDATE page SET stars = {value} WHERE id = {id} AND title <> 'low'"),
        8 => format!("UPDATE page SET section_id = {section} WHERE id = {id}"),
        9 => format!("DELETE FROM page WHERE id = {id}"),
        10 => format!(
            "INSERT INTO section VALUES ({}, 's{value}') ON CONFLICT DO NOTHING",
            random.below(3)
        ),
        11 if random.chance(50) => format!("DELETE FROM section WHERE id = {}", random.below(3)),
        11 => format!("UPDATE section SET name = 's{value}'"),
        12 => format!(
            "INSERT INTO label VALUES ({id}, 'en', 'v{value}')
             ON CONFLICT (page_id, locale) DO UPDATE SET value = excluded.value"
        ),
        _ => format!(
            "UPDATE label SET page_id = {} WHERE page_id = {id}
             AND NOT EXISTS (SELECT FROM label WHERE page_id = {})",
            id + 10,
            id + 10
        ),
    }
}

fn play(policy: &str, nodes: usize, steps: usize, random: &mut Random) {
    let track = format!(
        "SELECT concord.track(t::regclass, conflict_policy => '{policy}')
         FROM unnest(ARRAY['section', 'page', 'label']) t"
    );
    let mut world = World::new("converge", nodes, &format!("{SCHEMA} {track}"));
    // Two of the nodes are cut off from the others for a while.
    let cut = steps / 3..steps * 2 / 3;
    for step in 0..steps {
        let at = random.below(nodes as u64) as usize;
        if random.chance(60) {
            let sql = write(random);
            world.node(at).run(&format!("BEGIN; {sql}; COMMIT"));
            continue;
        }
        let from = random.below(nodes as u64) as usize;
        let parted = cut.contains(&step) && (at < nodes / 2) != (from < nodes / 2);
        if from != at && !parted {
            world.pull_carelessly(at, from, random);
        }
    }
    world.settle();
    world.assert_converged(&["section", "page", "label"]);
    let orphans = world.agreed(
        "SELECT p.id::text FROM page p WHERE section_id IS NOT NULL
         AND NOT EXISTS (SELECT FROM section s WHERE s.id = p.section_id)",
    );
    assert!(orphans.is_empty(), "orphans: {orphans:?}");
}

#[test]
fn random_histories_end_alike() {
    let mut random = Random::for_test();
    let rounds = std::env::var("CONCORD_ROUNDS").map_or(1, |text| text.parse().expect("a number"));
    for round in 0..rounds {
        for policy in TRACK {
            let nodes = 3 + (round % 3);
            play(policy, nodes, 150, &mut random);
        }
    }
}
