//! What waits returns without anybody handing anything over, and what was shown instead is what a
//! writer saw.

use crate::events::with;
use crate::world::{QUIET, World};
use concord_cluster::cluster::Cluster;
use std::sync::Arc;

const PENDING: &str = "SELECT count(*) FROM concord.pending";

#[test]
fn rows_that_waited_for_ddl_come_with_a_tick() {
    let mut world = World::new(
        "tick-ddl",
        2,
        "CREATE TABLE page (id integer PRIMARY KEY, title text); SELECT concord.track('page');",
    );
    world.node(0).run("ALTER TABLE page ADD COLUMN tags text");
    world.node(0).run("INSERT INTO page (id, title, tags) VALUES (1, 'tagged', 'a b')");
    assert_eq!(world.pull(1, 0).pending, 1);
    world.node(1).run("ALTER TABLE page ADD COLUMN tags text");
    world.node(1).run("SELECT concord.tick()");
    assert_eq!(world.node(1).one::<i64>(PENDING), 0);
    assert_eq!(world.node(1).one::<String>("SELECT tags FROM page"), "a b");
}

#[test]
fn events_enter_by_a_tick_when_their_time_has_come() {
    const YEAR: i64 = 365 * 24 * 3600;
    let cluster = Arc::new(Cluster::with_clock("tick-future", &[QUIET]));
    let schema = "CREATE TABLE page (id integer PRIMARY KEY); SELECT concord.track('page');";
    let mut world = World::on(&cluster, "tick_future", 2, schema);
    world.node(0).run("INSERT INTO page VALUES (1)");
    let in_a_year: String =
        world.node(0).one("SELECT concord.hlc(now() + interval '1 year')::text");
    let event = with(&world.lacking(1, 0, 1)[0], "hlc", &in_a_year);
    assert_eq!(world.apply(1, &[event]).received, 1);
    world.node(1).run("SELECT concord.tick()");
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM page"), 0);
    cluster.clock().set(YEAR);
    world.node(1).run("SELECT concord.tick()");
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM page"), 1);
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM concord.received"), 0);
}

#[test]
fn a_row_comes_back_by_a_tick_where_its_value_was_freed() {
    let mut world = World::new(
        "tick-free",
        2,
        "CREATE TABLE page (id integer PRIMARY KEY, slug text UNIQUE); SELECT concord.track('page');",
    );
    world.node(0).run("INSERT INTO page VALUES (1, 'x')");
    world.node(1).run("INSERT INTO page VALUES (2, 'x')");
    world.settle();
    assert_eq!(world.node(1).one::<i64>(PENDING), 1);
    world.node(1).run("UPDATE page SET slug = 'y' WHERE id = 2");
    world.node(1).run("SELECT concord.tick()");
    assert_eq!(world.node(1).one::<i64>(PENDING), 0);
    assert_eq!(world.node(1).all::<i32>("SELECT id FROM page ORDER BY id"), [1, 2]);
    let open = "SELECT count(*) FROM concord.conflicts WHERE resolved_at IS NULL";
    assert_eq!(world.node(1).one::<i64>(open), 0);
}

#[test]
fn a_write_over_a_whole_image_decides_all_of_the_row() {
    let mut world = World::new(
        "whole-image",
        3,
        "CREATE TABLE page (id integer PRIMARY KEY, title text, body text, note text,
                            CHECK (title <> 'x' OR body <> 'y'));
         SELECT concord.track('page', conflict_policy => 'merge');",
    );
    world.node(0).run("INSERT INTO page VALUES (1, 't', 'b', 'n')");
    world.settle();
    world.node(0).run("UPDATE page SET title = 'x'");
    world.node(1).run("UPDATE page SET body = 'y'");
    world.settle();
    let row = "SELECT concat_ws('/', title, body, note) FROM page";
    assert_eq!(world.agreed(row), ["t/y/n"]);
    // The writer saw this row and no other: what it left is the row.
    world.node(0).run("UPDATE page SET note = 'seen'");
    assert_eq!(world.node(0).one::<String>(row), "t/y/seen");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(world.agreed(row), ["t/y/seen"]);
    // Also where that takes away what broke the constraint.
    world.node(2).run("UPDATE page SET body = 'b'");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(world.agreed(row), ["t/b/seen"]);
}
