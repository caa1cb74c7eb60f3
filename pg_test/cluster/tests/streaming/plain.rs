//! PostgreSQL's own logical replication of the application's tables, into a tracked one: its writes are ordinary writes.

use crate::net::QUIET;
use concord_cluster::cluster::Cluster;
use concord_cluster::wait::eventually;

const TABLES: &str = "
    CREATE TABLE record (id integer PRIMARY KEY, title text);
    CREATE TABLE overwrite (LIKE record INCLUDING ALL);
    CREATE TABLE reject (LIKE record INCLUDING ALL);
    SELECT concord.track(r, on_stale => r::text) FROM unnest('{record, overwrite, reject}'::regclass[]) r;";

#[test]
fn replicated_writes_are_never_stale() {
    let settings = [QUIET, "wal_level=logical"];
    let (publisher, subscriber) =
        (Cluster::start("publisher", &settings), Cluster::start("subscriber", &settings));
    let (mut from, mut to) = (publisher.node("cms"), subscriber.node("cms"));
    from.run(TABLES);
    to.run(TABLES);
    for table in ["record", "overwrite", "reject"] {
        from.run(&format!("INSERT INTO {table} VALUES (1, 'first'), (2, 'second')"));
    }
    from.run("CREATE PUBLICATION plain FOR TABLE record, overwrite, reject");
    to.run(&format!(
        "CREATE SUBSCRIPTION plain CONNECTION '{}' PUBLICATION plain",
        publisher.conninfo("cms")
    ));
    for table in ["record", "overwrite", "reject"] {
        let rows = format!("SELECT count(*) FROM {table}");
        eventually("the rows are copied", || (to.one::<i64>(&rows) == 2).then_some(()));
        from.run(&format!("UPDATE {table} SET title = 'changed' WHERE id = 1"));
        from.run(&format!("DELETE FROM {table} WHERE id = 2"));
        from.run(&format!("INSERT INTO {table} VALUES (3, 'third')"));
        from.run(&format!("UPDATE {table} SET title = 'fourth', id = 4 WHERE id = 3"));
        let state = format!("SELECT string_agg(id || title, ' ' ORDER BY id) FROM {table}");
        eventually("the writes arrive", || {
            (to.one::<Option<String>>(&state).as_deref() == Some("1changed 4fourth")).then_some(())
        });
        let history = format!(
            "SELECT string_agg(operation, ' ' ORDER BY node_sequence) FROM concord.change_events
             WHERE table_name = '{table}' AND record_id <> '2'"
        );
        assert_eq!(to.one::<String>(&history), "INSERT UPDATE INSERT DELETE INSERT");
    }
    assert_eq!(to.one::<i64>("SELECT count(*) FROM concord.conflicts"), 0);
    to.run("DROP SUBSCRIPTION plain");
}
