//! Whose code runs with whose rights: all that an owner can tie to a table notes who runs it, while the table is met
//! by every way into concord, opened by a superuser.

use crate::world::World;
use concord_cluster::owned_code::{ALL, Cast, as_owner, assert_only_owner, schema};

#[test]
fn an_owners_code_runs_as_the_owner_by_every_door() {
    let cast = Cast { owner: "rights_owner".into(), stranger: "rights_stranger".into() };
    let mut world = World::new("owned_code", 2, &schema(&cast));
    as_owner(world.node(0),
        &cast,
        "INSERT INTO shop.shelf VALUES ('s1', 'here'), ('s2', 'there');
         INSERT INTO shop.thing (id, shelf, mood, slug) VALUES ('a', 's1', 'good', 'x'), ('b', 's2', 'bad', 'y');
         INSERT INTO shop.plain VALUES ('p', 1)",
    );
    world.pull(1, 0);
    assert_only_owner(world.node(1), &cast, "apply_events, a batch of INSERTs", &ALL);

    as_owner(
        world.node(0),
        &cast,
        "UPDATE shop.thing SET title = 'new', slug = 'z' WHERE id = 'a'",
    );
    world.pull(1, 0);
    assert_only_owner(
        world.node(1),
        &cast,
        "apply_events, an UPDATE",
        &["rule", "deferred", "index"],
    );

    // An untracked child goes with its parent, and the child's deferred trigger with its own owner.
    as_owner(world.node(1), &cast, "INSERT INTO shop.local VALUES ('b', now())");
    as_owner(world.node(0), &cast, "DELETE FROM shop.shelf WHERE code = 's2'");
    world.pull(1, 0);
    assert_only_owner(
        world.node(1),
        &cast,
        "apply_events, a DELETE",
        &["before_row", "local_deferred"],
    );
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM shop.local"), 0);

    // One value claimed on both sides, one row edited on both sides.
    for n in 0..2 {
        as_owner(
            world.node(n),
            &cast,
            &format!(
                "INSERT INTO shop.thing (id, shelf, slug) VALUES ('new{n}', 's1', 'both');
                 UPDATE shop.thing SET title = 'by {n}' WHERE id = 'a'"
            ),
        );
    }
    world.settle();
    assert_only_owner(
        world.node(0),
        &cast,
        "apply_events, conflicts, node 0",
        &["domain", "index"],
    );
    assert_only_owner(
        world.node(1),
        &cast,
        "apply_events, conflicts, node 1",
        &["domain", "index"],
    );
    for (door, call) in [
        ("retry_pending", "SELECT concord.retry_pending()"),
        ("tick", "SELECT concord.tick()"),
        ("history", "SELECT count(*) FROM concord.history('shop.thing', 'a')"),
        (
            "row_at",
            "SELECT concord.row_at('shop.thing', 'a', now()), concord.row_at('shop.thing', 'none', now())",
        ),
        ("row_image", "SELECT concord.row_image('shop.plain', p) FROM shop.plain p"),
        (
            "digest",
            "SELECT concord.digest('shop.thing'), concord.digest('shop.plain'), concord.digest('shop.shelf')",
        ),
        ("report", "SELECT length(concord.report())"),
        ("conflict_diff", "SELECT concord.conflict_diff(conflict_id) FROM concord.conflicts"),
        ("spread_sequences", "SELECT concord.spread_sequences()"),
        (
            "resolve_conflict",
            "SELECT concord.resolve_conflict(conflict_id, 'remote') FROM concord.conflicts
                              WHERE resolved_at IS NULL AND conflict_type <> 'unique_key'",
        ),
        (
            "reopen_conflict",
            "SELECT concord.reopen_conflict(conflict_id) FROM concord.conflicts
                             WHERE resolution = 'remote'",
        ),
        (
            "track again",
            "SELECT concord.track('shop.plain', version_column => NULL, conflict_policy => 'manual')",
        ),
        (
            "DDL watch",
            "ALTER TABLE shop.plain ADD COLUMN more integer; CREATE TABLE shop.later (id int)",
        ),
        ("untrack", "SELECT concord.untrack('shop.plain')"),
    ] {
        world.node(1).run(call);
        assert_only_owner(world.node(1), &cast, door, &[]);
    }
}

#[test]
fn what_a_caller_has_prepared_fires_with_nobody_elses_rights() {
    let cast = Cast { owner: "prepared_owner".into(), stranger: "prepared_stranger".into() };
    let mut world = World::new("prepared", 2, &schema(&cast));
    let stranger = &cast.stranger;
    world.node(1).run(&format!(
        "GRANT EXECUTE ON FUNCTION concord.tick(), concord.retry_pending(), concord.apply_events TO {stranger};
         CREATE SCHEMA trap AUTHORIZATION {stranger};
         GRANT CREATE, USAGE ON SCHEMA shop TO {stranger};
         SET ROLE {stranger};
         CREATE TABLE trap.own (id int); CREATE TABLE shop.trap (id int);
         CREATE CONSTRAINT TRIGGER own AFTER INSERT ON trap.own DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
         -- Named as a trigger of the table that is applied to.
         CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON shop.trap DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
         RESET ROLE"
    ));
    as_owner(
        world.node(0),
        &cast,
        "INSERT INTO shop.shelf VALUES ('s', 'here'); INSERT INTO shop.thing (id, shelf) VALUES ('a', 's')",
    );
    let events = world.lacking(1, 0, 1000).join("','").replace('\'', "''").replace("'',''", "','");
    for trap in ["trap.own", "shop.trap"] {
        for call in [
            "SELECT concord.tick()".to_owned(),
            "SELECT concord.retry_pending()".to_owned(),
            format!("SELECT concord.apply_events(ARRAY['{events}']::jsonb[])"),
        ] {
            world.node(1).run(&format!(
                "TRUNCATE spy.seen; SET ROLE {stranger}; BEGIN; INSERT INTO {trap} VALUES (1); {call}"
            ));
            let early: Vec<String> = world.node(1).all("SELECT current_user::text");
            assert_eq!(early, std::slice::from_ref(stranger));
            world.node(1).run("COMMIT; RESET ROLE");
            let who: Vec<String> = world.node(1).all(
                "SELECT DISTINCT who FROM spy.seen WHERE piece IN ('own', 'deferred') ORDER BY 1",
            );
            assert!(
                !who.contains(&"postgres".to_owned()) && who.contains(stranger),
                "{trap}: {call}: {who:?}"
            );
            let traps: i64 = world.node(1).one(&format!(
                "SELECT count(*) FROM spy.seen WHERE piece = '{}' AND who <> '{stranger}'",
                if trap == "trap.own" { "own" } else { "none" }
            ));
            assert_eq!(traps, 0, "{trap}: {call}");
        }
    }
}
