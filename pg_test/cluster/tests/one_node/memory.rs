//! A large transaction needs no more memory than a small one, whatever becomes of its rows.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::process::peak_memory_kb;

const LARGE: i32 = 300_000;
/// Against the about 100 MB that the events alone would take.
const BOUND_KB: i64 = 50_000;
/// Where the rows leave nothing to write: buffers, and the statement's own memory.
const LITTLE_KB: i64 = 16_000;

#[test]
fn a_large_transaction_is_written_in_bounded_memory() {
    // The buffers count as a backend's memory as soon as it has used them.
    let cluster = Cluster::start("memory", &["shared_buffers=16MB", "max_wal_size=4GB"]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    let write = |from: i32, count: i32| {
        format!(
            "INSERT INTO note SELECT i, repeat(md5(i::text), 4) FROM generate_series({from}, {from} + {count} - 1) i"
        )
    };
    session.run("SET work_mem = '1MB'");
    session.run(&write(1, 1_000));
    let pid = session.pid();
    let before = peak_memory_kb(pid);
    session.run(&write(10_001, LARGE));
    let grown = peak_memory_kb(pid) - before;
    println!("{before} kB after a small transaction, {grown} kB more after a large one");
    assert!(grown < BOUND_KB, "grown by {grown} kB");

    let log = events::read(&mut session);
    nothing_wrong("numbering", &density(&log));
    let large = log.last().expect("the log is not empty");
    assert_eq!(large.group_size, LARGE, "all of it is one group");
}

/// Rows of which nothing is captured must not be remembered one by one until the end.
#[test]
fn rows_that_come_to_nothing_take_no_memory() {
    let cluster = Cluster::start("memory_of_nothing", &["shared_buffers=16MB", "max_wal_size=4GB"]);
    let mut session = cluster.node("cms");
    session.run(
        "CREATE TABLE page (id integer PRIMARY KEY, body text);
         CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         SELECT concord.track('page');
         INSERT INTO page VALUES (0, 'there'), (-1, 'there')",
    );
    let statements = [
        // The row is there already.
        "INSERT INTO page SELECT 0, 'new' FROM generate_series(1, {count}) ON CONFLICT DO NOTHING",
        // Nothing changes for want of a condition.
        "INSERT INTO page AS p SELECT -(i % 2), 'new' FROM generate_series(1, {count}) i ON CONFLICT (id) DO UPDATE
         SET body = excluded.body WHERE p.body = 'other'",
        // Somebody's trigger lets the row go.
        "CREATE TRIGGER zz BEFORE INSERT ON page FOR EACH ROW EXECUTE FUNCTION skip();
         INSERT INTO page SELECT i, 'new' FROM generate_series(1, {count}) i",
    ];
    for statement in statements {
        session.run(&statement.replace("{count}", "1000"));
    }
    session.run("DROP TRIGGER zz ON page");
    let pid = session.pid();
    for statement in statements {
        let before = peak_memory_kb(pid);
        session.run(&statement.replace("{count}", &LARGE.to_string()));
        let grown = peak_memory_kb(pid) - before;
        println!("{grown} kB more after {statement}");
        assert!(grown < LITTLE_KB, "grown by {grown} kB after {statement}");
    }
}
