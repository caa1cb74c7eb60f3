//! Two nodes give one unique value to two records: the later claim has it everywhere, and the other
//! row comes back by itself.

use crate::world::World;

const PAGE: &str = "CREATE TABLE page (id integer PRIMARY KEY, slug text UNIQUE, title text,
                                       parent integer REFERENCES page);";
const ROWS: &str = "SELECT concat_ws('/', id, slug, title) FROM page ORDER BY id";
const PENDING: &str = "SELECT concat_ws('/', record_id, reason) FROM concord.pending ORDER BY 1";
const OPEN: &str = "SELECT concat_ws('/', conflict_type, record_id, remote_values ->> 'id',
                                     local_values ->> 'id', detail ->> 'record_id')
                    FROM concord.conflicts WHERE resolved_at IS NULL ORDER BY 1";

fn track(policy: &str, more: &str) -> String {
    format!("SELECT concord.track('page', conflict_policy => '{policy}'{more})")
}

fn settled(world: &mut World) -> [Vec<String>; 3] {
    world.settle();
    world.assert_converged(&["page"]);
    [world.agreed(ROWS), world.agreed(PENDING), world.agreed(OPEN)]
}

/// Node 0 gives page 1 the slug x, node 1 gives it to page 2 later, and goes on.
fn collision(label: &str, policy: &str, more: &str) -> World {
    let schema = format!("{PAGE} {}", track(policy, more));
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO page VALUES (1, 'x', 'first')");
    world.node(1).run("INSERT INTO page VALUES (2, 'x', 'second')");
    world.node(1).run("INSERT INTO page VALUES (3, 'z', 'third')");
    world
}

#[test]
fn the_later_claim_has_the_value_and_the_other_row_comes_back() {
    let free = [
        ("UPDATE page SET slug = 'y' WHERE id = 2", vec!["1/x/first", "2/y/second", "3/z/third"]),
        ("DELETE FROM page WHERE id = 2", vec!["1/x/first", "3/z/third"]),
    ];
    for (case, (free, rows)) in free.into_iter().enumerate() {
        for (freeing, policy) in ["lww", "merge"].into_iter().enumerate() {
            let mut world = collision(&format!("claims-case{case}-{policy}"), policy, "");
            let aside =
                [vec!["2/x/second", "3/z/third"], vec!["1/constraint"], vec!["unique_key/1/1/2/2"]];
            assert_eq!(settled(&mut world), aside);
            let id = "SELECT conflict_id::text FROM concord.conflicts";
            assert_eq!(world.agreed(id).len(), 1);
            let image = "SELECT concat_ws('/', remote_values ->> 'slug', remote_values ->> 'title',
                                          applied_values IS NULL)
                         FROM concord.conflicts";
            assert_eq!(world.agreed(image), ["x/first/t"]);
            // Freed by the node of the one row, or by that of the other.
            world.node(1 - freeing).run(free);
            assert_eq!(settled(&mut world), [rows.clone(), vec![], vec![]]);
        }
    }
}

#[test]
fn every_order_of_claims_ends_alike() {
    let mut world = collision("claim-orders", "merge", "");
    world.pull(1, 0);
    world.node(1).run("UPDATE page SET slug = 'w' WHERE id = 2");
    world.node(0).run("UPDATE page SET title = 'edited' WHERE id = 1");
    let events = [world.lacking(2, 0, 100), world.lacking(2, 1, 100)].concat();
    let all = crate::events::groups(&events);
    let mut first = None;
    for order in crate::events::orders(&all) {
        let deliveries: Vec<&[String]> = order.iter().map(Vec::as_slice).collect();
        let state = world.rehearse(2, &deliveries, &["page"]);
        assert_eq!(&state, first.get_or_insert_with(|| state.clone()), "in the order {order:#?}");
    }
    let rows = vec!["1/x/edited", "2/w/second", "3/z/third"];
    assert_eq!(settled(&mut world), [rows, vec![], vec![]]);
}

#[test]
fn a_write_over_a_row_that_is_set_aside_is_one_that_knows_it_not() {
    let mut world = collision("unseen", "lww", "");
    world.settle();
    // Row 1 is not there for the writer.
    world.node(2).run("INSERT INTO page VALUES (1, 'own', 'anew')");
    let rows = vec!["1/own/anew", "2/x/second", "3/z/third"];
    assert_eq!(settled(&mut world), [rows, vec![], vec![]]);
    let conflict =
        "SELECT concat_ws('/', conflict_type, local_values ->> 'title', remote_values ->> 'title')
                    FROM concord.conflicts WHERE conflict_type <> 'unique_key'";
    assert_eq!(world.agreed(conflict), ["insert_exists/anew/first"]);
}

#[test]
fn children_go_and_come_with_their_parent() {
    let mut world = collision("claims-children", "lww", "");
    world.node(0).run("INSERT INTO page VALUES (11, 'c', 'child', 1), (111, 'd', 'its own', 11)");
    let [rows, pending, _] = settled(&mut world);
    assert_eq!(rows, ["2/x/second", "3/z/third"]);
    assert_eq!(pending, ["1/constraint", "11/constraint", "111/constraint"]);
    world.node(2).run("DELETE FROM page WHERE id = 2");
    let rows = vec!["1/x/first", "11/c/child", "111/d/its own", "3/z/third"];
    let [shown, pending, open] = settled(&mut world);
    assert_eq!(sorted(shown), rows);
    assert!(pending.is_empty() && open.is_empty(), "{pending:?} {open:?}");
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

#[test]
fn a_renamed_loser_stays_on_the_site_with_its_children() {
    let mut world = collision("rename", "lww", ", rename => '{slug}'");
    world.node(0).run("INSERT INTO page VALUES (11, 'c', 'child', 1)");
    world.settle();
    world.assert_converged(&["page"]);
    let slugs = world.agreed("SELECT slug FROM page ORDER BY id");
    let [renamed, x, z, c] = &slugs[..] else { panic!("not four rows: {slugs:?}") };
    assert_eq!([x, z, c], ["x", "z", "c"]);
    let hash = renamed.strip_prefix("x-").unwrap_or_else(|| panic!("not renamed: {renamed}"));
    assert!(!hash.is_empty() && hash.len() < 16, "{renamed}");
    assert!(world.agreed(PENDING).is_empty());
    let conflict = "SELECT concat_ws('/', conflict_type, record_id, remote_values ->> 'slug',
                                     applied_values ->> 'slug')
                    FROM concord.conflicts";
    assert_eq!(world.agreed(conflict), [format!("unique_key/1/x/{renamed}")]);
    // Its own name again as soon as that is free.
    world.node(1).run("UPDATE page SET slug = 'y' WHERE id = 2");
    let [rows, pending, open] = settled(&mut world);
    assert_eq!(rows, ["1/x/first", "2/y/second", "3/z/third", "11/c/child"]);
    assert!(pending.is_empty() && open.is_empty(), "{pending:?} {open:?}");
}

#[test]
fn an_edit_of_a_renamed_row_lands() {
    for policy in ["lww", "merge"] {
        let mut world = collision(&format!("rename-edit-{policy}"), policy, ", rename => '{slug}'");
        world.settle();
        world.node(2).run("UPDATE page SET title = 'edited' WHERE id = 1");
        world.settle();
        world.assert_converged(&["page"]);
        assert_eq!(
            world.agreed("SELECT title FROM page ORDER BY id"),
            ["edited", "second", "third"]
        );
        // The value that the other row has stays with it.
        assert_eq!(world.agreed("SELECT slug FROM page WHERE id = 2"), ["x"]);
    }
}

#[test]
fn a_row_that_two_others_keep_out_waits_for_both() {
    let schema = "CREATE TABLE page (id integer PRIMARY KEY, slug text UNIQUE, title text UNIQUE);
                  SELECT concord.track('page');";
    let mut world = World::new("two-claims", 3, schema);
    world.node(0).run("INSERT INTO page VALUES (1, 'x', 'c')");
    world.node(1).run("INSERT INTO page VALUES (2, 'x', 'd')");
    world.node(2).run("INSERT INTO page VALUES (3, 'e', 'c')");
    let [rows, pending, open] = settled(&mut world);
    assert_eq!(
        (rows, pending),
        (vec!["2/x/d".into(), "3/e/c".into()], vec!["1/constraint".into()])
    );
    assert!(
        !open.is_empty() && open.iter().all(|open| open.starts_with("unique_key/1/1/")),
        "{open:?}"
    );
    world.node(0).run("UPDATE page SET slug = 'y' WHERE id = 2");
    let [rows, pending, open] = settled(&mut world);
    assert_eq!(
        (rows, pending),
        (vec!["2/y/d".into(), "3/e/c".into()], vec!["1/constraint".into()])
    );
    assert_eq!(open, ["unique_key/1/1/3/3"]);
    world.node(1).run("DELETE FROM page WHERE id = 3");
    assert_eq!(settled(&mut world), [vec!["1/x/c", "2/y/d"], vec![], vec![]]);
}

#[test]
fn values_exchanged_in_one_transaction_are_exchanged_everywhere() {
    let deferrable = "UPDATE page SET slug = CASE id WHEN 1 THEN 'b' ELSE 'a' END WHERE id < 3";
    let by_way_of_another = "BEGIN; UPDATE page SET slug = 'tmp' WHERE id = 1;
                             UPDATE page SET slug = 'a' WHERE id = 2;
                             UPDATE page SET slug = 'b' WHERE id = 1; COMMIT";
    let cases = [
        ("UNIQUE DEFERRABLE INITIALLY DEFERRED", deferrable),
        ("UNIQUE DEFERRABLE", deferrable),
        ("UNIQUE", by_way_of_another),
    ];
    for (case, (unique, swap)) in cases.into_iter().enumerate() {
        for policy in ["lww", "merge"] {
            let schema = format!(
                "CREATE TABLE page (id integer PRIMARY KEY, slug text {unique}, title text); {}",
                track(policy, "")
            );
            let mut world = World::new(&format!("swap-swap{case}-{policy}"), 2, &schema);
            world
                .node(0)
                .run("INSERT INTO page VALUES (1, 'a', 't'), (2, 'b', 't'), (3, 'c', 't')");
            world.settle();
            world.node(0).run(swap);
            assert_eq!(settled(&mut world), [vec!["1/b/t", "2/a/t", "3/c/t"], vec![], vec![]]);
            // And what another transaction gives away, the next one may take.
            world.node(1).run("DELETE FROM page WHERE id = 1");
            world.node(1).run("UPDATE page SET slug = 'b' WHERE id = 3");
            assert_eq!(settled(&mut world), [vec!["2/a/t", "3/b/t"], vec![], vec![]]);
        }
    }
}

#[test]
fn every_kind_of_unique_index_is_one() {
    let kinds = [
        ("partial", "CREATE UNIQUE INDEX ON page (slug) WHERE published", "x", "x"),
        ("expression", "CREATE UNIQUE INDEX ON page (lower(slug))", "x", "X"),
        ("nulls", "CREATE UNIQUE INDEX ON page (slug) NULLS NOT DISTINCT", "", ""),
        ("columns", "CREATE UNIQUE INDEX ON page (section, slug)", "x", "x"),
        ("covering", "CREATE UNIQUE INDEX ON page (slug) INCLUDE (title)", "x", "x"),
        ("deferred", "ALTER TABLE page ADD UNIQUE (slug) DEFERRABLE INITIALLY DEFERRED", "x", "x"),
    ];
    for (name, index, slug, other) in kinds {
        let schema = format!(
            "CREATE TABLE page (id integer PRIMARY KEY, slug text, title text, section integer,
                                published boolean DEFAULT true);
             {index}; {}",
            track("lww", "")
        );
        let mut world = World::new(&format!("kinds-{name}"), 2, &schema);
        let insert = |id: i32, slug: &str, section: i32, published: bool| {
            format!(
                "INSERT INTO page VALUES ({id}, nullif('{slug}', ''), 't', {section}, {published})"
            )
        };
        world.node(0).run(&insert(1, slug, 1, true));
        world.node(1).run(&insert(2, other, 1, true));
        // What looks alike and is not, to this index.
        match name {
            "partial" => world.node(1).run(&insert(3, slug, 1, false)),
            "columns" => world.node(1).run(&insert(3, slug, 2, true)),
            _ => world.node(1).run(&insert(3, "free", 1, true)),
        }
        world.settle();
        world.assert_converged(&["page"]);
        let ids = "SELECT id::text FROM page ORDER BY id";
        assert_eq!(world.agreed(ids), ["2", "3"], "{name}");
        assert_eq!(world.agreed(PENDING), ["1/constraint"], "{name}");
        world.node(0).run("DELETE FROM page WHERE id = 2");
        world.settle();
        world.assert_converged(&["page"]);
        assert_eq!(world.agreed(ids), ["1", "3"], "{name}");
        assert!(world.agreed(PENDING).is_empty() && world.agreed(OPEN).is_empty(), "{name}");
    }
}
