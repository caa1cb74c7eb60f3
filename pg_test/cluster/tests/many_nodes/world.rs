//! A few nodes, each a database, mostly of one cluster, that hand each other events.

use concord_cluster::cluster::Cluster;
use concord_cluster::random::Random;
use concord_cluster::session::{Refusal, Session};
use postgres::NoTls;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// The nodes, and where each is: its cluster and the name of its database.
pub struct World {
    nodes: Vec<Session>,
    homes: Vec<(Arc<Cluster>, String)>,
}

/// Without workers, whose heartbeats would get between what a test counts.
pub const QUIET: &str = "max_worker_processes=0";

/// Of the nodes that a server has room for: dropped ones count until the launcher looks, and it has none.
const ROOM: usize = 200;

/// A cluster for all worlds that are there at the same time and need none of their own.
fn shared(nodes: usize) -> Arc<Cluster> {
    static SHARED: Mutex<(Weak<Cluster>, usize)> = Mutex::new((Weak::new(), 0));
    let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    shared.1 += nodes;
    match shared.0.upgrade() {
        Some(cluster) if shared.1 <= ROOM => cluster,
        _ => {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let label = format!("nodes{}", NUMBER.fetch_add(1, Ordering::Relaxed));
            let cluster = Arc::new(Cluster::start(&label, &[QUIET, "max_connections=200"]));
            *shared = (Arc::downgrade(&cluster), nodes);
            cluster
        }
    }
}

/// What follows from the state of the tables, and not from a pair of events, can have come and gone
/// on a node before another took in the first of it: of these the open ones count.
const CONFLICTS: &str = "
    SELECT concat_ws(' ', 'conflict', conflict_id, table_name, record_id, conflict_type, conflict_policy,
                     local_event_id, remote_event_id, local_values, remote_values,
                     resolved_at IS NULL, resolution, resolved_by)
    FROM concord.conflicts
    WHERE resolved_at IS NULL OR conflict_type NOT IN ('unique_key', 'foreign_key', 'tree')";

const PENDING: &str =
    "SELECT concat_ws(' ', 'pending', table_name, record_id, reason) FROM concord.pending";

/// What `apply_events` returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub applied: i64,
    pub duplicate: i64,
    pub received: i64,
    pub pending: i64,
    pub conflicts: i64,
}

impl World {
    /// Nodes with the same schema. The label must be the world's own.
    pub fn new(label: &str, nodes: usize, schema: &str) -> World {
        World::on(&shared(nodes), &label.replace('-', "_"), nodes, schema)
    }

    /// Nodes in a cluster that has others, too; `prefix` is of their databases' names.
    pub fn on(cluster: &Arc<Cluster>, prefix: &str, nodes: usize, schema: &str) -> World {
        let mut world = World { nodes: Vec::new(), homes: Vec::new() };
        (0..nodes).for_each(|n| world.add(cluster, &format!("{prefix}_node{n}"), schema));
        world
    }

    /// One more node, with a schema of its own.
    pub fn add(&mut self, cluster: &Arc<Cluster>, database: &str, schema: &str) {
        let mut node = cluster.node(database);
        node.run(schema);
        self.nodes.push(node);
        self.homes.push((Arc::clone(cluster), database.to_owned()));
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn node(&mut self, n: usize) -> &mut Session {
        &mut self.nodes[n]
    }

    /// The cluster of a node.
    pub fn cluster(&self, n: usize) -> &Cluster {
        &self.homes[n].0
    }

    /// A second connection to a node.
    pub fn another_session(&self, n: usize) -> Session {
        let (cluster, database) = &self.homes[n];
        cluster.connect(database)
    }

    /// A new connection in place of one that has gone.
    pub fn reconnect(&mut self, n: usize) {
        self.nodes[n] = self.another_session(n);
    }

    /// What `to` lacks of what `from` has.
    pub fn lacking(&mut self, to: usize, from: usize, most: i32) -> Vec<String> {
        let vector: String = self.nodes[to].one("SELECT concord.vector()::text");
        self.nodes[from]
            .all(&format!("SELECT e::text FROM concord.export_events('{vector}', {most}) e"))
    }

    /// Hands events over.
    pub fn apply(&mut self, to: usize, events: &[String]) -> Counts {
        let statement = "SELECT applied, duplicate, received, pending, conflicts
                         FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))";
        let row = self.nodes[to].client().query_one(statement, &[&events]).expect("apply_events");
        self.assert_no_orphans(to);
        Counts {
            applied: row.get(0),
            duplicate: row.get(1),
            received: row.get(2),
            pending: row.get(3),
            conflicts: row.get(4),
        }
    }

    /// Every foreign key of one column leads somewhere: PostgreSQL does not look while events are
    /// applied.
    #[track_caller]
    fn assert_no_orphans(&mut self, n: usize) {
        let checks: Vec<String> = self.nodes[n].all(
            "SELECT format('SELECT count(*) FROM %1$s c WHERE %2$I IS NOT NULL
                            AND NOT EXISTS (SELECT FROM %3$s p WHERE p.%4$I = c.%2$I)',
                           conrelid::regclass, c.attname, confrelid::regclass, p.attname)
             FROM pg_constraint k
             JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = conkey[1]
             JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = confkey[1]
             WHERE contype = 'f' AND cardinality(conkey) = 1",
        );
        for check in checks {
            assert_eq!(self.nodes[n].one::<i64>(&check), 0, "orphans on node{n}: {check}");
        }
    }

    /// A transaction that the database may refuse for the data's sake; whether it committed.
    pub fn try_write(&mut self, n: usize, sql: &str) -> bool {
        let client = self.nodes[n].client();
        let Err(error) = client.batch_execute(&format!("BEGIN; {sql}; COMMIT")) else {
            return true;
        };
        let refusal = Refusal::of(&error);
        assert!(refusal.code.starts_with("23"), "{sql}: {refusal:?}");
        client.batch_execute("ROLLBACK").expect("can roll back");
        false
    }

    /// Hands over all that `to` lacks.
    pub fn pull(&mut self, to: usize, from: usize) -> Counts {
        let events = self.lacking(to, from, 1_000_000);
        self.apply(to, &events)
    }

    /// A careless courier: part of it, shuffled, some of it twice, some of what is known already.
    pub fn pull_carelessly(&mut self, to: usize, from: usize, random: &mut Random) {
        let mut events = self.lacking(to, from, 1 + random.below(40) as i32);
        if random.chance(20) {
            events.extend(self.nodes[from].all::<String>(
                "SELECT e::text FROM concord.export_events() e ORDER BY random() LIMIT 5",
            ));
        }
        for i in 0..events.len() {
            let other = random.below(events.len() as u64) as usize;
            events.swap(i, other);
            if random.chance(10) {
                events.push(events[i].clone());
            }
        }
        if random.chance(15) {
            events.truncate(events.len() / 2);
        }
        let own = "SELECT count(*) FROM concord.change_events
                   WHERE origin_node_id = concord.node_id() AND operation <> 'NODE'";
        let before: i64 = self.nodes[to].one(own);
        self.apply(to, &events);
        assert_eq!(self.nodes[to].one::<i64>(own), before, "node{to} echoes what it takes in");
    }

    /// Everybody gets everything, and what waits is tried again.
    pub fn settle(&mut self) {
        loop {
            let mut moved = 0;
            for to in 0..self.len() {
                for from in (0..self.len()).filter(|from| *from != to) {
                    moved += self.pull(to, from).applied;
                }
                moved += self.retry(to);
            }
            if moved == 0 {
                return;
            }
        }
    }

    /// Tries again what waits on a node; returns how many events entered.
    pub fn retry(&mut self, n: usize) -> i64 {
        self.nodes[n].one("SELECT applied FROM concord.retry_pending()")
    }

    /// What a node shows and holds after these deliveries, one after the other. They are undone.
    pub fn rehearse(&mut self, n: usize, deliveries: &[&[String]], tables: &[&str]) -> Vec<String> {
        self.nodes[n].run("BEGIN");
        for events in deliveries {
            self.apply(n, events);
        }
        let state = self.state(n, tables);
        self.nodes[n].run("ROLLBACK");
        state
    }

    /// Rows, conflicts and what is pending or waiting on a node, without what is the node's own.
    pub fn state(&mut self, n: usize, tables: &[&str]) -> Vec<String> {
        let rows = tables.iter().map(|table| {
            format!("SELECT '{table} ' || concord.row_image('{table}', \"the row\")::text FROM {table} \"the row\"")
        });
        let rest = [CONFLICTS, PENDING, "SELECT 'received ' || reason FROM concord.received"];
        let parts: Vec<String> = rows.chain(rest.map(str::to_owned)).collect();
        self.nodes[n].all(&format!("{} ORDER BY 1", parts.join(" UNION ALL ")))
    }

    /// The answer to a query, which must be the same on all nodes.
    #[track_caller]
    pub fn agreed(&mut self, query: &str) -> Vec<String> {
        let first: Vec<String> = self.nodes[0].all(query);
        for n in 1..self.len() {
            let other: Vec<String> = self.nodes[n].all(query);
            assert_eq!(first, other, "node0 and node{n} differ in: {query}");
        }
        first
    }

    /// Tables, conflicts and what is pending are the same everywhere; nothing waits; no event is lost
    /// or echoed.
    #[track_caller]
    pub fn assert_converged(&mut self, tables: &[&str]) {
        let state = self.state(0, tables);
        for n in 1..self.len() {
            assert_alike("node0", &state, &format!("node{n}"), &self.state(n, tables));
        }
        for table in tables {
            self.agreed(&format!("SELECT concord.digest('{table}')"));
        }
        self.agreed("SELECT concord.vector()::text");
        self.agreed(
            "SELECT concat_ws(' ', origin_node_id, node_sequence, event_id)
             FROM concord.change_events ORDER BY origin_node_id, node_sequence",
        );
        let waiting = self.agreed("SELECT reason FROM concord.received");
        assert!(waiting.is_empty(), "events still wait: {waiting:?}");
    }
}

impl Drop for World {
    /// A server that serves many worlds would fill the disk.
    fn drop(&mut self) {
        self.nodes.clear();
        for (cluster, database) in &self.homes {
            // While a panic unwinds, too: whatever fails here is not the test's business.
            if let Ok(mut client) = cluster.config("postgres").connect(NoTls) {
                client.batch_execute(&format!("DROP DATABASE {database} WITH (FORCE)")).ok();
            }
        }
    }
}

/// Two nodes hold the same; panics with what only one of them has.
#[track_caller]
fn assert_alike(name: &str, state: &[String], other_name: &str, other: &[String]) {
    let only = |here: &[String], there: &[String]| -> String {
        here.iter()
            .filter(|line| !there.contains(line))
            .map(|line| format!("\n    {line}"))
            .collect()
    };
    assert!(
        state == other,
        "{name} and {other_name} differ\n{name} has{}\n{other_name} has{}",
        only(state, other),
        only(other, state)
    );
}
