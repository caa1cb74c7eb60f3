//! Somebody decides a conflict on one node: row and conflict are so on all.

use crate::orders::all_orders_and_nodes_agree;
use crate::world::World;
use concord_cluster::wait::eventually;
use postgres::fallible_iterator::FallibleIterator;
use std::time::Duration;

const PAGE: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);";
const ROWS: &str = "SELECT concat_ws('/', id, title, body) FROM page ORDER BY id";
const OPEN: &str = "SELECT conflict_id::text FROM concord.open_conflicts ORDER BY 1";
const SIDES: &str = "
    SELECT concat_ws('/', conflict_type, record_id, local_values ->> 'title', remote_values ->> 'title')
    FROM concord.conflicts WHERE resolved_at IS NULL ORDER BY 1";
const DECIDED: &str = "
    SELECT concat_ws('/', conflict_type, record_id, resolution, resolved_by, resolved_at IS NOT NULL)
    FROM concord.conflicts ORDER BY 1";

fn resolve(id: &str, keep: &str, values: &str) -> String {
    let values = if values.is_empty() { "NULL".to_owned() } else { format!("'{values}'") };
    format!("SELECT concord.resolve_conflict('{id}', '{keep}', {values})")
}

/// The one conflict that is open on a node.
#[track_caller]
fn open(world: &mut World, n: usize) -> String {
    let mut open: Vec<String> = world.node(n).all(OPEN);
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// Ada decides it on node `n`; the same decision once more writes nothing.
#[track_caller]
fn decide(world: &mut World, n: usize, keep: &str, values: &str) {
    let id = open(world, n);
    let node = world.node(n);
    node.run(&format!("SET concord.user_id = 'ada'; {}", resolve(&id, keep, values)));
    let events = "SELECT count(*) FROM concord.change_events";
    let before: i64 = node.one(events);
    node.run(&resolve(&id, keep, values));
    assert_eq!(node.one::<i64>(events), before, "a second time is written");
    let other = if keep == "local" { "remote" } else { "local" };
    let refusal = node.refusal(&resolve(&id, other, ""));
    refusal.expect("55000", &["has already been resolved"]);
}

fn settled(world: &mut World, tables: &[&str]) {
    world.settle();
    world.assert_converged(tables);
}

/// Node 0 writes `a`, then node 1, which does not know, writes `b`: that one stands.
fn edits(label: &str, policy: &str) -> World {
    let schema = format!("{PAGE} SELECT concord.track('page', conflict_policy => '{policy}')");
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.pull(1, 0);
    world.node(0).run("UPDATE page SET title = 'a'");
    world.node(1).run("UPDATE page SET title = 'b'");
    world
}

#[test]
fn a_decision_reaches_all_nodes_in_every_order() {
    let decisions = [
        ("local", "", "1/b/b0"),
        ("remote", "", "1/a/b0"),
        ("remote", r#"{"body": "b1"}"#, "1/a/b1"),
        ("merged", "", "1/b/b0"),
        ("merged", r#"{"title": "a and b"}"#, "1/a and b/b0"),
    ];
    for (case, (keep, values, row)) in decisions.into_iter().enumerate() {
        let mut world = edits(&format!("decided{case}"), "manual");
        world.pull(1, 0);
        let version = "SELECT row_version::text FROM page";
        let before: String = world.node(1).one(version);
        decide(&mut world, 1, keep, values);
        let after: String = world.node(1).one(version);
        assert!(after > before, "{after} is not later than {before}");
        all_orders_and_nodes_agree(&mut world);
        assert_eq!(world.agreed(ROWS), [row]);
        assert_eq!(world.agreed(DECIDED), [format!("update_origin_differs/1/{keep}/ada/t")]);
        assert_eq!(world.agreed(version), [&*after]);
        let history = "SELECT concat_ws('/', operation, new_values ->> 'row_version', user_id,
                                        metadata ->> 'keep')
                       FROM concord.history('page', '1') WHERE metadata ? 'keep'";
        let written = [format!("UPDATE/{after}/ada/{keep}"), format!("RESOLVE/ada/{keep}")];
        assert_eq!(world.agreed(history), written);
    }
}

#[test]
fn of_two_decisions_the_later_stands_and_the_difference_is_a_conflict() {
    for (case, keeps) in [["local", "remote"], ["remote", "local"]].into_iter().enumerate() {
        let mut world = edits(&format!("two-decisions{case}"), "manual");
        settled(&mut world, &["page"]);
        let first = open(&mut world, 0);
        for (n, keep) in keeps.into_iter().enumerate() {
            decide(&mut world, n, keep, "");
        }
        settled(&mut world, &["page"]);
        let title = |keep| if keep == "local" { "b" } else { "a" };
        let [lost, stands] = keeps.map(title);
        assert_eq!(world.agreed(ROWS), [format!("1/{stands}/b0")]);
        let resolution =
            format!("SELECT resolution FROM concord.conflicts WHERE conflict_id = '{first}'");
        assert_eq!(world.agreed(&resolution), [keeps[1]]);
        assert_eq!(world.agreed(SIDES), [format!("update_origin_differs/1/{stands}/{lost}")]);
        decide(&mut world, 2, "local", "");
        settled(&mut world, &["page"]);
        assert!(world.agreed(OPEN).is_empty());
    }
}

#[test]
fn two_nodes_that_decide_alike_have_no_conflict() {
    for keep in ["local", "remote"] {
        let mut world = edits(&format!("alike-{keep}"), "manual");
        settled(&mut world, &["page"]);
        decide(&mut world, 0, keep, "");
        decide(&mut world, 1, keep, "");
        settled(&mut world, &["page"]);
        assert_eq!(world.agreed(DECIDED), [format!("update_origin_differs/1/{keep}/ada/t")]);
    }
}

#[test]
fn what_policy_closed_must_be_opened_again() {
    for policy in ["lww", "merge"] {
        let mut world = edits(&format!("reopened-{policy}"), policy);
        settled(&mut world, &["page"]);
        let closed = "SELECT conflict_id::text FROM concord.conflicts";
        let id: String = world.node(2).one(closed);
        let refusal = world.node(2).refusal(&resolve(&id, "remote", ""));
        refusal.expect(
            "55000",
            &[&id, &format!("already been resolved: {policy}"), "concord.reopen_conflict()"],
        );
        world.node(2).run(&format!("SELECT concord.reopen_conflict('{id}')"));
        settled(&mut world, &["page"]);
        assert_eq!(world.agreed(OPEN), [id]);
        assert_eq!(world.agreed(ROWS), ["1/b/b0"]);
        decide(&mut world, 0, "remote", "");
        settled(&mut world, &["page"]);
        assert_eq!(world.agreed(ROWS), ["1/a/b0"]);
        assert_eq!(world.agreed(DECIDED), ["update_origin_differs/1/remote/ada/t"]);
    }
}

/// One node deletes the page and another edits it; the later of both stands.
fn deleted_and_edited(label: &str, delete_is_later: bool) -> World {
    let schema = format!("{PAGE} SELECT concord.track('page', conflict_policy => 'manual')");
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.pull(1, 0);
    let writes = ["UPDATE page SET title = 'a'", "DELETE FROM page"];
    let [first, second] = if delete_is_later { [0, 1] } else { [1, 0] };
    world.node(0).run(writes[first]);
    world.node(1).run(writes[second]);
    settled(&mut world, &["page"]);
    world
}

#[test]
fn either_side_of_a_delete_can_be_kept() {
    for delete_is_later in [true, false] {
        for (keep, is_kept) in [("local", !delete_is_later), ("remote", delete_is_later)] {
            let label = format!("delete-{keep}-later-{delete_is_later}");
            let mut world = deleted_and_edited(&label, delete_is_later);
            decide(&mut world, 2, keep, "");
            settled(&mut world, &["page"]);
            let rows: &[&str] = if is_kept { &["1/a/b0"] } else { &[] };
            assert_eq!(world.agreed(ROWS), rows, "{label}");
            assert!(world.agreed(OPEN).is_empty());
        }
    }
}

#[test]
fn a_decision_for_a_delete_stands_against_an_earlier_one() {
    let mut world = deleted_and_edited("delete-twice", true);
    let first = open(&mut world, 0);
    decide(&mut world, 0, "remote", "");
    decide(&mut world, 1, "local", "");
    settled(&mut world, &["page"]);
    assert!(world.agreed(ROWS).is_empty());
    let resolution =
        format!("SELECT resolution FROM concord.conflicts WHERE conflict_id = '{first}'");
    assert_eq!(world.agreed(&resolution), ["local"]);
    assert_eq!(world.agreed(SIDES), ["update_deleted/1/a"]);
}

#[test]
fn a_stale_write_is_resolved_on_another_node() {
    for (keep, values, row) in [
        ("local", "", "1/t1/b0"),
        ("remote", "", "1/late/b0"),
        ("merged", r#"{"title": "t1, late"}"#, "1/t1, late/b0"),
    ] {
        let schema = format!("{PAGE} SELECT concord.track('page', on_stale => 'record')");
        let mut world = World::new(&format!("stale-{keep}"), 3, &schema);
        world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
        let read: String = world.node(0).one("SELECT row_version::text FROM page");
        world.node(0).run("UPDATE page SET title = 't1'");
        world.node(0).run(&format!("UPDATE page SET title = 'late', row_version = '{read}'"));
        settled(&mut world, &["page"]);
        decide(&mut world, 1, keep, values);
        settled(&mut world, &["page"]);
        assert_eq!(world.agreed(ROWS), [row]);
        assert_eq!(world.agreed(DECIDED), [format!("stale_write/1/{keep}/ada/t")]);
    }
}

/// Pages of several nodes with one slug: the last has it.
fn same_slug(label: &str, more: &str) -> World {
    let schema = format!(
        "CREATE TABLE page (id integer PRIMARY KEY, title text UNIQUE, body text UNIQUE);
         SELECT concord.track('page'{more})"
    );
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO page VALUES (1, 'x', 'c')");
    world.node(1).run("INSERT INTO page VALUES (2, 'x', 'd')");
    world
}

#[test]
fn a_page_gets_its_unique_value_or_goes() {
    let decisions: [(&str, &str, &[&str]); 2] =
        [("merged", r#"{"title": "x-2"}"#, &["1/x-2/c", "2/x/d"]), ("local", "", &["2/x/d"])];
    for (keep, values, rows) in decisions {
        for (renaming, more) in ["", ", rename => '{title}'"].into_iter().enumerate() {
            let mut world = same_slug(&format!("slug-{keep}{renaming}"), more);
            settled(&mut world, &["page"]);
            let id = open(&mut world, 2);
            world.node(2).refusal(&resolve(&id, "remote", "")).expect("23505", &["page_title_key"]);
            decide(&mut world, 2, keep, values);
            settled(&mut world, &["page"]);
            assert_eq!(world.agreed(ROWS), rows);
            assert_eq!(world.agreed(DECIDED), [format!("unique_key/1/{keep}/ada/t")]);
            assert!(world.agreed("SELECT record_id FROM concord.pending").is_empty());
        }
    }
}

#[test]
fn one_decision_can_end_two_conflicts() {
    for (keep, values) in [("merged", r#"{"title": "y", "body": "z"}"#), ("local", "")] {
        let mut world = same_slug(&format!("two-rivals-{keep}"), "");
        world.node(2).run("INSERT INTO page VALUES (3, 'e', 'c')");
        settled(&mut world, &["page"]);
        let ids = world.agreed(OPEN);
        assert_eq!(ids.len(), 2);
        world.node(0).run(&resolve(&ids[0], keep, values));
        assert!(world.node(0).all::<String>(OPEN).is_empty());
        settled(&mut world, &["page"]);
        assert!(world.agreed(OPEN).is_empty());
        let resolutions = "SELECT resolution FROM concord.conflicts ORDER BY conflict_id";
        assert_eq!(world.agreed(resolutions), [keep, "superseded"]);
    }
}

#[test]
fn a_child_gets_its_parent_back_or_another_or_goes() {
    let decisions: [(&str, &str, &[&str], &[&str]); 3] = [
        ("remote", "", &["1/news", "2/other"], &["7/late/1"]),
        ("merged", r#"{"section_id": 2}"#, &["2/other"], &["7/late/2"]),
        ("local", "", &["2/other"], &[]),
    ];
    for (keep, values, sections, pages) in decisions {
        let schema = "CREATE TABLE section (id integer PRIMARY KEY, name text);
                      CREATE TABLE page (id integer PRIMARY KEY, title text,
                                         section_id integer REFERENCES section);
                      SELECT concord.track('section'), concord.track('page')";
        let mut world = World::new(&format!("parent-{keep}"), 3, schema);
        world.node(0).run("INSERT INTO section VALUES (1, 'news'), (2, 'other')");
        world.settle();
        world.node(0).run("DELETE FROM section WHERE id = 1");
        world.node(1).run("INSERT INTO page VALUES (7, 'late', 1)");
        settled(&mut world, &["section", "page"]);
        let id = open(&mut world, 2);
        let refusal = world.node(2).refusal(&resolve(&id, "merged", ""));
        refusal.expect("23503", &["Specify another parent in row_values"]);
        decide(&mut world, 2, keep, values);
        settled(&mut world, &["section", "page"]);
        let name = "SELECT concat_ws('/', id, name) FROM section ORDER BY id";
        assert_eq!(world.agreed(name), sections);
        let page = "SELECT concat_ws('/', id, title, section_id) FROM page";
        assert_eq!(world.agreed(page), pages);
        assert_eq!(world.agreed(DECIDED), [format!("foreign_key/7/{keep}/ada/t")]);
        assert!(world.agreed("SELECT record_id FROM concord.pending").is_empty());
    }
}

#[test]
fn an_edit_during_a_decision_is_a_conflict_with_it() {
    for edit_is_later in [true, false] {
        let mut world = edits(&format!("during-{edit_is_later}"), "manual");
        settled(&mut world, &["page"]);
        let mut edit = |now: bool| {
            if now {
                world.node(2).run("UPDATE page SET title = 'c'");
            } else {
                decide(&mut world, 1, "remote", "");
            }
        };
        edit(!edit_is_later);
        edit(edit_is_later);
        settled(&mut world, &["page"]);
        let (row, sides) = match edit_is_later {
            true => ("1/c/b0", "update_origin_differs/1/c/a"),
            false => ("1/a/b0", "update_origin_differs/1/a/c"),
        };
        assert_eq!(world.agreed(ROWS), [row]);
        assert_eq!(world.agreed(SIDES), [sides]);
    }
}

#[test]
fn listeners_hear_of_conflicts_from_other_nodes() {
    let mut world = edits("listen", "lww");
    let heard = |world: &mut World, n: usize| -> Vec<String> {
        let mut notifications = world.node(n).client().notifications();
        let mut notifications = notifications.timeout_iter(Duration::from_millis(200));
        let mut heard = Vec::new();
        while let Some(notification) = notifications.next().expect("still connected") {
            assert_eq!(notification.channel(), "concord_conflicts");
            heard.push(notification.payload().to_owned());
        }
        heard
    };
    for n in 0..3 {
        world.node(n).run("LISTEN concord_conflicts");
    }
    world.settle();
    let id: String = world.node(0).one("SELECT conflict_id::text FROM concord.conflicts");
    for n in 0..3 {
        assert_eq!(heard(&mut world, n), [&*id]);
    }
    world.node(1).run(&format!("SELECT concord.reopen_conflict('{id}')"));
    world.settle();
    for n in 0..3 {
        assert_eq!(heard(&mut world, n), [&*id]);
    }
    decide(&mut world, 1, "local", "");
    world.settle();
    for n in 0..3 {
        assert!(heard(&mut world, n).is_empty());
    }
}

#[test]
fn a_decision_waits_for_whoever_applies_and_knows_what_came() {
    for (label, call) in [("resolve", "resolve_conflict"), ("reopen", "reopen_conflict")] {
        let mut world = edits(&format!("deciding_{label}"), "manual");
        world.settle();
        let id = open(&mut world, 0);
        let statement = match call {
            "resolve_conflict" => resolve(&id, "remote", ""),
            _ => {
                world.node(0).run(&resolve(&id, "remote", ""));
                format!("SELECT concord.reopen_conflict('{id}')")
            }
        };
        // Node 2 deletes the row, not knowing of the decision; node 0 takes that in and has not committed.
        world.node(2).run("DELETE FROM page");
        let events = world.lacking(0, 2, 1000);
        let mut deciding = world.another_session(0);
        let pid = deciding.pid();
        world.node(0).run("BEGIN");
        world.apply(0, &events);
        let thread = std::thread::spawn(move || {
            deciding.client().batch_execute(&statement).map_err(|e| e.to_string())
        });
        let waits =
            format!("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {pid} AND NOT granted)");
        eventually("the decision waits", || world.node(0).one::<bool>(&waits).then_some(()));
        world.node(0).run("COMMIT");
        // Whether it still can be made is for the state to say that it then finds.
        let _ = thread.join().expect("the session ends");
        settled(&mut world, &["page"]);
    }
}
