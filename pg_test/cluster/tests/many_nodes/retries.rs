//! What a tick tries again, and when.

use crate::world::World;

const SCHEMA: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);
                      SELECT concord.track('page');";
const PENDING: &str = "SELECT reason FROM concord.pending";
/// When the rows were last tried.
const TRIED: &str = "SELECT max(retried_at)::text FROM concord._retried";

fn tick(world: &mut World) -> Option<String> {
    world.node(1).run("SELECT concord.tick()");
    world.node(1).one(TRIED)
}

#[test]
fn rows_behind_a_constraint_are_left_alone_while_nothing_happens() {
    let mut world = World::new("retries", 2, SCHEMA);
    world.node(1).run("ALTER TABLE page ADD CONSTRAINT short CHECK (length(title) < 5)");
    world.node(0).run("INSERT INTO page VALUES (1, 'too long', 'b')");
    assert_eq!(world.pull(1, 0).pending, 1);
    assert_eq!(world.node(1).all::<String>(PENDING), ["constraint"]);

    let first = tick(&mut world).expect("the row was tried again");
    assert_eq!(tick(&mut world).as_deref(), Some(&*first), "nothing has happened");
    world.node(1).run("SELECT concord.heartbeat()");
    assert_eq!(tick(&mut world).as_deref(), Some(&*first), "a heartbeat changes no row");

    // An event of this node, one from elsewhere, DDL, and after a while nothing at all.
    world.node(1).run("INSERT INTO page VALUES (2, 'own', 'b')");
    let second = tick(&mut world).expect("tried");
    assert_ne!(second, first);
    world.node(0).run("INSERT INTO page VALUES (3, 'new', 'b')");
    world.pull(1, 0);
    let third = tick(&mut world).expect("tried");
    assert_ne!(third, second);
    assert_eq!(tick(&mut world), Some(third));
    let ago = "UPDATE concord._retried SET retried_at = retried_at - interval '11 minutes'";
    world.node(1).run(ago);
    let before: String = world.node(1).one(TRIED);
    assert_ne!(tick(&mut world), Some(before));
    world.node(1).run("ALTER TABLE page DROP CONSTRAINT short");
    tick(&mut world);
    assert!(world.node(1).all::<String>(PENDING).is_empty());
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM page"), 3);
}

#[test]
fn rows_without_their_column_are_tried_at_every_tick() {
    let mut world = World::new("retries_column", 2, SCHEMA);
    world.node(0).run("ALTER TABLE page ADD COLUMN tags text");
    world.node(0).run("INSERT INTO page (id, tags) VALUES (1, 'new')");
    assert_eq!(world.pull(1, 0).pending, 1);
    let first = tick(&mut world).expect("tried");
    assert_ne!(tick(&mut world), Some(first));
}
