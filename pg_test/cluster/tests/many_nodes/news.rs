//! Who listens hears that events of other nodes were taken in, once a transaction, and can read what is new.

use crate::world::World;
use std::time::Duration;

const SCHEMA: &str =
    "CREATE TABLE page (id integer PRIMARY KEY, title text); SELECT concord.track('page');";

fn heard(world: &mut World, n: usize) -> Vec<String> {
    let mut notifications = world.node(n).client().notifications();
    let mut notifications = notifications.timeout_iter(Duration::from_millis(200));
    let mut heard = Vec::new();
    use postgres::fallible_iterator::FallibleIterator;
    while let Some(notification) = notifications.next().expect("still connected") {
        assert_eq!(notification.channel(), "concord_events");
        heard.push(notification.payload().to_owned());
    }
    heard
}

/// The part of a node's vector that is of another.
fn part(world: &mut World, of: usize, at: usize) -> String {
    let node: String = world.node(of).one("SELECT concord.node_id()::text");
    world
        .node(at)
        .one(&format!("SELECT jsonb_build_object('{node}', concord.vector() -> '{node}')::text"))
}

/// A statement that applies these events.
fn applying(events: &[String]) -> String {
    let texts: Vec<String> =
        events.iter().map(|event| format!("'{}'::jsonb", event.replace('\'', "''"))).collect();
    format!("SELECT FROM concord.apply_events(ARRAY[{}]::jsonb[])", texts.join(", "))
}

#[test]
fn once_for_each_transaction_that_takes_events_in() {
    let mut world = World::new("news", 3, SCHEMA);
    world.node(1).run("LISTEN concord_events");
    for n in [0, 2] {
        world.node(n).run(&format!("INSERT INTO page VALUES ({n}, 'first')"));
    }
    let of_0 = world.lacking(1, 0, 100);
    let of_2 = world.lacking(1, 2, 100);
    // What does not commit, and what waits, is no news.
    world.node(1).run(&format!("BEGIN; {}; ROLLBACK", applying(&of_0)));
    world.node(1).run(&format!("BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT", applying(&of_0)));
    world.node(1).run("INSERT INTO page VALUES (1, 'own')");
    assert!(heard(&mut world, 1).is_empty());
    world.node(1).run(&format!("BEGIN; {}; {}; COMMIT", applying(&of_0), applying(&of_0)));
    let news = part(&mut world, 0, 1);
    assert_eq!(heard(&mut world, 1), [news.as_str()]);
    world.node(1).run(&applying(&of_0));
    assert!(heard(&mut world, 1).is_empty(), "known events are no news");
    world.node(0).run("UPDATE page SET title = 'second'");
    world.node(0).run("UPDATE page SET title = 'third'");
    let later = world.lacking(1, 0, 100);
    world.node(1).run(&applying(&later[1..]));
    assert!(heard(&mut world, 1).is_empty(), "what waits is no news");
    world.node(1).run(&format!("BEGIN; {}; {}; COMMIT", applying(&later), applying(&of_2)));
    let (first, second) = (part(&mut world, 0, 1), part(&mut world, 2, 1));
    let both: String = world.node(1).one(&format!("SELECT ('{first}'::jsonb || '{second}')::text"));
    assert_eq!(heard(&mut world, 1), [both]);
}

#[test]
fn a_vector_too_long_for_a_notification_is_told_as_an_empty_one() {
    let mut world = World::new("news-long", 2, SCHEMA);
    world.node(1).run("LISTEN concord_events");
    world.node(0).run(
        "DO $$ BEGIN FOR i IN 1..300 LOOP
        PERFORM concord.hlc_reset(); COMMIT; PERFORM concord.heartbeat(); COMMIT; END LOOP; END $$",
    );
    world.pull(1, 0);
    assert_eq!(heard(&mut world, 1), ["{}"]);
}

#[test]
fn a_transaction_that_took_events_in_cannot_be_prepared() {
    let mut world = World::new("news-prepare", 2, SCHEMA);
    world.node(0).run("INSERT INTO page VALUES (1, 'first')");
    let events = world.lacking(1, 0, 100);
    let prepare = format!("BEGIN; {}; PREPARE TRANSACTION 'p'", applying(&events));
    world.node(1).refusal(&prepare).expect("0A000", &["has applied events of other nodes"]);
}

#[test]
fn a_consumer_that_starts_from_now_reads_what_the_news_are() {
    let mut world = World::new("news-consumer", 2, SCHEMA);
    world.node(0).run("INSERT INTO page VALUES (1, 'before')");
    world.node(1).run("INSERT INTO page VALUES (2, 'before')");
    world.pull(1, 0);
    let consume = "SELECT new_values ->> 'title' FROM concord.consume('cache', from_now => true)";
    assert!(world.node(1).all::<Option<String>>(consume).is_empty());
    world.node(0).run("UPDATE page SET title = 'after'");
    world.pull(1, 0);
    let told: Vec<Option<String>> = world.node(1).all(consume);
    assert_eq!(told, [Some("after".to_owned())]);
    // From the beginning is what others get.
    let all: i64 = world
        .node(1)
        .one("SELECT count(*) FROM concord.consume('index') WHERE table_name = 'page'");
    assert_eq!(all, 3);
}
