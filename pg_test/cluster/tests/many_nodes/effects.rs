//! Writes that the table's own code lets do nothing are not taken for done: their rows are pending, and come once it lets
//! them. Row security hides nothing from what is applied.

use crate::world::World;

const SCHEMA: &str = "
    CREATE TABLE page (id int PRIMARY KEY, title text);
    SELECT concord.track('page', version_column => NULL);";

/// Roles are the server's, and there are two nodes on it.
const OWNED: &str = "
    DO $$ BEGIN CREATE ROLE effects_owner;
          EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    ALTER TABLE page OWNER TO effects_owner;";

/// How an owner can have a write do nothing, and how it is let through again.
const SUPPRESSIONS: [(&str, &str, &str); 3] = [
    (
        "trigger",
        "CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER suppress BEFORE INSERT OR UPDATE OR DELETE ON page FOR EACH ROW EXECUTE FUNCTION suppress();
         ALTER TABLE page ENABLE ALWAYS TRIGGER suppress",
        "DROP TRIGGER suppress ON page; DROP FUNCTION suppress()",
    ),
    (
        "rule",
        "CREATE RULE no_insert AS ON INSERT TO page DO INSTEAD NOTHING;
         CREATE RULE no_update AS ON UPDATE TO page DO INSTEAD NOTHING;
         CREATE RULE no_delete AS ON DELETE TO page DO INSTEAD NOTHING;
         ALTER TABLE page ENABLE ALWAYS RULE no_insert, ENABLE ALWAYS RULE no_update, ENABLE ALWAYS RULE no_delete",
        "DROP RULE no_insert ON page; DROP RULE no_update ON page; DROP RULE no_delete ON page",
    ),
    (
        "conditional rule",
        "CREATE RULE no_insert AS ON INSERT TO page WHERE NEW.id < 1000 DO INSTEAD NOTHING;
         CREATE RULE no_update AS ON UPDATE TO page WHERE OLD.id < 1000 DO INSTEAD NOTHING;
         CREATE RULE no_delete AS ON DELETE TO page WHERE OLD.id < 1000 DO INSTEAD NOTHING;
         ALTER TABLE page ENABLE ALWAYS RULE no_insert, ENABLE ALWAYS RULE no_update, ENABLE ALWAYS RULE no_delete",
        "DROP RULE no_insert ON page; DROP RULE no_update ON page; DROP RULE no_delete ON page",
    ),
];

/// One row, and several in one group.
const WRITES: [&str; 6] = [
    "INSERT INTO page VALUES (10, 'new')",
    "INSERT INTO page SELECT i, 'new' FROM generate_series(20, 24) i",
    "UPDATE page SET title = 'other' WHERE id = 1",
    "UPDATE page SET title = 'other' WHERE id < 4",
    "DELETE FROM page WHERE id = 1",
    "DELETE FROM page WHERE id < 4",
];

#[test]
fn a_write_without_effect_is_pending_until_it_has_one() {
    for (label, suppress, allow) in SUPPRESSIONS {
        let mut world = World::new(&format!("effects_{}", label.replace(' ', "_")), 2, SCHEMA);
        world.node(0).run("INSERT INTO page SELECT i, 'old' FROM generate_series(1, 5) i");
        world.pull(1, 0);
        for write in WRITES {
            world.node(1).run(suppress);
            world.node(0).run(write);
            let before: String = world.node(1).one("SELECT concord.digest('page')");
            let counts = world.pull(1, 0);
            assert!(counts.pending > 0, "{label}: {write}: {counts:?}");
            assert_eq!(
                world.node(1).one::<String>("SELECT concord.digest('page')"),
                before,
                "{label}: {write}"
            );
            let detail: String = world.node(1).one("SELECT min(detail) FROM concord.pending");
            assert!(detail.contains("had no effect"), "{label}: {write}: {detail}");
            world.node(1).run(allow);
            world.retry(1);
            world.settle();
            world.assert_converged(&["page"]);
        }
    }
}

#[test]
fn row_security_does_not_hide_what_is_applied() {
    let mut world = World::new("effects_policy", 2, &format!("{SCHEMA} {OWNED}"));
    world.node(1).run(
        "ALTER TABLE page ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY nothing ON page USING (false)",
    );
    world.node(0).run("INSERT INTO page SELECT i, 'old' FROM generate_series(1, 5) i");
    for write in WRITES {
        world.node(0).run(write);
        assert_eq!(world.pull(1, 0).pending, 0, "{write}");
        world.settle();
        world.assert_converged(&["page"]);
    }
}
