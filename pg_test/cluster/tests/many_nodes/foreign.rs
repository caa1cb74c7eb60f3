//! Parents go on one node while children come on another.

use crate::world::World;

const TABLES: [&str; 2] = ["section", "page"];
const PAGES: &str = "SELECT concat_ws('/', id, title, section_id) FROM page ORDER BY id";
const PENDING: &str = "SELECT concat_ws('/', record_id, reason) FROM concord.pending ORDER BY 1";
const OPEN: &str = "SELECT concat_ws('/', conflict_type, record_id, remote_values ->> 'title',
                                     detail ->> 'table_name', detail ->> 'record_id')
                    FROM concord.conflicts WHERE resolved_at IS NULL ORDER BY 1";

/// Node 0 deletes the section, then node 1, which does not know, writes a page in it.
fn orphan(label: &str, reference: &str, more: &str) -> World {
    let schema = format!(
        "CREATE TABLE section (id integer PRIMARY KEY, name text);
         CREATE TABLE page (id integer PRIMARY KEY, title text,
                            section_id integer REFERENCES section {reference});
         SELECT concord.track('section'{more}), concord.track('page'{more})"
    );
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO section VALUES (1, 'news')");
    world.settle();
    world.node(0).run("DELETE FROM section");
    world.node(1).run("INSERT INTO page VALUES (7, 'late', 1)");
    world.node(1).run("INSERT INTO page VALUES (8, 'unrelated', NULL)");
    world
}

fn settled(world: &mut World) -> [Vec<String>; 3] {
    world.settle();
    world.assert_converged(&TABLES);
    [world.agreed(PAGES), world.agreed(PENDING), world.agreed(OPEN)]
}

#[test]
fn a_child_without_its_parent_is_kept_and_holds_up_nothing() {
    let references = ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE RESTRICT"];
    for (case, reference) in references.into_iter().enumerate() {
        let mut world = orphan(&format!("orphan-case{case}"), reference, "");
        // The unrelated page comes in the same pull.
        let counts = world.pull(0, 1);
        assert_eq!((counts.applied, counts.received, counts.pending), (2, 0, 1));
        assert_eq!(world.node(0).all::<String>(PAGES), ["8/unrelated"]);
        let [pages, pending, open] = settled(&mut world);
        assert_eq!((pages, pending), (vec!["8/unrelated".into()], vec!["7/constraint".into()]));
        assert_eq!(open, ["foreign_key/7/late/section/1"]);
        assert!(world.agreed("SELECT name FROM section").is_empty());
        world.node(2).run("INSERT INTO section VALUES (1, 'anew')");
        assert_eq!(settled(&mut world), [vec!["7/late/1", "8/unrelated"], vec![], vec![]]);
    }
}

#[test]
fn a_parent_is_revived_where_that_is_asked_for() {
    let mut world = orphan("revive", "", ", on_missing_parent => 'revive_parent'");
    world.settle();
    for n in 0..3 {
        world.node(n).run("SELECT concord.tick()");
    }
    assert_eq!(settled(&mut world), [vec!["7/late/1", "8/unrelated"], vec![], vec![]]);
    assert_eq!(world.agreed("SELECT concat_ws('/', id, name) FROM section"), ["1/news"]);
    // It is an event of the child's origin, and an end of it.
    let revived = "SELECT count(*)::text FROM concord.change_events
                   WHERE table_name = 'section' AND record_id = '1' AND operation <> 'DELETE'";
    assert_eq!(world.agreed(revived), ["2"]);
    for n in 0..3 {
        world.node(n).run("SELECT concord.tick()");
    }
    assert_eq!(settled(&mut world)[0], ["7/late/1", "8/unrelated"]);
    assert_eq!(world.agreed(revived), ["2"]);
}

#[test]
fn a_subtree_goes_with_its_root_and_returns_whole() {
    let schema = "CREATE TABLE page (id integer PRIMARY KEY, title text,
                                     section_id integer REFERENCES page);
                  SELECT concord.track('page');";
    let mut world = World::new("subtree", 3, schema);
    world.node(0).run("INSERT INTO page VALUES (1, 'root', NULL)");
    world.settle();
    world.node(0).run("DELETE FROM page");
    world.node(1).run("INSERT INTO page VALUES (2, 'a', 1), (3, 'b', 2), (4, 'c', 3), (5, 'd', 4)");
    world.settle();
    world.assert_converged(&["page"]);
    assert!(world.agreed(PAGES).is_empty());
    assert_eq!(world.agreed(PENDING).len(), 4);
    world.node(2).run("INSERT INTO page VALUES (1, 'root again', NULL)");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(world.agreed(PAGES), ["1/root again", "2/a/1", "3/b/2", "4/c/3", "5/d/4"]);
    assert!(world.agreed(PENDING).is_empty());
}

#[test]
fn rows_that_exclude_each_other_are_pending_and_hold_up_nothing() {
    let schema = "CREATE TABLE booking (id integer PRIMARY KEY, during int4range,
                                        EXCLUDE USING gist (during WITH &&));
                  SELECT concord.track('booking');";
    let mut world = World::new("exclusion", 2, schema);
    world.node(0).run("INSERT INTO booking VALUES (1, '[1,5)')");
    world.node(1).run("INSERT INTO booking VALUES (2, '[3,9)')");
    world.node(1).run("INSERT INTO booking VALUES (3, '[20,30)')");
    let counts = world.pull(0, 1);
    assert_eq!((counts.applied, counts.received, counts.pending), (2, 0, 1));
    assert_eq!(world.node(0).all::<i32>("SELECT id FROM booking ORDER BY id"), [1, 3]);
    assert_eq!(world.node(0).all::<String>(PENDING), ["2/constraint"]);
    // The log has it, and hands it on.
    assert_eq!(world.pull(1, 0).applied, 1);
    world.node(0).run("DELETE FROM booking WHERE id = 1");
    world.settle();
    world.assert_converged(&["booking"]);
    assert_eq!(world.agreed("SELECT id::text FROM booking ORDER BY id"), ["2", "3"]);
}

#[test]
fn children_that_are_not_tracked_are_done_with_as_declared() {
    for (case, (declared, children)) in
        [("CASCADE", "0/0"), ("SET NULL", "1/0"), ("SET DEFAULT", "1/1"), ("NO ACTION", "1/1")]
            .into_iter()
            .enumerate()
    {
        let schema = format!(
            "CREATE TABLE section (id integer PRIMARY KEY, name text);
             CREATE TABLE note (id integer PRIMARY KEY, section_id integer DEFAULT 2
                                REFERENCES section ON DELETE {declared});
             SELECT concord.track('section')"
        );
        let mut world = World::new(&format!("untracked{case}"), 2, &schema);
        world.node(0).run("INSERT INTO section VALUES (1, 'news'), (2, 'other')");
        world.pull(1, 0);
        world.node(1).run("INSERT INTO note VALUES (1, 1)");
        world.node(0).run("DELETE FROM section WHERE id = 1");
        world.pull(1, 0);
        let notes = "SELECT concat_ws('/', count(*), count(section_id)) FROM note";
        assert_eq!(world.node(1).one::<String>(notes), children, "{declared}");
        let pending = "SELECT concat_ws('/', record_id, reason, detail) FROM concord.pending";
        if declared == "NO ACTION" {
            let refused = r#"1/constraint/rows of untracked table "public"."note" refer to it by foreign key "note_section_id_fkey""#;
            assert_eq!(world.node(1).all::<String>(pending), [refused]);
            world.node(1).run("DELETE FROM note");
        }
        world.settle();
        world.assert_converged(&["section"]);
        assert!(world.agreed(pending).is_empty(), "{declared}");
        assert_eq!(world.agreed("SELECT id::text FROM section"), ["2"]);
    }
}

#[test]
fn only_the_named_columns_of_untracked_children_are_set() {
    for (case, (declared, child)) in
        [("SET NULL (section)", "a/-"), ("SET DEFAULT (section)", "a/2"), ("SET NULL", "-/-")]
            .into_iter()
            .enumerate()
    {
        let schema = format!(
            "CREATE TABLE section (tenant text, id integer, PRIMARY KEY (tenant, id));
             CREATE TABLE note (tenant text, section integer DEFAULT 2,
                                FOREIGN KEY (tenant, section) REFERENCES section ON DELETE {declared});
             SELECT concord.track('section')"
        );
        let mut world = World::new(&format!("set_columns{case}"), 2, &schema);
        world.node(0).run("INSERT INTO section VALUES ('a', 1), ('a', 2)");
        world.pull(1, 0);
        world.node(1).run("INSERT INTO note VALUES ('a', 1)");
        world.node(0).run("DELETE FROM section WHERE id = 1");
        assert_eq!(world.pull(1, 0).pending, 0, "{declared}");
        let notes =
            "SELECT concat_ws('/', COALESCE(tenant, '-'), COALESCE(section::text, '-')) FROM note";
        assert_eq!(world.node(1).one::<String>(notes), child, "{declared}");
    }
}
