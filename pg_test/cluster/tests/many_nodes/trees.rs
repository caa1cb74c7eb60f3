//! Trees in pointers: what two nodes break together is found on all, under one id, and is closed when
//! it is put right.

use crate::world::World;
use concord_cluster::random::Random;
use concord_cluster::wait::eventually;
use std::time::{Duration, Instant};

/// Pages in sibling lists, and how an application moves one: in one transaction, to be the first under
/// a parent, or after a sibling. It refuses to move a page below itself.
const PAGE: &str = "
    CREATE TABLE page (id text PRIMARY KEY, title text, parent text, first_child text, next text, prev text);
    CREATE FUNCTION link(page text, below text, after text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE following text;
    BEGIN
        IF after IS NULL THEN
            SELECT first_child INTO following FROM page WHERE id = below;
            UPDATE page SET first_child = $1 WHERE id = below;
        ELSE
            SELECT next INTO following FROM page WHERE id = after;
            UPDATE page SET next = $1 WHERE id = after;
        END IF;
        UPDATE page SET prev = $1 WHERE id = following;
        UPDATE page SET parent = below, prev = after, next = following WHERE id = $1;
    END $$;
    CREATE FUNCTION unlink(page text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE old page;
    BEGIN
        SELECT * INTO old FROM page WHERE id = $1;
        UPDATE page SET first_child = old.next WHERE id = old.parent AND first_child = $1;
        UPDATE page SET next = old.next WHERE id = old.prev;
        UPDATE page SET prev = old.prev WHERE id = old.next;
    END $$;
    CREATE FUNCTION add(page text, below text, after text = NULL) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO page (id, title) VALUES ($1, $1);
        PERFORM link($1, below, after);
    END $$;
    CREATE FUNCTION move(page text, below text, after text = NULL) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF $1 IN (WITH RECURSIVE up AS (SELECT id, parent FROM page WHERE id = below UNION
                                        SELECT p.id, p.parent FROM page p JOIN up ON p.id = up.parent)
                  SELECT id FROM up) THEN
            RETURN;
        END IF;
        PERFORM unlink($1);
        PERFORM link($1, below, after);
    END $$;";

const EVERY_POINTER: &str =
    "SELECT concord.track_tree('page', 'parent', 'first_child', 'next', 'prev')";

const OPEN: &str =
    "SELECT concat_ws(' ', conflict_id, record_id, local_event_id, remote_event_id, detail)
     FROM concord.conflicts WHERE conflict_type = 'tree' AND resolved_at IS NULL ORDER BY 1";

/// Nodes with `home`; `a`, `b` and `c` below it, `a1` below `a` and `a2` below that, and so on.
fn world(label: &str, nodes: usize, policy: &str, tree: &str) -> World {
    let track = format!("SELECT concord.track('page', conflict_policy => '{policy}'); {tree}");
    let mut world = World::new(label, nodes, &format!("{PAGE} {track}"));
    world.node(0).run(
        "BEGIN; INSERT INTO page VALUES ('home', 'home');
         SELECT add(p, 'home'), add(p || 1, p), add(p || 2, p || 1) FROM unnest('{c,b,a}'::text[]) p; COMMIT",
    );
    for n in 1..nodes {
        world.pull(n, 0);
    }
    world
}

/// What is open, once every node has looked at what was written there.
#[track_caller]
fn open(world: &mut World) -> Vec<String> {
    eventually("all nodes have looked", || {
        for n in 0..world.len() {
            world.node(n).run("SELECT concord.tick()");
        }
        let behind =
            "SELECT true FROM concord.trees WHERE checked IS DISTINCT FROM concord.vector()";
        (0..world.len()).all(|n| world.node(n).all::<bool>(behind).is_empty()).then_some(())
    });
    world.agreed(OPEN)
}

fn problems(world: &mut World) -> Vec<String> {
    open(world);
    world.agreed(
        "SELECT concat_ws(' ', detail ->> 'problem', detail -> 'rows', detail -> 'columns')
         FROM concord.conflicts WHERE conflict_type = 'tree' AND resolved_at IS NULL ORDER BY 1",
    )
}

/// The events of one transaction, run on a node.
fn group(world: &mut World, n: usize, sql: &str) -> Vec<String> {
    let vector: String = world.node(n).one("SELECT concord.vector()::text");
    world.node(n).run(&format!("BEGIN; {sql}; COMMIT"));
    world.node(n).all(&format!("SELECT e::text FROM concord.export_events('{vector}') e"))
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn two_moves_that_close_a_circle_are_one_conflict_everywhere_until_it_is_repaired() {
    for policy in ["lww", "merge", "manual"] {
        let mut world = world("circle", 3, policy, EVERY_POINTER);
        world.node(0).run("SELECT move('a1', 'b2')");
        world.node(1).run("SELECT move('b1', 'a2')");
        assert_eq!(world.pull(2, 1).conflicts, 0);
        assert_eq!((world.pull(2, 0).conflicts, world.pull(1, 0).conflicts), (1, 1));
        world.pull(0, 2);
        let expected = r#"cycle ["a1", "a2", "b1", "b2"] ["parent"]"#;
        assert_eq!(problems(&mut world), [expected]);
        let id = open(&mut world);
        // What has nothing to do with it leaves it alone.
        world.node(2).run("UPDATE page SET title = 'edited' WHERE id = 'a1'");
        world.settle();
        assert_eq!(open(&mut world), id);
        world.node(1).run("SELECT move('a1', 'a')");
        world.settle();
        assert_eq!(open(&mut world), [] as [&str; 0]);
        let closed = world.agreed(
            "SELECT concat_ws(' ', resolution, conflict_policy) FROM concord.conflicts
             WHERE conflict_type = 'tree'",
        );
        assert_eq!(closed, [format!("repaired {policy}")]);
    }
}

#[test]
fn the_order_of_delivery_does_not_matter() {
    // Nodes 0 and 1 write; each of the others gets the three transactions in an order of its own.
    let mut world = world("orders", 2 + ORDERS.len(), "lww", EVERY_POINTER);
    let moves = [
        group(&mut world, 0, "SELECT move('a1', 'b2')"),
        group(&mut world, 1, "SELECT move('b1', 'c2')"),
        group(&mut world, 1, "SELECT move('c1', 'a2')"),
    ];
    for (n, order) in ORDERS.iter().enumerate() {
        for i in order {
            world.apply(2 + n, &moves[*i]);
        }
    }
    world.apply(0, &moves[1..].concat());
    world.apply(1, &moves[0]);
    let expected = r#"cycle ["a1", "a2", "b1", "b2", "c1", "c2"] ["parent"]"#;
    assert_eq!(problems(&mut world), [expected]);
    // Two repair it without knowing of each other, and one of them thinks better of it.
    let repairs = [
        group(&mut world, 0, "SELECT move('a1', 'a')"),
        group(&mut world, 0, "SELECT unlink('a1'), link('a1', 'b2', NULL)"),
        group(&mut world, 1, "SELECT move('b1', 'b')"),
    ];
    for (n, order) in ORDERS.iter().enumerate() {
        for i in order {
            world.apply(2 + n, &repairs[*i]);
        }
    }
    world.apply(0, &repairs[2]);
    world.apply(1, &repairs[..2].concat());
    assert_eq!(open(&mut world), [] as [&str; 0]);
    world.agreed("SELECT concord.digest('page')");
}

#[test]
fn two_insertions_after_the_same_sibling() {
    let mut world = world("insertions", 3, "lww", EVERY_POINTER);
    world.node(0).run("SELECT add('x', 'home', 'a')");
    world.node(1).run("SELECT add('y', 'home', 'a')");
    world.settle();
    let expected = "siblings [\"a\", \"b\", \"x\", \"y\"] [\"next\", \"prev\"]";
    assert_eq!(problems(&mut world), [expected]);
    // The list lost x, between a and y or b: it goes in again.
    world.node(2).run("BEGIN; SELECT link('x', 'home', 'a'); COMMIT");
    world.settle();
    assert_eq!(open(&mut world), [] as [&str; 0]);
    let first: String = world.node(1).one("SELECT next FROM page WHERE id = 'a'");
    assert_eq!(first, "x");
}

#[test]
fn two_first_children_of_an_empty_page() {
    let mut world = world("firsts", 2, "lww", EVERY_POINTER);
    world.node(0).run("SELECT add('x', 'c2')");
    world.node(1).run("SELECT add('y', 'c2')");
    world.settle();
    assert_eq!(problems(&mut world), [r#"siblings ["c2", "x"] ["first_child"]"#]);
}

#[test]
fn what_is_declared_is_what_is_checked() {
    for (tree, expected) in [
        ("SELECT concord.track_tree('page', 'parent')", vec![]),
        (
            "SELECT concord.track_tree('page', 'parent', next => 'next')",
            vec!["siblings [\"b\", \"x\", \"y\"] [\"next\"]"],
        ),
        (
            "SELECT concord.track_tree('page', 'parent', prev => 'prev')",
            vec!["siblings [\"a\", \"x\", \"y\"] [\"prev\"]"],
        ),
    ] {
        let mut world = world("partly", 2, "lww", tree);
        world.node(0).run("SELECT add('x', 'home', 'a')");
        world.node(1).run("SELECT add('y', 'home', 'a')");
        world.settle();
        assert_eq!(problems(&mut world), expected);
    }
}

#[test]
fn hostile_record_ids() {
    let names = ["NULL", "", "{\"a\": [1]}", "it's \"x\" \\ \u{1F600}\n%s $1", "[\"x\", \"y\"]"];
    let mut world = world("hostile", 3, "lww", "SELECT concord.track_tree('page', 'parent')");
    let quoted =
        |i: usize| format!("E'{}'", names[i % 5].replace('\\', "\\\\").replace('\'', "''"));
    for i in 0..5 {
        world.node(0).run(&format!("INSERT INTO page VALUES ({}, 'odd')", quoted(i)));
    }
    world.settle();
    for i in 0..5 {
        let (id, parent) = (quoted(i), quoted(i + 1));
        world.node(i % 3).run(&format!("UPDATE page SET parent = {parent} WHERE id = {id}"));
    }
    world.settle();
    assert_eq!(open(&mut world).len(), 1);
    let mut rows = world.agreed(
        "SELECT r FROM concord.conflicts, jsonb_array_elements_text(detail -> 'rows') r ORDER BY r COLLATE \"C\"",
    );
    rows.sort();
    let mut expected = names.to_vec();
    expected.sort();
    assert_eq!(rows, expected);
    let id = quoted(2);
    world.node(1).run(&format!("DELETE FROM page WHERE id = {id}"));
    world.settle();
    assert_eq!(open(&mut world), [] as [&str; 0]);
}

#[test]
fn a_row_that_was_set_aside_breaks_the_tree_when_it_comes_back() {
    let schema = format!(
        "{PAGE} CREATE TABLE site (id int PRIMARY KEY); ALTER TABLE page ADD site int REFERENCES site;
         SELECT concord.track('site'), concord.track('page'); {EVERY_POINTER}"
    );
    let mut world = World::new("aside", 2, &schema);
    world.node(0).run("INSERT INTO site VALUES (1); INSERT INTO page VALUES ('home', 'home')");
    world.settle();
    world.node(0).run("DELETE FROM site");
    world.node(1).run("INSERT INTO page (id, parent, site) VALUES ('x', 'x', 1)");
    world.settle();
    assert_eq!(open(&mut world), [] as [&str; 0]);
    world.node(0).run("INSERT INTO site VALUES (1)");
    world.node(0).run("SELECT concord.retry_pending()");
    world.settle();
    let found = problems(&mut world);
    assert_eq!(found[0], "cycle [\"x\"] [\"parent\"]");
}

/// One move, addition, deletion or sloppy edit.
fn edit(random: &mut Random) -> String {
    let page = |random: &mut Random| *random.pick(&["home", "a", "b", "c", "d", "e", "f"]);
    let (one, other) = (page(random), page(random));
    let existing = "(SELECT id FROM page WHERE id <> 'home'";
    match random.below(10) {
        0..=2 => format!("SELECT move('{one}', '{other}') WHERE '{one}' <> 'home'"),
        3 | 4 => format!(
            "SELECT move('{one}', parent, id) FROM page
             WHERE id = '{other}' AND '{one}' <> 'home' AND id <> '{one}' AND parent IS NOT NULL"
        ),
        5 | 6 => format!(
            "SELECT add('{one}', id) FROM page
             WHERE id = '{other}' AND NOT EXISTS (SELECT FROM page WHERE id = '{one}')"
        ),
        7 => format!(
            "SELECT unlink('{one}') WHERE '{one}' <> 'home'; DELETE FROM page WHERE id = '{one}' AND id IN {existing})"
        ),
        8 => format!("UPDATE page SET title = 't{}' WHERE id = '{one}'", random.below(9)),
        _ => format!("UPDATE page SET prev = NULL WHERE id = '{one}'"),
    }
}

#[test]
fn random_edits_leave_the_same_conflicts_open() {
    let mut random = Random::for_test();
    for policy in ["lww", "merge"] {
        let mut world = world("random", 3, policy, EVERY_POINTER);
        for _ in 0..120 {
            let (at, from) = (random.below(3) as usize, random.below(3) as usize);
            match random.below(10) {
                0..=4 => world.node(at).run(&format!("BEGIN; {}; COMMIT", edit(&mut random))),
                5 => world.node(at).run("SELECT concord.tick()"),
                _ if at != from => world.pull_carelessly(at, from, &mut random),
                _ => {}
            }
        }
        world.settle();
        world.agreed("SELECT concord.digest('page')");
        let found = open(&mut world);
        // Whoever looks at all rows finds no other.
        for n in 0..3 {
            world.node(n).run("UPDATE concord.trees SET checked = NULL");
        }
        assert_eq!(open(&mut world), found);
        println!("{policy}: {} open", found.len());
    }
}

#[test]
fn ten_thousand_pages() {
    let mut world = world("large", 2, "lww", EVERY_POINTER);
    // A section of 5,000 siblings, and a path of 5,000 pages below each other.
    world.node(0).run(
        "INSERT INTO page SELECT 's' || n, 't', 'c2', NULL, CASE WHEN n < 5000 THEN 's' || n + 1 END,
                                 CASE WHEN n > 1 THEN 's' || n - 1 END FROM generate_series(1, 5000) n;
         INSERT INTO page SELECT 'd' || n, 't', CASE WHEN n > 1 THEN 'd' || n - 1 ELSE 'b2' END,
                                 CASE WHEN n < 5000 THEN 'd' || n + 1 END FROM generate_series(1, 5000) n;
         UPDATE page SET first_child = 's1' WHERE id = 'c2'; UPDATE page SET first_child = 'd1' WHERE id = 'b2'",
    );
    world.node(0).run("SELECT add('leaf', 's2')");
    world.pull(1, 0);
    assert_eq!(open(&mut world), [] as [&str; 0]);
    world.node(0).run("SELECT move('s2', 'd5000')");
    world.node(1).run("SELECT move('d1', 'leaf')");
    let started = Instant::now();
    world.pull(1, 0);
    let took = started.elapsed();
    println!("taking in one move took {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    world.pull(0, 1);
    let rows = "SELECT jsonb_array_length(detail -> 'rows')::text FROM concord.conflicts
                WHERE detail ->> 'problem' = 'cycle' AND resolved_at IS NULL";
    open(&mut world);
    assert_eq!(world.agreed(rows), ["5002"]);
}
