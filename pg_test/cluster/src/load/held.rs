//! A transaction that stays open while the load goes on.

use super::writer::{Attempt, Fate};
use crate::session::Session;
use std::time::Instant;

/// An open transaction with rows of its own, which nobody waits for.
pub struct Held {
    session: Session,
    request: String,
    changes: i64,
    numbered: Option<Instant>,
}

impl Held {
    /// Opens it and writes.
    pub fn open(mut session: Session, request: &str) -> Held {
        session.run(&format!("BEGIN; SET LOCAL concord.request_id = '{request}'"));
        let mut held = Held { session, request: request.into(), changes: 0, numbered: None };
        held.write();
        held
    }

    /// Writes some more.
    pub fn write(&mut self) {
        self.changes += self.session.change(&format!(
            "INSERT INTO page (title) SELECT '{} ' || i FROM generate_series(1, 10) i",
            self.request
        )) as i64;
    }

    /// Calls `flush()`; returns the first number it gave.
    pub fn flush(&mut self) -> i64 {
        self.numbered = Some(Instant::now());
        assert_eq!(self.session.one::<i64>("SELECT concord.flush()"), self.changes);
        self.session.one(&format!(
            "SELECT min(node_sequence) FROM concord.change_events WHERE request_id = '{}'",
            self.request
        ))
    }

    /// Commits.
    pub fn commit(self) -> Attempt {
        self.end("COMMIT", Fate::Committed)
    }

    /// Rolls back.
    pub fn roll_back(self) -> Attempt {
        self.end("ROLLBACK", Fate::RolledBack)
    }

    fn end(mut self, how: &str, fate: Fate) -> Attempt {
        let asked = self.numbered.unwrap_or_else(Instant::now);
        self.session.run(how);
        let (request, changes) = (self.request, self.changes);
        Attempt { request, changes, fate, asked, answered: Instant::now() }
    }
}
