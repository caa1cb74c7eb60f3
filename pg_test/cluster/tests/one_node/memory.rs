//! A large transaction needs no more memory than a small one.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::process::peak_memory_kb;

const LARGE: i32 = 300_000;
/// Against the about 100 MB that the events alone would take.
const BOUND_KB: i64 = 50_000;

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
