//! Two editors at work on a ring of four, wherever they happen to be.

use crate::net::{Net, QUIET};
use concord_cluster::random::Random;
use concord_cluster::session::changed;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An editor is slow; two of them still meet at the same page now and then.
const PAUSE: Duration = Duration::from_millis(20);

fn transaction(random: &mut Random) -> String {
    let count = 1 + random.below(4);
    let statements: Vec<String> = (0..count).map(|_| statement(random)).collect();
    format!("BEGIN; {}; COMMIT", statements.join("; "))
}

fn statement(random: &mut Random) -> String {
    let (page, value) = (random.below(100), random.below(1000));
    match random.below(12) {
        0..=2 => format!(
            "INSERT INTO page VALUES ('p{page}', 't{value}', 'b', {value})
             ON CONFLICT (id) DO UPDATE SET title = excluded.title"
        ),
        3 | 4 => format!("UPDATE page SET title = 't{value}' WHERE id = 'p{page}'"),
        5 | 6 => format!("UPDATE page SET body = 'b{value}', stars = {value} WHERE id = 'p{page}'"),
        7 => format!("DELETE FROM page WHERE id = 'p{page}'"),
        8 => format!("INSERT INTO note (body) VALUES ('n{value}')"),
        9 => format!("INSERT INTO remark (page_id, body) VALUES ('p{page}', 'r{value}')"),
        10 => format!(
            "UPDATE remark SET body = 'r{value}' WHERE id = (SELECT id FROM remark ORDER BY id LIMIT 1 OFFSET {page})"
        ),
        _ => "DELETE FROM remark WHERE id = (SELECT min(id) FROM remark)".into(),
    }
}

fn edit(net: &Net, random: &mut Random, until: Instant) {
    while Instant::now() < until {
        let n = random.below(net.len() as u64) as usize;
        let mut session = net.at(n);
        for _ in 0..20 {
            sleep(PAUSE);
            // A deadlock with the applier may end the edit; the editor goes on with something else.
            if let Err(error) = changed(session.client(), &transaction(random)) {
                assert_eq!(error.code().map(|code| code.code()), Some("40P01"), "{error:?}");
                session.run("ROLLBACK");
            }
        }
    }
}

#[test]
fn two_editors_on_a_ring_of_four() {
    let mut random = Random::for_test();
    let seconds = std::env::var("CONCORD_LOAD_SECONDS")
        .map_or(10, |text| text.parse().expect("CONCORD_LOAD_SECONDS is a number"));
    let net = Net::new("editors", 4, &[QUIET]);
    for n in 0..4 {
        net.connect(n, (n + 1) % 4);
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut random = random.fork();
            let net = &net;
            scope.spawn(move || edit(net, &mut random, until));
        }
    });
    net.settle();
    net.assert_alike();
    println!("{:?}", net.agreed("SELECT count(*)::text FROM concord.conflicts"));
}
