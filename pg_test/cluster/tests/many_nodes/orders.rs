//! Small histories in every order of delivery, with duplicates: one outcome.

use crate::events::{field, groups, orders, with};
use crate::world::World;

const PAGE: &str = "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);";
const TITLES: &str = "SELECT concat_ws('/', id, title, body) FROM page ORDER BY id";
const CONFLICTS: &str = "
    SELECT concat_ws('/', conflict_type, local_event_id, remote_event_id, remote_values ->> 'title',
                     remote_values ->> 'body')
    FROM concord.conflicts";

/// Two nodes that have written a first row, and a third that has nothing.
fn world(label: &str, policy: &str) -> World {
    let track = format!("SELECT concord.track('page', conflict_policy => '{policy}')");
    let label = format!("{label}-{policy}");
    let mut world = World::new(&label, 3, &format!("{PAGE} {track}"));
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.pull(1, 0);
    world
}

/// All that nodes 0 and 1 have written, group by group.
fn written(world: &mut World) -> Vec<Vec<String>> {
    let mut events = world.lacking(2, 0, 1000);
    for event in world.lacking(2, 1, 1000) {
        if !events.contains(&event) {
            events.push(event);
        }
    }
    groups(&events)
}

/// Delivers groups to node 2 in every order, each followed by the one before once more; all orders
/// must end alike. The last is kept.
fn deliver_in_all_orders(world: &mut World, groups: &[Vec<String>]) {
    let mut first: Option<Vec<String>> = None;
    for order in orders(groups) {
        let mut deliveries: Vec<&[String]> = Vec::new();
        for (i, group) in order.iter().enumerate() {
            deliveries.push(group);
            deliveries.push(&order[i.saturating_sub(1)]);
        }
        let state = world.rehearse(2, &deliveries, &["page"]);
        assert_eq!(&state, first.get_or_insert_with(|| state.clone()), "in the order {order:#?}");
    }
    for group in groups.iter().rev() {
        world.apply(2, group);
    }
    assert_eq!(Some(world.state(2, &["page"])), first);
    let again: Vec<String> = groups.concat();
    let counts = world.apply(2, &again);
    assert_eq!((counts.applied, counts.duplicate as usize), (0, again.len()));
}

/// The same, and then everybody gets everything.
pub fn all_orders_and_nodes_agree(world: &mut World) {
    let groups = written(world);
    deliver_in_all_orders(world, &groups);
    world.settle();
    world.assert_converged(&["page"]);
}

#[test]
fn at_the_same_clock_the_greater_node_wins() {
    for policy in ["lww", "merge"] {
        let mut world = world("same-clock", policy);
        world.node(0).run("UPDATE page SET title = 'of 0'");
        world.node(1).run("UPDATE page SET title = 'of 1'");
        let mut groups = written(&mut world);
        assert_eq!(groups.len(), 3);
        let clock = field(&groups[1][0], "hlc");
        groups[2][0] = with(&groups[2][0], "hlc", &clock);
        let origins =
            [field(&groups[1][0], "origin_node_id"), field(&groups[2][0], "origin_node_id")];
        let winner = usize::from(origins[1] > origins[0]);
        deliver_in_all_orders(&mut world, &groups);
        assert_eq!(world.node(2).all::<String>(TITLES), [format!("1/of {winner}/b0")]);
        let conflict = format!(
            "update_origin_differs/{}/{}/of {}/b0",
            field(&groups[1 + winner][0], "event_id"),
            field(&groups[2 - winner][0], "event_id"),
            1 - winner
        );
        assert_eq!(world.node(2).all::<String>(CONFLICTS), [conflict]);
    }
}

#[test]
fn edits_of_two_columns_end_alike_in_every_order() {
    for (policy, rows, conflicts) in [("lww", "1/t0/b1", 1), ("merge", "1/t1/b1", 0)] {
        let mut world = world("two-columns", policy);
        world.node(0).run("UPDATE page SET title = 't1'");
        world.node(1).run("UPDATE page SET body = 'b1'");
        all_orders_and_nodes_agree(&mut world);
        assert_eq!(world.agreed(TITLES), [rows]);
        assert_eq!(world.agreed(CONFLICTS).len(), conflicts);
        if conflicts == 1 {
            let images = "SELECT concat_ws('/', base_values ->> 'title', base_values ->> 'body',
                                           local_values ->> 'title', local_values ->> 'body',
                                           remote_values ->> 'title', remote_values ->> 'body')
                          FROM concord.conflicts";
            assert_eq!(world.agreed(images), ["t0/b0/t0/b1/t1/b0"]);
        }
        // An edit that knows both sides conflicts with neither.
        let before = world.agreed("SELECT conflict_id::text FROM concord.conflicts");
        world.node(2).run("UPDATE page SET title = 't2', body = 'b2'");
        world.settle();
        world.assert_converged(&["page"]);
        assert_eq!(world.agreed("SELECT conflict_id::text FROM concord.conflicts"), before);
    }
}

#[test]
fn of_two_moves_one_wins_on_every_row_they_share() {
    for policy in ["lww", "merge"] {
        let schema = format!(
            "CREATE TABLE page (id integer PRIMARY KEY, title text, body text, parent text, next text);
             SELECT concord.track('page', conflict_policy => '{policy}',
                                  merge_groups => '[[\"parent\", \"next\"]]')"
        );
        let mut world = World::new(&format!("shared-rows-{policy}"), 3, &schema);
        world.node(0).run(
            "INSERT INTO page SELECT n, 't', 'b', 'p0', 'n' || n FROM generate_series(1, 9) n",
        );
        world.pull(1, 0);
        // Each of the two writes rows that the other does not, and one edits a title in passing.
        world.node(0).run("UPDATE page SET parent = 'pA', next = 'nA' || id WHERE id <= 6");
        world
            .node(1)
            .run("UPDATE page SET parent = 'pB', next = 'nB' || id, title = 'u' WHERE id >= 4");
        all_orders_and_nodes_agree(&mut world);
        let moved = "SELECT DISTINCT concat_ws('/', (id - 1) / 3, parent, left(next, 2)) FROM page ORDER BY 1";
        assert_eq!(world.agreed(moved), ["0/pA/nA", "1/pB/nB", "2/pB/nB"]);
        let conflicts = "SELECT record_id FROM concord.conflicts ORDER BY 1";
        assert_eq!(world.agreed(conflicts), ["4", "5", "6"]);
    }
}

#[test]
fn a_later_delete_stands_and_a_later_update_brings_the_row_back_where_it_never_was() {
    for policy in ["lww", "merge"] {
        for delete_is_later in [true, false] {
            let mut world = world(&format!("delete-order-later-{delete_is_later}"), policy);
            let mut write = |delete: bool| match delete {
                true => world.node(0).run("DELETE FROM page"),
                false => world.node(1).run("UPDATE page SET title = 't1'"),
            };
            write(!delete_is_later);
            write(delete_is_later);
            all_orders_and_nodes_agree(&mut world);
            let (rows, kind): (&[&str], &str) = match delete_is_later {
                true => (&[], "update_deleted"),
                false => (&["1/t1/b0"], "delete_origin_differs"),
            };
            assert_eq!(world.agreed(TITLES), rows);
            assert_eq!(world.agreed("SELECT conflict_type FROM concord.conflicts"), [kind]);
        }
    }
}

#[test]
fn an_update_that_arrives_before_its_insert_waits_for_it() {
    let large = "repeat(md5(random()::text), 1000) || string_agg(md5(i::text), '')";
    let rewrite =
        format!("INSERT INTO page SELECT 2, 'large', {large} FROM generate_series(1, 2000) i");
    let stories = [
        ("INSERT INTO page VALUES (2, 'x', 'y')", "UPDATE page SET title = 'z' WHERE id = 2"),
        ("INSERT INTO page VALUES (2, 'x', 'y')", "DELETE FROM page WHERE id = 2"),
        // The text does not fit into the row, and the update does not fetch it.
        (&rewrite, "UPDATE page SET title = 'small' WHERE id = 2"),
        (&rewrite, "UPDATE page SET id = 3 WHERE id = 2"),
    ];
    for (story, (write, after)) in stories.into_iter().enumerate() {
        for policy in ["lww", "merge"] {
            let mut world = world(&format!("update-first-story{story}"), policy);
            world.node(0).run(write);
            world.pull(1, 0);
            world.node(1).run(after);
            world.node(0).run("UPDATE page SET title = 'meanwhile' WHERE id = 2");
            all_orders_and_nodes_agree(&mut world);
        }
    }
}

#[test]
fn what_depends_on_a_missing_event_waits_alone() {
    let mut world = world("dependency", "lww");
    // Node 1 has seen the first row; its own is about that one only by name.
    world.node(0).run("INSERT INTO page VALUES (2, 't2', 'b2')");
    let second = world.lacking(1, 0, 10).remove(0);
    let id = field(&second, "event_id");
    // A node refuses to name what its log does not have, so the event is made to.
    world.node(1).run("INSERT INTO page VALUES (3, 't3', 'b3')");
    world.node(1).run(&format!(
        "UPDATE concord.change_events SET depends_on_event_ids = ARRAY['{id}']::concord.ulid[]
         WHERE record_id = '3'"
    ));
    let groups = written(&mut world);
    let [first, second, third] = &groups[..] else { panic!("not three groups: {groups:?}") };
    deliver_in_all_orders(&mut world, &groups);

    let schema = format!("{PAGE} SELECT concord.track('page')");
    let mut world = World::new("dependency-reader", 1, &schema);
    let reason = "SELECT concat_ws(' ', node_sequence, reason) FROM concord.received";
    assert_eq!(world.apply(0, third).received, 1);
    assert_eq!(world.node(0).all::<String>(reason), ["1 missing_dependency"]);
    assert_eq!(world.apply(0, first).applied, 1);
    assert_eq!(world.node(0).all::<String>(reason), ["1 missing_dependency"]);
    let detail: String = world.node(0).one("SELECT detail FROM concord.received");
    assert!(detail.contains(&id), "{detail}");
    assert_eq!(world.node(0).all::<String>(TITLES), ["1/t0/b0"]);
    let counts = world.apply(0, second);
    assert_eq!((counts.applied, counts.received), (2, 0));
    assert_eq!(world.node(0).all::<String>(TITLES), ["1/t0/b0", "2/t2/b2", "3/t3/b3"]);
}

#[test]
fn exactly_the_missing_number_is_named_and_what_follows_waits() {
    let mut world = World::new("missing", 2, &format!("{PAGE} SELECT concord.track('page')"));
    world.node(0).run(
        "DO $$ BEGIN
             FOR id IN 1..520 LOOP INSERT INTO page VALUES (id, 't', 'b'); COMMIT; END LOOP;
         END $$",
    );
    let mut events = world.lacking(1, 0, 1000);
    let missing = events.remove(500);
    assert_eq!(field(&missing, "node_sequence"), "501");
    let counts = world.apply(1, &events);
    assert_eq!((counts.applied, counts.received), (500, 19));
    let gaps = "SELECT concat_ws('-', first_missing, last_missing) FROM concord.gaps()";
    assert_eq!(world.node(1).all::<String>(gaps), ["501-501"]);
    let waiting: Vec<String> = world.node(1).all(
        "SELECT concat_ws(' ', reason, min(node_sequence), max(node_sequence))
         FROM concord.received GROUP BY reason",
    );
    assert_eq!(waiting, ["missing_predecessor 502 520"]);
    let shown = "SELECT max(id) FROM page";
    assert_eq!(world.node(1).one::<i32>(shown), 500);
    // Until it is here, what comes again changes nothing.
    assert_eq!(world.apply(1, &events[490..]).applied, 0);
    let counts = world.apply(1, &[missing]);
    assert_eq!((counts.applied, counts.received), (20, 0));
    assert!(world.node(1).all::<String>(gaps).is_empty());
    assert_eq!(world.node(1).one::<i32>(shown), 520);
}
