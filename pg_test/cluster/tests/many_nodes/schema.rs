//! Nodes whose tables differ for a while.

use crate::world::World;

const PAGE: &str =
    "CREATE TABLE page (id integer PRIMARY KEY, title text); SELECT concord.track('page');";
const IDS: &str = "SELECT id FROM page ORDER BY id";
const PENDING: &str =
    "SELECT concat_ws('/', table_name, record_id, reason) FROM concord.pending ORDER BY 1";

/// Node 0 has a column and a table that node 1 lacks, and rows that need them.
fn ahead(label: &str) -> World {
    let mut world = World::new(label, 3, PAGE);
    world.node(0).run("ALTER TABLE page ADD COLUMN tags text");
    world.node(0).run(
        "CREATE TABLE note (id integer PRIMARY KEY, page_id integer REFERENCES page);
         SELECT concord.track('note')",
    );
    world
        .node(0)
        .run("INSERT INTO page (id, title, tags) VALUES (1, 'plain', NULL), (2, 'tagged', 'a b')");
    world.node(0).run("INSERT INTO note VALUES (10, 2)");
    world.node(0).run("INSERT INTO page (id, title) VALUES (3, 'plain')");
    world.node(2).run("INSERT INTO page VALUES (4, 'of another node')");
    let counts = world.pull(1, 0);
    assert_eq!((counts.received, counts.pending), (0, 2));
    assert_eq!(world.pull(1, 2).applied, 1);
    assert_eq!(world.node(1).all::<i32>(IDS), [1, 3, 4]);
    let pending: Vec<String> = world.node(1).all(PENDING);
    assert_eq!(pending, ["note/10/missing_table", "page/2/schema_mismatch"]);
    world
}

const CATCH_UP: &str = "
    ALTER TABLE page ADD COLUMN tags text;
    CREATE TABLE note (id integer PRIMARY KEY, page_id integer REFERENCES page);
    SELECT concord.track('note')";

#[test]
fn rows_that_waited_for_ddl_come_with_the_next_apply() {
    let mut world = ahead("schema");
    // Node 2 hands on what it cannot show, either.
    world.pull(2, 1);
    assert_eq!(world.node(2).all::<i32>(IDS), [1, 3, 4]);
    world.node(1).run(CATCH_UP);
    world.node(2).run("UPDATE page SET title = 'edited' WHERE id = 4");
    let counts = world.pull(1, 2);
    assert_eq!((counts.applied, counts.pending), (1, 0));
    assert_eq!(world.node(1).all::<i32>(IDS), [1, 2, 3, 4]);
    world.node(2).run(CATCH_UP);
    world.settle();
    world.assert_converged(&["page", "note"]);
    assert_eq!(world.agreed("SELECT concat_ws('/', id, page_id) FROM note"), ["10/2"]);
}
