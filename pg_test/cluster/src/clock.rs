//! A wall clock that a test sets, for the servers of one cluster (libfaketime).

use std::fs;
use std::path::{Path, PathBuf};

/// A file that says how far the cluster's wall clock is from the true one.
#[derive(Debug)]
pub struct FakeClock {
    file: PathBuf,
}

impl FakeClock {
    /// Makes the file in `directory`; the clock is right.
    pub fn create(directory: &Path) -> FakeClock {
        fs::create_dir_all(directory).expect("can make the cluster's directory");
        let clock = FakeClock { file: directory.join("clock") };
        clock.set(0);
        clock
    }

    /// For `FAKETIME_TIMESTAMP_FILE`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Sets the clock so many seconds ahead of the true time, or behind it.
    pub fn set(&self, seconds: i64) {
        // Servers read the file whenever they look at the clock, so it is never half written.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{seconds:+}\n")).expect("can write the clock");
        fs::rename(&new, &self.file).expect("can set the clock");
    }
}
