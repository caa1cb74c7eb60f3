//! Restores that bring things in an order of their own: several jobs, data alone, the schema first. What concord
//! captures, its own triggers and its publications are afterwards as they were.

use concord_cluster::cluster::Cluster;
use concord_cluster::place::run;
use concord_cluster::session::Session;
use std::path::Path;

/// A partitioned tracked table, a plain one that refers to it, and a publication of the log.
const SCHEMA: &str = "
    CREATE TABLE page (id int, lang text, title text, PRIMARY KEY (id, lang)) PARTITION BY LIST (lang);
    CREATE TABLE page_en PARTITION OF page FOR VALUES IN ('en');
    CREATE TABLE page_rest PARTITION OF page DEFAULT;
    CREATE TABLE link (id int PRIMARY KEY, page int, lang text, FOREIGN KEY (page, lang) REFERENCES page);
    SELECT concord.track('page'), concord.track('link');
    SELECT concord.create_publication()";

const ROWS: &str = "
    INSERT INTO page SELECT i, CASE WHEN i % 2 = 0 THEN 'en' ELSE 'de' END, 'before' FROM generate_series(1, 40) i;
    INSERT INTO link SELECT i, i, CASE WHEN i % 2 = 0 THEN 'en' ELSE 'de' END FROM generate_series(1, 40) i";

/// Every trigger with a function of concord's, and what the publication of the log publishes.
const STANDING: &str = "
    SELECT format('%s %s %s %s %s', t.tgrelid::regclass, t.tgname, t.tgenabled, t.tgtype, encode(t.tgargs, 'escape'))
    FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
    WHERE f.pronamespace = 'concord'::regnamespace
    UNION ALL
    SELECT pubname || ' publishes ' || schemaname || '.' || tablename FROM pg_publication_tables
    ORDER BY 1";

fn original(cluster: &Cluster) -> Vec<String> {
    let mut session = cluster.node("cms");
    session.run(SCHEMA);
    session.run(ROWS);
    let standing = session.all(STANDING);
    assert!(
        standing.iter().any(|one| one == "concord publishes concord.change_events"),
        "{standing:?}"
    );
    standing
}

fn dump(cluster: &Cluster, options: &[&str], to: &Path) {
    run(cluster.program("pg_dump").args(["--dbname=cms", "--file"]).arg(to).args(options));
}

fn restore(cluster: &Cluster, database: &str, options: &[&str], from: &Path) {
    let database = format!("--dbname={database}");
    run(cluster.program("pg_restore").args(["--exit-on-error", &database]).args(options).arg(from));
}

fn empty(cluster: &Cluster, name: &str) {
    cluster.connect("postgres").run(&format!("CREATE DATABASE {name}"));
}

/// Everything is captured, from every partition, after a tick at the latest.
#[track_caller]
fn assert_whole(session: &mut Session, standing: &[String]) {
    session.run("SELECT concord.tick()");
    assert_eq!(session.all::<String>(STANDING), standing);
    assert_eq!(
        session.one::<i64>("SELECT count(*) FROM page JOIN link ON page.id = link.page"),
        40
    );
    let open =
        "SELECT table_name || ': ' || reason FROM concord.capture_windows WHERE closed_at IS NULL";
    assert_eq!(session.all::<String>(open), Vec::<String>::new());
    let events = "SELECT count(*) FROM concord.change_events
                  WHERE origin_node_id = concord.node_id() AND operation IN ('UPDATE', 'DELETE')";
    session.run("UPDATE page SET title = 'after'; DELETE FROM link");
    assert_eq!(session.one::<i64>(events), 80);
}

#[test]
fn several_jobs_restore_a_partitioned_table() {
    let cluster = Cluster::start("restore-jobs", &["wal_level=logical"]);
    let standing = original(&cluster);
    for (format, jobs) in [("custom", "4"), ("directory", "4"), ("directory", "1")] {
        let name = format!("{format}_{jobs}");
        let file = cluster.directory().join(&name);
        dump(&cluster, &["--format", format], &file);
        empty(&cluster, &name);
        restore(&cluster, &name, &["--jobs", jobs], &file);
        assert_whole(&mut cluster.connect(&name), &standing);
    }
}

#[test]
fn the_schema_is_restored_first() {
    let cluster = Cluster::start("restore-parts", &["wal_level=logical"]);
    let standing = original(&cluster);
    let schema = cluster.directory().join("schema.dump");
    let data = cluster.directory().join("rows.dump");
    dump(&cluster, &["--format=custom", "--schema-only"], &schema);
    dump(&cluster, &["--format=custom", "--data-only"], &data);
    for (name, options) in
        [("disabled", &["--disable-triggers"][..]), ("jobs", &["--disable-triggers", "--jobs=4"])]
    {
        empty(&cluster, name);
        restore(&cluster, name, &[], &schema);
        restore(&cluster, name, options, &data);
        let mut session = cluster.connect(name);
        assert_whole(&mut session, &standing);
        // The rows came while the triggers were off, which shows.
        let shown = "SELECT DISTINCT table_name || ': ' || reason FROM concord.capture_windows
                     WHERE reason LIKE '%disabled%' ORDER BY 1";
        assert_eq!(
            session.all::<String>(shown),
            ["link: capture trigger disabled", "page: capture trigger disabled"]
        );
    }
}
