//! A row at a moment, where several nodes wrote it.

use crate::world::World;

const SCHEMA: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);";

fn shared_page(label: &str, policy: &str) -> World {
    let track = format!("SELECT concord.track('page', conflict_policy => '{policy}')");
    let mut world = World::new(label, 2, &format!("{SCHEMA} {track}"));
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.pull(1, 0);
    world
}

/// The row as it was at each event of the log, in their order.
const PAST: &str = "
    SELECT COALESCE(concat_ws('/', r ->> 'title', r ->> 'body'), 'none')
    FROM (SELECT concord.row_at_hlc('page', '1', e.hlc) AS r
          FROM concord.history('page', '1') e ORDER BY e.hlc) past";

#[test]
fn a_merged_row_is_what_both_edits_made_of_it() {
    let mut world = shared_page("past_merge", "merge");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    world.settle();
    assert_eq!(world.agreed(PAST), ["t0/b0", "t1/b0", "t1/b1"]);
    // Before its first event the row was what that event found.
    let before = "SELECT COALESCE(concord.row_at_hlc('page', '1', '0')::text, 'none')";
    assert_eq!(world.agreed(before), ["none"]);

    world.node(0).run("UPDATE page SET title = 't2'");
    world.node(1).run("DELETE FROM page");
    world.settle();
    assert_eq!(world.agreed(PAST), ["t0/b0", "t1/b0", "t1/b1", "t2/b1", ""]);
    for n in 0..2 {
        let now = "SELECT concord.row_at_hlc('page', '1', concord.hlc_now()) IS NULL";
        assert!(world.node(n).one::<bool>(now));
    }
    let pages =
        "SELECT concord.row_at_hlc('page', id::text, concord.hlc_now()) = to_jsonb(page) FROM page";
    world.node(1).run("INSERT INTO page VALUES (1, 't3', 'b3')");
    world.settle();
    assert!(world.node(0).one::<bool>(pages) && world.node(1).one::<bool>(pages));
}

#[test]
fn it_follows_a_renamed_table() {
    let mut world = shared_page("past_renamed", "merge");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    world.settle();
    for n in 0..2 {
        world.node(n).run("ALTER TABLE page RENAME TO entry");
    }
    let now = "SELECT concat_ws('/', r ->> 'title', r ->> 'body')
               FROM concord.row_at_hlc('entry', '1', concord.hlc_now()) r";
    assert_eq!(world.agreed(now), ["t1/b1"]);
    world.node(0).run("UPDATE entry SET title = 't2'");
    assert_eq!(world.node(0).all::<String>(now), ["t2/b1"]);
}

#[test]
fn under_lww_it_is_the_last_writers() {
    let mut world = shared_page("past_lww", "lww");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    world.settle();
    assert_eq!(world.agreed(PAST), ["t0/b0", "t1/b0", "t0/b1"]);
}
