//! A few nodes, each a database of one cluster, that hand each other events.

use concord_cluster::cluster::Cluster;
use concord_cluster::random::Random;
use concord_cluster::session::Session;

/// The nodes.
pub struct World {
    nodes: Vec<Session>,
    cluster: Cluster,
}

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
    /// Nodes with the same schema.
    pub fn new(label: &str, nodes: usize, schema: &str) -> World {
        let cluster = Cluster::start(label, &[]);
        let nodes = (0..nodes)
            .map(|n| {
                let mut node = cluster.node(&format!("node{n}"));
                node.run(schema);
                node
            })
            .collect();
        World { nodes, cluster }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn node(&mut self, n: usize) -> &mut Session {
        &mut self.nodes[n]
    }

    /// A second connection to a node.
    pub fn another_session(&self, n: usize) -> Session {
        self.cluster.connect(&format!("node{n}"))
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
        Counts {
            applied: row.get(0),
            duplicate: row.get(1),
            received: row.get(2),
            pending: row.get(3),
            conflicts: row.get(4),
        }
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
        self.apply(to, &events);
    }

    /// Everybody gets everything.
    pub fn settle(&mut self) {
        loop {
            let mut moved = 0;
            for to in 0..self.len() {
                for from in (0..self.len()).filter(|from| *from != to) {
                    moved += self.pull(to, from).applied;
                }
            }
            if moved == 0 {
                return;
            }
        }
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
        for table in tables {
            self.agreed(&format!(
                "SELECT concord.row_image('{table}', \"the row\")::text FROM {table} \"the row\" ORDER BY 1"
            ));
            self.agreed(&format!("SELECT concord.digest('{table}')"));
        }
        self.agreed(
            "SELECT concat_ws(' ', conflict_id, table_name, record_id, conflict_type, policy,
                              local_event_id, remote_event_id, local_values, remote_values,
                              resolved_at IS NULL)
             FROM concord.conflicts ORDER BY 1",
        );
        self.agreed(
            "SELECT concat_ws(' ', table_name, record_id, reason) FROM concord.pending ORDER BY 1",
        );
        self.agreed("SELECT concord.vector()::text");
        self.agreed(
            "SELECT concat_ws(' ', origin_node_id, node_sequence, event_id)
             FROM concord.change_events ORDER BY origin_node_id, node_sequence",
        );
        let waiting = self.agreed("SELECT reason FROM concord.received");
        assert!(waiting.is_empty(), "events still wait: {waiting:?}");
    }
}
