//! A node whose wall clock is a year ahead.

use crate::world::{QUIET, World};
use concord_cluster::cluster::Cluster;
use std::sync::Arc;

const YEAR: i64 = 365 * 24 * 3600;
const SCHEMA: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text);
                      SELECT concord.track('page');";
const TITLES: &str = "SELECT concat_ws('/', id, title) FROM page ORDER BY id";

#[test]
fn a_year_ahead_waits_for_its_time_and_holds_up_nobody() {
    let ahead = Arc::new(Cluster::with_clock("ahead", &[QUIET]));
    let others = Arc::new(Cluster::with_clock("on-time", &[QUIET]));
    let mut world = World::on(&others, "node", 2, SCHEMA);
    world.add(&ahead, "ahead", SCHEMA);
    world.node(2).run("INSERT INTO page VALUES (1, 'in time')");
    world.settle();
    ahead.clock().set(YEAR);
    world.node(2).run("INSERT INTO page VALUES (2, 'a year ahead')");
    world.node(2).run("UPDATE page SET title = 'a year ahead' WHERE id = 1");
    for n in 0..2 {
        let counts = world.pull(n, 2);
        assert_eq!((counts.applied, counts.received), (0, 2));
    }
    let reasons = "SELECT reason FROM concord.received ORDER BY node_sequence";
    assert_eq!(world.node(0).all::<String>(reasons), ["future_hlc", "missing_predecessor"]);

    // The others go on, with clocks that are right.
    world.node(0).run("INSERT INTO page VALUES (3, 'of today')");
    assert_eq!(world.pull(1, 0).applied, 1);
    world.node(1).run("UPDATE page SET title = 'edited' WHERE id = 3");
    assert_eq!(world.pull(0, 1).applied, 1);
    for n in 0..2 {
        assert_eq!(world.node(n).all::<String>(TITLES), ["1/in time", "3/edited"]);
        let bound =
            "SELECT concord.hlc_now()::timestamptz <= clock_timestamp() + interval '60 seconds'
                     AND (SELECT max(hlc)::timestamptz FROM concord.change_events)
                         <= clock_timestamp() + interval '60 seconds'";
        assert!(world.node(n).one::<bool>(bound));
    }
    // The one ahead takes in theirs.
    assert_eq!(world.pull(2, 1).applied, 2);
    assert_eq!(world.node(2).one::<i64>("SELECT count(*) FROM page"), 3);

    // Nobody is handed what has not entered; the wait is over when its time has come.
    world.apply(0, &[]);
    assert_eq!(world.node(0).all::<String>(reasons), ["future_hlc", "missing_predecessor"]);
    others.clock().set(YEAR);
    assert_eq!(world.retry(0), 2);
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(world.agreed(TITLES), ["1/a year ahead", "2/a year ahead", "3/edited"]);
    assert!(world.agreed("SELECT conflict_id::text FROM concord.conflicts").is_empty());
}
