//! Copies of a database: as a template, by dump and restore, and with a pinned identity.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::place::run;
use concord_cluster::session::Session;

/// A node with events, a conflict and a consumer. Its session is closed: it would be in the way of
/// copying.
fn original(cluster: &Cluster) -> String {
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run("INSERT INTO note SELECT i, 'before' FROM generate_series(1, 5) i");
    session.run("CREATE TEMPORARY TABLE read AS SELECT * FROM note WHERE id = 1");
    session.run("UPDATE note SET body = 'newer' WHERE id = 1");
    session.run("UPDATE note SET body = 'stale', row_version = read.row_version FROM read WHERE note.id = 1");
    assert_eq!(session.one::<i64>("SELECT count(*) FROM concord.conflicts"), 1);
    session.run("SELECT concord.consume('reader', 3)");
    session.one("SELECT concord.node_id()::text")
}

/// All that must be the same in a copy of the node `origin`.
fn possessions(session: &mut Session, origin: &str) -> Vec<String> {
    session.all(&format!(
        "SELECT to_jsonb(e)::text FROM concord.change_events e WHERE origin_node_id = '{origin}'
         UNION ALL SELECT to_jsonb(c)::text FROM concord.conflicts c
         UNION ALL SELECT (to_jsonb(c) - 'last_read')::text FROM concord.consumers c
         UNION ALL SELECT to_jsonb(n)::text FROM note n WHERE id <= 5
         UNION ALL SELECT 'history ' || count(*) FROM concord.history('note', '1')
         UNION ALL SELECT node_id::text || registered_at FROM concord.nodes WHERE node_id = '{origin}'
         ORDER BY 1"
    ))
}

#[track_caller]
fn assert_kept(before: &[String], after: &[String]) {
    let gone = before.iter().filter(|one| !after.contains(one)).map(|one| format!("lost: {one}"));
    let new = after.iter().filter(|one| !before.contains(one)).map(|one| format!("new: {one}"));
    nothing_wrong("what the copy has", &gone.chain(new).collect::<Vec<_>>());
}

/// The copy goes on as a successor of `old`, which it tells before anything else. Its clock goes
/// on from where the log ends.
fn assert_succeeds(copy: &mut Session, old: &str) {
    let greatest: i64 = copy.one("SELECT max(hlc)::bigint FROM concord.change_events");
    // Nothing is asked of the copy before its first write, which has to find out by itself.
    copy.run("INSERT INTO note VALUES (6, 'in the copy')");
    let node: String = copy.one("SELECT concord.node_id()::text");
    assert_ne!(node, old);
    let new = events::read(copy);
    nothing_wrong("numbering of the copy", &density(&new));
    let last = new.last().expect("the copy has written");
    assert_eq!(last.record.as_deref(), Some("6"));
    assert!(last.hlc > greatest, "{} is not after {greatest}", last.hlc);
    assert_eq!(new[0].operation, "NODE", "the copy introduces itself first");
    for predecessor in [
        "SELECT metadata ->> 'predecessor_id' FROM concord.change_events
         WHERE origin_node_id = concord.node_id() AND node_sequence = 1",
        "SELECT predecessor_id::text FROM concord.nodes WHERE node_id = concord.node_id()",
    ] {
        assert_eq!(copy.one::<Option<String>>(predecessor).as_deref(), Some(old));
    }
}

/// The original stays who it is, and says nothing of its copies.
fn assert_goes_on(cluster: &Cluster, origin: &str) {
    let mut session = cluster.connect("cms");
    let before = events::read(&mut session);
    session.run("INSERT INTO note VALUES (7, 'in the original')");
    assert_eq!(session.one::<String>("SELECT concord.node_id()::text"), origin);
    let after = events::read(&mut session);
    assert_eq!(after.len(), before.len() + 1);
    nothing_wrong("numbering of the original", &density(&after));
    assert!(!after.iter().any(|event| event.operation == "NODE"));
}

fn copy(cluster: &Cluster, name: &str) {
    cluster.connect("postgres").run(&format!("CREATE DATABASE {name} TEMPLATE cms"));
}

#[test]
fn a_database_copied_as_a_template_is_another_node() {
    let cluster = Cluster::start("template", &[]);
    let old = original(&cluster);
    let before = possessions(&mut cluster.connect("cms"), &old);
    copy(&cluster, "copy");
    let mut session = cluster.connect("copy");
    assert_kept(&before, &possessions(&mut session, &old));
    assert_succeeds(&mut session, &old);
    let said = format!("node \"{old}\" ends here");
    assert!(cluster.log().contains(&said), "the server log does not tell of it");
    assert_goes_on(&cluster, &old);
    assert_kept(&before, &possessions(&mut session, &old));
}

#[test]
fn a_dump_restored_into_another_database_is_another_node() {
    let cluster = Cluster::start("dump", &[]);
    let old = original(&cluster);
    let before = possessions(&mut cluster.connect("cms"), &old);
    cluster.connect("postgres").run("CREATE DATABASE restored");
    let file = cluster.directory().join("dump.sql");
    run(cluster.program("pg_dump").args(["--dbname=cms", "--file"]).arg(&file));
    run(cluster
        .program("psql")
        .args(["-X", "-q", "-d", "restored", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file));

    let mut session = cluster.connect("restored");
    assert_kept(&before, &possessions(&mut session, &old));
    assert_succeeds(&mut session, &old);
    assert_goes_on(&cluster, &old);
}

#[test]
fn a_dump_restored_into_a_cluster_whose_clock_is_behind_is_another_node() {
    let cluster = Cluster::with_clock("dump-ahead", &[]);
    cluster.clock().set(40);
    let old = original(&cluster);
    let before = possessions(&mut cluster.connect("cms"), &old);
    let file = cluster.directory().join("dump");
    run(cluster.program("pg_dump").args(["--format=custom", "--dbname=cms", "--file"]).arg(&file));

    let other = Cluster::start("dump-behind", &[]);
    other.connect("postgres").run("CREATE DATABASE cms");
    run(other.program("pg_restore").args(["--exit-on-error", "--dbname=cms"]).arg(&file));
    let mut session = other.connect("cms");
    assert_kept(&before, &possessions(&mut session, &old));
    assert_succeeds(&mut session, &old);
}

#[test]
fn a_pinned_identity_refuses_to_write_in_a_copy() {
    let cluster = Cluster::start("pin", &[]);
    let old = original(&cluster);
    let mut admin = cluster.connect("postgres");
    let pin = |admin: &mut Session, database: &str, id: &str| {
        admin.run(&format!("ALTER DATABASE {database} SET concord.node_id = '{id}'"));
    };
    pin(&mut admin, "cms", &old);
    copy(&cluster, "copy");
    copy(&cluster, "named");
    // PostgreSQL does not copy what ALTER DATABASE set; whoever keeps settings in a script does.
    pin(&mut admin, "copy", &old);

    let mut session = cluster.connect("copy");
    let write = "INSERT INTO note VALUES (6, 'in the copy')";
    session.refusal(write).expect("55000", &[&old, "RESET concord.node_id"]);
    assert_eq!(session.one::<i64>("SELECT count(*) FROM note"), 5);
    assert_goes_on(&cluster, &old);

    admin.run("ALTER DATABASE copy RESET concord.node_id");
    assert_succeeds(&mut cluster.connect("copy"), &old);

    // A pin of its own serves as well; another node's does not.
    let mut named = cluster.connect("named");
    let own: String = named.one("SELECT concord.gen_ulid()::text");
    pin(&mut admin, "named", &own);
    named = cluster.connect("named");
    assert_succeeds(&mut named, &old);
    assert_eq!(named.one::<String>("SELECT concord.node_id()::text"), own);
    pin(&mut admin, "copy", &own);
    cluster
        .connect("copy")
        .refusal("INSERT INTO note VALUES (8)")
        .expect("55000", &[&own, "RESET"]);
}

#[test]
fn an_identity_pinned_for_the_whole_cluster_is_refused_to_the_second_database() {
    let pinned = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
    let cluster = Cluster::start("pin-all", &[&format!("concord.node_id={pinned}")]);
    let mut first = cluster.node("one");
    assert_eq!(first.one::<String>("SELECT concord.node_id()::text"), pinned);
    cluster.connect("postgres").run("CREATE DATABASE two");
    let mut second = cluster.connect("two");
    let create = "CREATE EXTENSION concord";
    second.refusal(create).expect("55000", &[pinned, "ALTER DATABASE ... SET concord.node_id"]);
    first.run(NOTE);
    first.run("INSERT INTO note VALUES (1)");

    // Nor does it come by it where nobody was first.
    cluster.restart();
    let mut second = cluster.connect("two");
    cluster.connect("one").run("INSERT INTO note VALUES (2)");
    second.refusal(create).expect("55000", &[pinned]);
    cluster.connect("postgres").run("ALTER DATABASE two SET concord.node_id = ''");
    cluster.connect("two").run(create);
    assert_ne!(cluster.connect("two").one::<String>("SELECT concord.node_id()::text"), pinned);
}
