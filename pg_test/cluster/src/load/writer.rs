//! The writers, and what they remember of each transaction.

use super::steps::{Mix, Steps};
use crate::cluster::Cluster;
use crate::random::Random;
use crate::session::{changed, reported};
use postgres::{Client, Config, Error, NoTls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// Of a hundred transactions that could commit.
const ROLLED_BACK: u64 = 30;
/// Of a hundred of the wide mix, by `flush()` before they end in either way: those rolled back lose their numbers.
const NUMBERED_EARLY: u64 = 3;

/// How a transaction ended, as far as its client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The server said so.
    Committed,
    /// By the client's wish.
    RolledBack,
    /// With this SQLSTATE.
    Failed(String),
    /// The connection broke before COMMIT was sent.
    Lost,
    /// The connection broke after COMMIT was sent.
    InDoubt,
}

/// One transaction.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its `request_id`, which no other has.
    pub request: String,
    /// Rows that it changed and did not roll back to a savepoint.
    pub changes: i64,
    /// How it ended.
    pub fate: Fate,
    /// When its client asked for its number, by COMMIT or `flush()`.
    pub asked: Instant,
    /// When its client knew its fate.
    pub answered: Instant,
}

/// Running writers.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Attempt>>>,
}

impl Load {
    /// Starts writers, each with a connection of its own. `name` must be new in this database.
    pub fn start(
        cluster: &Cluster,
        database: &str,
        name: &str,
        connections: usize,
        mix: Mix,
        random: &mut Random,
    ) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |i| {
            let mut writer =
                Writer::new(cluster.config(database), format!("{name}-{i}"), mix, random.fork());
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || writer.work(&stop))
        };
        let threads = (0..connections).map(start).collect();
        Load { stop, threads }
    }

    /// Stops the writers after the transaction that each is in; all that they did.
    pub fn finish(mut self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::Relaxed);
        let join = |thread: JoinHandle<_>| thread.join().expect("a writer met what it should not");
        std::mem::take(&mut self.threads).into_iter().flat_map(join).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in std::mem::take(&mut self.threads) {
            // Only a failing test comes here, and has said what failed.
            let _ = thread.join();
        }
    }
}

struct Writer {
    client: Client,
    name: String,
    mix: Mix,
    random: Random,
    count: u64,
}

impl Writer {
    fn new(mut config: Config, name: String, mix: Mix, random: Random) -> Writer {
        if mix == Mix::Hot {
            let options =
                format!("{} -c default_transaction_isolation=serializable", options(&config));
            config.options(&options);
        }
        let client = config.connect(NoTls).expect("a writer can connect");
        Writer { client, name, mix, random, count: 0 }
    }

    /// Until it is to stop, or its connection breaks.
    fn work(&mut self, stop: &AtomicBool) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let attempt = self.attempt();
            let over = matches!(attempt.fate, Fate::Lost | Fate::InDoubt);
            attempts.push(attempt);
            if over {
                break;
            }
        }
        attempts
    }

    fn attempt(&mut self) -> Attempt {
        self.count += 1;
        let request = format!("{}-{}", self.name, self.count);
        let mut asked = Instant::now();
        let (mut changes, mut committing) = (0, false);
        let fate = match self.transaction(&request, &mut changes, &mut committing, &mut asked) {
            Ok(fate) => fate,
            Err(error) => match reported(&error) {
                Some(reported) => {
                    let code = reported.code().code().to_owned();
                    assert!(["40001", "40P01"].contains(&code.as_str()), "{request}: {reported:?}");
                    self.client.batch_execute("ROLLBACK").ok();
                    Fate::Failed(code)
                }
                None if committing => Fate::InDoubt,
                None => Fate::Lost,
            },
        };
        Attempt { request, changes, fate, asked, answered: Instant::now() }
    }

    fn transaction(
        &mut self,
        request: &str,
        changes: &mut i64,
        committing: &mut bool,
        asked: &mut Instant,
    ) -> Result<Fate, Error> {
        let client = &mut self.client;
        changed(client, &format!("BEGIN; SET LOCAL concord.request_id = '{request}'"))?;
        let mut steps = Steps { client, random: &mut self.random, request, count: 0 };
        *changes = steps.run(self.mix)? as i64;
        *asked = Instant::now();
        let numbered = self.mix == Mix::Wide && self.random.chance(NUMBERED_EARLY);
        if numbered {
            changed(&mut self.client, "SELECT concord.flush()")?;
        }
        if self.random.chance(ROLLED_BACK) {
            changed(&mut self.client, "ROLLBACK")?;
            return Ok(Fate::RolledBack);
        }
        *committing = true;
        if !numbered {
            *asked = Instant::now();
        }
        changed(&mut self.client, "COMMIT")?;
        Ok(Fate::Committed)
    }
}

fn options(config: &Config) -> &str {
    config.get_options().unwrap_or_default()
}
