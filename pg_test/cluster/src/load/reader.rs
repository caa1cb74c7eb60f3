//! A reader that polls `concord.consume` while the load goes on.

use crate::cluster::Cluster;
use crate::random::Random;
use crate::session::reported;
use postgres::{Client, Config, Error, NoTls};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

/// What a reader was given: number and `event_id`.
pub type Seen = BTreeMap<i64, String>;

/// A running reader. It fails where a number comes before its predecessor, or comes again after it
/// was acknowledged, or as another event.
pub struct Reader {
    stop: Arc<AtomicBool>,
    last: Arc<AtomicI64>,
    thread: Option<JoinHandle<Seen>>,
}

impl Reader {
    /// Starts a reader under a consumer's name that is new in this database.
    pub fn start(cluster: &Cluster, database: &str, consumer: &str, random: &mut Random) -> Reader {
        let (stop, last) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let mut polling = Polling {
            config: cluster.config(database),
            consumer: consumer.into(),
            random: random.fork(),
            acknowledged: 0,
            seen: Seen::new(),
            last: Arc::clone(&last),
        };
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            // A crashed server ends the reading, not the test.
            if let Err(error) = polling.run(&stopping)
                && let Some(reported) = reported(&error)
            {
                panic!("the reader: {reported:?}");
            }
            polling.seen
        });
        Reader { stop, last, thread: Some(thread) }
    }

    /// The highest number that it was given so far.
    pub fn last(&self) -> i64 {
        self.last.load(Ordering::SeqCst)
    }

    /// Lets it read what is left, and stops it.
    pub fn finish(mut self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.take().expect("is finished once");
        thread.join().expect("the reader met what it should not")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // Only a failing test comes here, and has said what failed.
            let _ = thread.join();
        }
    }
}

struct Polling {
    config: Config,
    consumer: String,
    random: Random,
    acknowledged: i64,
    seen: Seen,
    last: Arc<AtomicI64>,
}

impl Polling {
    fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        let mut client = self.config.connect(NoTls)?;
        loop {
            // Asked before reading: what was there when the reader was stopped is still read.
            let stopping = stop.load(Ordering::SeqCst);
            let batch = self.consume(&mut client)?;
            if let Some((number, id)) = self.choose(&batch, stopping) {
                client.execute(
                    "SELECT concord.acknowledge($1, $2::text::concord.ulid)",
                    &[&self.consumer, id],
                )?;
                self.acknowledged = *number;
            } else if batch.is_empty() && stopping {
                return Ok(());
            } else if batch.is_empty() {
                sleep(Duration::from_millis(2));
            }
        }
    }

    /// A batch, checked.
    fn consume(&mut self, client: &mut Client) -> Result<Vec<(i64, String)>, Error> {
        let size = 1 + self.random.below(200) as i32;
        let rows = client.query(
            "SELECT node_sequence, event_id::text FROM concord.consume($1, $2)",
            &[&self.consumer, &size],
        )?;
        let batch: Vec<(i64, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert!(batch.len() <= size as usize, "more than asked for");
        for (place, (number, id)) in batch.iter().enumerate() {
            let expected = self.acknowledged + 1 + place as i64;
            assert_eq!(*number, expected, "the reader has {} and is given {number}", expected - 1);
            let before = self.seen.insert(*number, id.clone());
            assert!(before.is_none_or(|before| before == *id), "{number} is another event now");
        }
        if let Some((number, _)) = batch.last() {
            self.last.fetch_max(*number, Ordering::SeqCst);
        }
        Ok(batch)
    }

    /// The event to acknowledge: mostly the last, sometimes an earlier one or none.
    fn choose<'a>(&mut self, batch: &'a [(i64, String)], all: bool) -> Option<&'a (i64, String)> {
        match self.random.below(10) {
            0 if !all && !batch.is_empty() => None,
            1 if !all && !batch.is_empty() => Some(self.random.pick(batch)),
            _ => batch.last(),
        }
    }
}
