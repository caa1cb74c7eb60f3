//! Values that are easily taken for others on their way.

use crate::world::World;

/// What a type prints is read by its input function, also where it has a cast from text of its own.
#[test]
fn text_is_read_by_the_input_function() {
    let schema = "
        CREATE DOMAIN relation AS regclass;
        CREATE TYPE flag AS (v boolean);
        CREATE FUNCTION flag_of(text) RETURNS flag LANGUAGE sql IMMUTABLE RETURN ROW(true)::flag;
        CREATE CAST (text AS flag) WITH FUNCTION flag_of(text);
        CREATE TABLE page (id integer PRIMARY KEY, r regclass, d relation, a regclass[], f flag, c \"char\", n name);
        SELECT concord.track('page', conflict_policy => 'merge');";
    let mut world = World::new("values_text", 2, schema);
    let rows = "(1, '0', '0', '{0,1259}', '(f)', '', ''),
                (2, 'page', 'page', '{page,NULL}', '(t)', 'x', 'n'),
                (3, '4294967295', '4294967294', '{4294967293}', '()', ' ', ' '),
                (4, NULL, NULL, NULL, NULL, NULL, NULL)";
    world.node(0).run(&format!("INSERT INTO page VALUES {rows}"));
    assert_eq!(world.pull(1, 0).pending, 0);
    // One by one: concurrent edits of two columns.
    world.node(0).run("UPDATE page SET c = 'y'");
    world.node(1).run("UPDATE page SET n = 'z'");
    world.settle();
    world.assert_converged(&["page"]);
    let unknown = "SELECT concat_ws(' ', r, d, a, f) FROM page ORDER BY id";
    let rows = world.agreed(unknown);
    assert_eq!(rows[0], "- - {-,pg_class} (f)");
    assert_eq!(rows[2], "4294967295 4294967294 {4294967293} ()");
}
