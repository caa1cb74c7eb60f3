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

/// A session's settings change how values are read and printed, but not on their way.
#[test]
fn settings_of_who_writes_and_who_applies_do_not_show() {
    let schema = "
        CREATE TABLE page (id integer PRIMARY KEY, a text[], x xml, m money, t timestamptz, i interval, f float8, b bytea);
        SELECT concord.track('page', conflict_policy => 'merge');";
    let settings = [
        "array_nulls = off",
        "xmloption = document",
        "lc_monetary = 'POSIX'",
        "DateStyle = 'SQL, DMY'",
        "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -10",
        "bytea_output = 'escape'",
        "TimeZone = 'Asia/Kathmandu'",
    ];
    let mut world = World::new("values_settings", 2, schema);
    for (n, setting) in settings.into_iter().enumerate() {
        let rows = format!(
            "({n}, ARRAY[NULL, 'NULL', ''], XMLPARSE(CONTENT 'some <b>text</b>'), 1.25, '2026-02-03 04:05:06.789+00',
              '1 year -2 days 3:04', 0.1::float8 + 0.2, '\\x00ff41'), ({n} + 100, '{{}}', NULL, NULL, NULL, NULL, 1e-300, '')"
        );
        for writer in 0..2 {
            world.node(writer).run(&format!("SET {setting}"));
            world.node(0).run(&format!("INSERT INTO page VALUES {rows}"));
            world.pull(1, 0);
            // One by one, and together.
            world.node(0).run(&format!("UPDATE page SET f = f * 2 WHERE id = {n}"));
            world.node(1).run(&format!("UPDATE page SET b = b || 'x' WHERE id = {n}"));
            world.settle();
            world.assert_converged(&["page"]);
            assert!(world.agreed("SELECT reason FROM concord.pending").is_empty(), "{setting}");
            world.node(0).run("DELETE FROM page");
            world.settle();
            world.node(writer).run("RESET ALL");
        }
    }
}
