//! Waiting for what happens by itself.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Far beyond what anything here takes, however busy the machine is: it ends hopeless waits, and
/// measures nothing.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(50);

/// Asks again and again until there is an answer; panics when none comes.
pub fn eventually<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        sleep(PAUSE);
    }
}
