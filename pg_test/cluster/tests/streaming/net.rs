//! Clusters with a node each, and the subscriptions between them.

use concord_cluster::cluster::Cluster;
use concord_cluster::session::Session;
use concord_cluster::wait::{PATIENCE, eventually};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The tables of these tests: keys that people choose, ULIDs, and numbers from a sequence.
pub const SCHEMA: &str = "
    CREATE TABLE page (id text PRIMARY KEY, title text, body text, stars integer);
    CREATE TABLE note (id concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(), body text);
    CREATE TABLE remark (id serial PRIMARY KEY, page_id text, body text);
    SELECT concord.track('page', conflict_policy => 'merge'), concord.track('note'),
           concord.track('remark', conflict_policy => 'manual');
    SELECT concord.spread_sequences();
    SELECT concord.create_publication();";

pub const TABLES: [&str; 3] = ["page", "note", "remark"];

/// Nothing but what is asked for happens.
pub const QUIET: &str = "concord.heartbeat_interval=600s";
/// Ticks come often.
pub const LIVELY: &str = "concord.heartbeat_interval=1s";

const DATABASE: &str = "cms";

/// The nodes.
pub struct Net {
    clusters: Vec<Cluster>,
}

impl Net {
    /// Nodes with [`SCHEMA`], not connected yet.
    pub fn new(label: &str, nodes: usize, settings: &[&str]) -> Net {
        let start = |n| Cluster::start(&format!("{label}{n}"), &with_defaults(settings));
        Net::over((0..nodes).map(start).collect())
    }

    /// The same with wall clocks that the test sets.
    pub fn with_clocks(label: &str, nodes: usize, settings: &[&str]) -> Net {
        let start = |n| Cluster::with_clock(&format!("{label}{n}"), &with_defaults(settings));
        Net::over((0..nodes).map(start).collect())
    }

    fn over(clusters: Vec<Cluster>) -> Net {
        for cluster in &clusters {
            cluster.node(DATABASE).run(SCHEMA);
        }
        Net { clusters }
    }

    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    pub fn cluster(&self, n: usize) -> &Cluster {
        &self.clusters[n]
    }

    /// A new session at a node.
    pub fn at(&self, n: usize) -> Session {
        self.clusters[n].connect(DATABASE)
    }

    /// `to` takes in what `from` has and will have.
    pub fn subscribe(&self, to: usize, from: usize) {
        let conninfo = self.clusters[from].conninfo(DATABASE);
        let mut session = self.at(to);
        let commands: Vec<String> = session
            .all(&format!("SELECT concord.subscription_commands('node{from}', '{conninfo}')"));
        commands.iter().for_each(|command| session.run(command));
    }

    /// Both ways.
    pub fn connect(&self, one: usize, other: usize) {
        self.subscribe(one, other);
        self.subscribe(other, one);
    }

    /// Waits until all nodes have the same events, however long that takes, as long as it goes on.
    #[track_caller]
    pub fn settle(&self) {
        let mut sessions: Vec<Session> = (0..self.len()).map(|n| self.at(n)).collect();
        let mut last = Vec::new();
        let mut moved = Instant::now();
        loop {
            let now: Vec<String> = sessions
                .iter_mut()
                .map(|session| {
                    session.one(
                        "SELECT concord.vector()::text
                                || (SELECT count(*) FROM concord.received_events)",
                    )
                })
                .collect();
            if now.iter().all(|state| *state == now[0] && state.ends_with("}0")) {
                return;
            }
            if now != last {
                (last, moved) = (now, Instant::now());
            }
            // Whoever waits for nothing but the next try gets it.
            if moved.elapsed() > Duration::from_secs(2) {
                sessions.iter_mut().for_each(|session| session.run("SELECT concord.tick()"));
            }
            assert!(moved.elapsed() < PATIENCE, "the nodes stay apart: {last:?}");
            sleep(Duration::from_millis(100));
        }
    }

    /// The answer to a query, which must be the same at all nodes.
    #[track_caller]
    pub fn agreed(&self, query: &str) -> Vec<String> {
        let first: Vec<String> = self.at(0).all(query);
        for n in 1..self.len() {
            let other: Vec<String> = self.at(n).all(query);
            assert_eq!(first, other, "node 0 and node {n} differ in: {query}");
        }
        first
    }

    /// Tables, conflicts, log and what is pending are the same everywhere.
    #[track_caller]
    pub fn assert_alike(&self) {
        for table in TABLES {
            self.agreed(&format!("SELECT concord.digest('{table}')"));
        }
        self.agreed(
            "SELECT concat_ws(' ', conflict_id, table_name, record_id, conflict_type, conflict_policy,
                              local_event_id, remote_event_id, resolved_at IS NULL)
             FROM concord.conflicts ORDER BY 1",
        );
        self.agreed(
            "SELECT concat_ws(' ', table_name, record_id, reason) FROM concord.pending ORDER BY 1",
        );
        self.agreed(
            "SELECT md5(string_agg(concat_ws(' ', origin_node_id, node_sequence, event_id), ','
                                   ORDER BY origin_node_id, node_sequence))
             FROM concord.change_events",
        );
    }

    /// The process that applies at `to` what `from` sends.
    pub fn worker(&self, to: usize, from: usize) -> i32 {
        let mut session = self.at(to);
        eventually("the apply worker runs", || {
            session
                .all::<i32>(&format!(
                    "SELECT pid FROM pg_stat_subscription
                     WHERE subname = 'concord_node{from}' AND relid IS NULL AND pid IS NOT NULL"
                ))
                .pop()
        })
    }
}

fn with_defaults<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    // A worker that failed comes back soon.
    [&["wal_retrieve_retry_interval=200ms", "max_sync_workers_per_subscription=2"], settings]
        .concat()
}
