//! Stories with a known end.

use crate::world::World;
use concord_cluster::session::Session;

const PAGE: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);";

fn world(label: &str, nodes: usize, policy: &str) -> World {
    let track = format!("SELECT concord.track('page', conflict_policy => '{policy}')");
    World::new(label, nodes, &format!("{PAGE} {track}"))
}

fn titles(node: &mut Session) -> Vec<String> {
    node.all("SELECT concat_ws('/', id, title, body) FROM page ORDER BY id")
}

/// A page that two nodes have.
fn shared_page(label: &str, policy: &str) -> World {
    let mut world = world(label, 2, policy);
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.pull(1, 0);
    world
}

#[test]
fn lww_keeps_the_later_row_and_the_losers_image() {
    let mut world = shared_page("lww", "lww");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(titles(world.node(0)), ["1/t0/b1"]);
    let conflict = world.agreed(
        "SELECT concat_ws('/', conflict_type, conflict_policy, remote_values ->> 'title',
                          base_values ->> 'title', resolution)
         FROM concord.conflicts",
    );
    assert_eq!(conflict, ["update_origin_differs/lww/t1/t0/lww"]);
}

#[test]
fn merge_keeps_both_edits_and_makes_no_conflict() {
    let mut world = shared_page("merge", "merge");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(titles(world.node(0)), ["1/t1/b1"]);
    assert!(world.agreed("SELECT conflict_id::text FROM concord.conflicts").is_empty());
    world.node(0).run("UPDATE page SET title = 't2', body = 'b2'");
    world.settle();
    assert!(world.agreed("SELECT conflict_id::text FROM concord.conflicts").is_empty());
}

#[test]
fn a_delete_and_an_unseen_update() {
    for (delete_last, rows, kind) in [
        (true, vec![], "update_deleted"),
        (false, vec!["1/t1/b0".to_owned()], "delete_origin_differs"),
    ] {
        let mut world = shared_page("delete", "lww");
        if delete_last {
            world.node(1).run("UPDATE page SET title = 't1'");
            world.node(0).run("DELETE FROM page");
        } else {
            world.node(0).run("DELETE FROM page");
            world.node(1).run("UPDATE page SET title = 't1'");
        }
        world.settle();
        world.assert_converged(&["page"]);
        assert_eq!(titles(world.node(0)), rows);
        assert_eq!(world.agreed("SELECT conflict_type FROM concord.conflicts"), [kind]);
        let events = world.lacking(0, 1, 100);
        assert!(events.is_empty());
    }
}

#[test]
fn the_losing_half_of_two_moves_is_not_torn() {
    let mut world = world("moves", 2, "lww");
    world.node(0).run("INSERT INTO page SELECT n, 'p0', 's0' FROM generate_series(1, 6) n");
    world.pull(1, 0);
    world.node(0).run("UPDATE page SET title = 'pA', body = 'sA' || id");
    world.node(1).run("UPDATE page SET title = 'pB', body = 'sB' || id");
    world.settle();
    world.assert_converged(&["page"]);
    let parents: Vec<String> = world.node(0).all("SELECT DISTINCT title FROM page");
    assert_eq!(parents, ["pB"]);
    assert_eq!(world.agreed("SELECT conflict_id::text FROM concord.conflicts").len(), 6);
}

#[test]
fn what_is_missing_is_named_and_waited_for() {
    let mut world = world("gaps", 3, "lww");
    for id in 1..=5 {
        world.node(0).run(&format!("INSERT INTO page VALUES ({id}, 't', 'b')"));
    }
    world.node(1).run("INSERT INTO page VALUES (100, 'other', 'origin')");
    let mut events = world.lacking(2, 0, 100);
    let third = events.remove(2);
    let counts = world.apply(2, &events);
    assert_eq!((counts.applied, counts.received), (2, 2));
    let gaps: Vec<String> =
        world.node(2).all("SELECT concat_ws('-', first_missing, last_missing) FROM concord.gaps()");
    assert_eq!(gaps, ["3-3"]);
    let reasons: Vec<String> = world.node(2).all("SELECT DISTINCT reason FROM concord.received");
    assert_eq!(reasons, ["missing_predecessor"]);
    // Others do not wait.
    assert_eq!(world.pull(2, 1).applied, 1);
    let counts = world.apply(2, &[third]);
    assert_eq!((counts.applied, counts.received), (3, 0));
    assert!(world.node(2).all::<i64>("SELECT first_missing FROM concord.gaps()").is_empty());
}

#[test]
fn a_column_that_only_one_node_has_makes_its_rows_wait() {
    let mut world = shared_page("column", "lww");
    world.node(0).run("ALTER TABLE page ADD COLUMN tags text");
    world.node(0).run("INSERT INTO page (id, title, body, tags) VALUES (2, 't2', 'b2', 'new'), (3, 't3', 'b3', NULL)");
    assert_eq!(world.pull(1, 0).pending, 1);
    assert_eq!(titles(world.node(1)), ["1/t0/b0", "3/t3/b3"]);
    let pending: String = world
        .node(1)
        .one("SELECT concat_ws('/', table_name, record_id, reason, detail) FROM concord.pending");
    assert_eq!(pending, "page/2/schema_mismatch/column \"tags\" does not exist");
    world.node(1).run("ALTER TABLE page ADD COLUMN tags text");
    assert_eq!(world.node(1).one::<i64>("SELECT pending FROM concord.retry_pending()"), 0);
    world.settle();
    world.assert_converged(&["page"]);
}

#[test]
fn a_constraint_broken_by_a_merge_shows_one_whole_image() {
    let mut world = shared_page("check", "merge");
    for n in 0..2 {
        world.node(n).run("ALTER TABLE page ADD CHECK (title <> 'x' OR body <> 'y')");
    }
    world.node(0).run("UPDATE page SET title = 'x'");
    world.node(1).run("UPDATE page SET body = 'y'");
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(titles(world.node(0)), ["1/t0/y"]);
}

#[test]
fn a_child_of_a_deleted_parent_is_set_aside_and_comes_back() {
    let schema = "CREATE TABLE section (id integer PRIMARY KEY);
                  CREATE TABLE page (id integer PRIMARY KEY, title text, body text,
                                     section_id integer REFERENCES section ON DELETE CASCADE);
                  SELECT concord.track('section'); SELECT concord.track('page');";
    let mut world = World::new("orphans", 2, schema);
    world.node(0).run("INSERT INTO section VALUES (1)");
    world.settle();
    world.node(0).run("DELETE FROM section");
    world.node(1).run("INSERT INTO page VALUES (7, 'late', 'b', 1)");
    world.settle();
    world.assert_converged(&["section", "page"]);
    assert!(titles(world.node(0)).is_empty() && titles(world.node(1)).is_empty());
    let pending = world.agreed("SELECT concat_ws('/', record_id, reason) FROM concord.pending");
    assert_eq!(pending, ["7/constraint"]);
    world.node(0).run("INSERT INTO section VALUES (1)");
    world.node(0).run("SELECT concord.retry_pending()");
    world.settle();
    world.assert_converged(&["section", "page"]);
    assert_eq!(titles(world.node(1)), ["7/late/b"]);
}

#[test]
fn bad_events_are_refused_by_name_and_change_nothing() {
    let mut world = shared_page("refusals", "lww");
    world.node(0).run("UPDATE page SET title = 't1'");
    let good = world.lacking(1, 0, 100).remove(0);
    for (from, to, word) in [
        ("\"operation\": \"UPDATE\"", "\"operation\": \"EXPLODE\"", "EXPLODE"),
        ("\"group_size\": 1", "\"group_size\": 0", "group_size"),
        ("\"touched\"", "\"colour\"", "colour"),
        ("\"observed\": {}", "\"observed\": {\"x\": 1}", "observed"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from} is not in {good}");
        let bad = bad.replace('\'', "''");
        let sql = format!("SELECT concord.apply_events(ARRAY['{bad}']::jsonb[])");
        world.node(1).refusal(&sql).expect("22023", &[word]);
    }
    let node = world.node(1);
    node.refusal("SELECT concord.apply_events(NULL)").expect("22004", &["events"]);
    node.refusal("SELECT concord.apply_events(ARRAY[NULL]::jsonb[])").expect("22004", &["event"]);
    node.refusal("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT concord.apply_events('{}')")
        .expect("25001", &["READ COMMITTED"]);
    node.run("ROLLBACK");
    assert_eq!(node.one::<i64>("SELECT count(*) FROM concord.received"), 0);
    assert_eq!(world.pull(1, 0).applied, 1);
}

#[test]
fn a_second_event_under_a_known_number_is_a_fork() {
    let mut world = shared_page("forks", "lww");
    let event: String = world.node(0).one("SELECT e::text FROM concord.export_events() e LIMIT 1");
    let id: String = world.node(0).one("SELECT event_id::text FROM concord.change_events LIMIT 1");
    let other: String = world.node(0).one("SELECT concord.gen_ulid()::text");
    let forged = event.replace(&id, &other);
    let counts = world.apply(1, &[forged]);
    assert_eq!((counts.applied, counts.received), (0, 1));
    let reasons: Vec<String> = world.node(1).all("SELECT reason FROM concord.received");
    assert_eq!(reasons, ["forked_origin"]);
    let status: Vec<String> = world.node(1).all("SELECT status FROM concord.nodes ORDER BY status");
    assert_eq!(status, ["active", "forked"]);
    assert_eq!(titles(world.node(1)), ["1/t0/b0"]);
}

#[test]
fn a_node_that_sees_itself_forked_goes_on_saying_so() {
    let mut world = shared_page("fork_of_own", "lww");
    let event: String = world.node(0).one("SELECT e::text FROM concord.export_events() e LIMIT 1");
    let id: String = world.node(0).one("SELECT event_id::text FROM concord.change_events LIMIT 1");
    let other: String = world.node(0).one("SELECT concord.gen_ulid()::text");
    assert_eq!(world.apply(0, &[event.replace(&id, &other)]).received, 1);
    world.node(0).run("SELECT concord.tick(); SELECT concord.heartbeat()");
    world.node(0).run("SELECT concord.tick()");
    let status = "SELECT status FROM concord.nodes WHERE node_id = concord.node_id()";
    assert_eq!(world.node(0).one::<String>(status), "forked");
}

#[test]
fn a_clock_far_ahead_waits_and_moves_nobodys() {
    let mut world = shared_page("future", "lww");
    world.node(0).run("UPDATE page SET title = 't1'");
    let event = world.lacking(1, 0, 10).remove(0);
    let stamp: String =
        world.node(0).one("SELECT hlc::text FROM concord.change_events ORDER BY hlc DESC LIMIT 1");
    let later: String = world.node(0).one("SELECT concord.hlc(now() + interval '1 year')::text");
    let forged = event.replace(&format!("\"hlc\": \"{stamp}\""), &format!("\"hlc\": \"{later}\""));
    assert_ne!(forged, event);
    assert_eq!(world.apply(1, &[forged]).received, 1);
    let reasons: Vec<String> = world.node(1).all("SELECT reason FROM concord.received");
    assert_eq!(reasons, ["future_hlc"]);
    let sane: bool =
        world.node(1).one("SELECT concord.hlc_now()::timestamptz < now() + interval '1 minute'");
    assert!(sane);
    world.node(1).run("INSERT INTO page VALUES (5, 'goes', 'on')");
}

#[test]
fn rows_are_written_with_the_rights_of_their_tables_owner() {
    let mut world = shared_page("rights", "lww");
    world.node(1).run(
        "CREATE ROLE mallory;
         CREATE TABLE seen (who text);
         GRANT ALL ON seen TO mallory;
         CREATE FUNCTION watch(title text) RETURNS boolean LANGUAGE plpgsql AS $$
         BEGIN INSERT INTO public.seen VALUES (current_user); RETURN true; END $$;
         ALTER TABLE page OWNER TO mallory;
         ALTER TABLE page ADD CHECK (public.watch(title)) NOT VALID",
    );
    world.node(0).run("UPDATE page SET title = 't1'; INSERT INTO page VALUES (2, 't2', 'b2')");
    assert_eq!(world.pull(1, 0).applied, 2);
    let seen: Vec<String> = world.node(1).all("SELECT DISTINCT who FROM seen");
    assert_eq!(seen, ["mallory"]);
    assert_eq!(titles(world.node(1)), ["1/t1/b0", "2/t2/b2"]);
}

#[test]
fn own_changes_come_first() {
    let mut world = shared_page("own", "lww");
    world.node(0).run("UPDATE page SET title = 't1'");
    let event = world.lacking(1, 0, 1).remove(0).replace('\'', "''");
    let node = world.node(1);
    node.run("BEGIN; UPDATE page SET body = 'mine'");
    node.refusal(&format!("SELECT concord.apply_events(ARRAY['{event}']::jsonb[])"))
        .expect("55000", &["Commit first"]);
    node.run("ROLLBACK");
    assert_eq!(world.pull(1, 0).applied, 1);
}

#[test]
fn an_insert_that_another_session_commits_meanwhile_is_seen() {
    let mut world = world("race", 2, "lww");
    world.node(0).run("INSERT INTO page VALUES (5, 'R', 'r')");
    let events = world.lacking(1, 0, 10);
    world.node(1).run("BEGIN; INSERT INTO page VALUES (5, 'L', 'l')");
    let mut other = world.another_session(1);
    let applying = std::thread::spawn(move || {
        let statement =
            "SELECT applied FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))";
        other.client().query_one(statement, &[&events]).expect("apply_events").get::<_, i64>(0)
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    world.node(1).run("COMMIT");
    assert_eq!(applying.join().expect("the applying session"), 1);
    world.settle();
    world.assert_converged(&["page"]);
    assert_eq!(world.agreed("SELECT conflict_type FROM concord.conflicts"), ["insert_exists"]);
}

#[test]
fn a_column_may_be_called_as_it_likes() {
    let schema =
        "CREATE TABLE tag (t text PRIMARY KEY, p text, i jsonb); SELECT concord.track('tag');";
    let mut world = World::new("names", 2, schema);
    world.node(0).run("INSERT INTO tag VALUES ('a', 'b', '{}'); UPDATE tag SET p = 'c'");
    world.settle();
    world.assert_converged(&["tag"]);
    assert_eq!(
        world.node(1).one::<String>("SELECT concord.row_at('tag', 'a', now()) ->> 'p'"),
        "c"
    );
}
