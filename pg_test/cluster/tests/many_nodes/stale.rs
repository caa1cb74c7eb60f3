//! A stale write is the same conflict on every node, whatever else was written meanwhile.

use crate::world::World;

const STALE: &str = "
    SELECT concat_ws('/', conflict_id, local_event_id, remote_event_id, base_values ->> 'title',
                     local_values ->> 'title', remote_values ->> 'title', resolution)
    FROM concord.conflicts WHERE conflict_type = 'stale_write'";

fn stale_write_beside_anothers_edit(label: &str, on_stale: &str) -> World {
    let schema = format!(
        "CREATE TABLE page (id integer PRIMARY KEY, title text, body text);
         SELECT concord.track('page', conflict_policy => 'merge', on_stale => '{on_stale}')"
    );
    let mut world = World::new(label, 3, &schema);
    world.node(0).run("INSERT INTO page VALUES (1, 't0', 'b0')");
    world.settle();
    let read: String = world.node(0).one("SELECT row_version::text FROM page");
    world.node(0).run("UPDATE page SET title = 't1'");
    world.node(1).run("UPDATE page SET body = 'b1'");
    // Node 2 has the other node's edit first; the writer's node has it last.
    world.pull(2, 1);
    world.node(0).run(&format!("UPDATE page SET title = 'late', row_version = '{read}'"));
    world.settle();
    world.assert_converged(&["page"]);
    world
}

#[test]
fn it_names_what_the_writers_node_had() {
    for (on_stale, stands, lost) in [("record", "t1", "late"), ("overwrite", "late", "t1")] {
        let mut world = stale_write_beside_anothers_edit(&format!("stale_{on_stale}"), on_stale);
        let conflicts = world.agreed(STALE);
        assert_eq!(conflicts.len(), 1);
        assert!(conflicts[0].contains(&format!("/t0/{stands}/{lost}")), "{conflicts:?}");
        let earlier = "SELECT e.new_values ->> 'title' FROM concord.conflicts c
                       JOIN concord.change_events e
                         ON e.event_id = CASE c.resolution WHEN 'overwrite' THEN c.remote_event_id
                                         ELSE c.local_event_id END
                       WHERE c.conflict_type = 'stale_write'";
        assert_eq!(world.agreed(earlier), ["t1"]);
    }
}
