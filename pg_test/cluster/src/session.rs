//! One connection, in the words of a test: a statement that fails is a test that fails, unless its
//! refusal is what the test asks for.

use postgres::error::{DbError, SqlState};
use postgres::types::FromSqlOwned;
use postgres::{Client, Error, SimpleQueryMessage};

/// A connection to a database.
pub struct Session {
    client: Client,
}

/// An error that the server reported.
#[derive(Debug)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: String,
    /// Primary message.
    pub message: String,
    /// DETAIL; empty without one.
    pub detail: String,
    /// HINT; empty without one.
    pub hint: String,
}

impl Refusal {
    /// What the server reported; panics where it was not the server that failed.
    pub fn of(error: &Error) -> Refusal {
        let error = error.as_db_error().unwrap_or_else(|| panic!("the connection failed: {error}"));
        Refusal {
            code: error.code().code().into(),
            message: error.message().into(),
            detail: error.detail().unwrap_or_default().into(),
            hint: error.hint().unwrap_or_default().into(),
        }
    }

    /// Panics unless this is `code`, and message, detail or hint has each of `words`.
    #[track_caller]
    pub fn expect(&self, code: &str, words: &[&str]) {
        let text = format!("{} / {} / {}", self.message, self.detail, self.hint);
        assert_eq!(self.code, code, "{text}");
        for word in words {
            assert!(text.contains(word), "\"{word}\" is not in: {text}");
        }
    }
}

impl Session {
    /// A session over this connection.
    pub fn over(client: Client) -> Session {
        Session { client }
    }

    /// Runs statements.
    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql) {
            fail(sql, &error);
        }
    }

    /// Runs one statement and returns how many rows it changed.
    #[track_caller]
    pub fn change(&mut self, sql: &str) -> u64 {
        changed(&mut self.client, sql).unwrap_or_else(|error| fail(sql, &error))
    }

    /// The value of a query with one row of one column.
    #[track_caller]
    pub fn one<T: FromSqlOwned>(&mut self, sql: &str) -> T {
        match self.client.query_one(sql, &[]) {
            Ok(row) => row.get(0),
            Err(error) => fail(sql, &error),
        }
    }

    /// The first column of a query's rows.
    #[track_caller]
    pub fn all<T: FromSqlOwned>(&mut self, sql: &str) -> Vec<T> {
        match self.client.query(sql, &[]) {
            Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
            Err(error) => fail(sql, &error),
        }
    }

    /// The error that the statements end with; panics when they succeed.
    #[track_caller]
    pub fn refusal(&mut self, sql: &str) -> Refusal {
        match self.client.batch_execute(sql) {
            Ok(()) => panic!("was not refused: {sql}"),
            Err(error) => Refusal::of(&error),
        }
    }

    /// The connection itself.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The process that serves this session.
    pub fn pid(&mut self) -> i32 {
        self.one("SELECT pg_backend_pid()")
    }
}

#[track_caller]
fn fail(sql: &str, error: &Error) -> ! {
    match error.as_db_error() {
        Some(reported) => panic!("{}: {reported:?}\n{sql}", reported.code().code()),
        None => panic!("{error}\n{sql}"),
    }
}

/// Runs statements without preparing them; how many rows the last changed.
pub fn changed(client: &mut Client, sql: &str) -> Result<u64, Error> {
    let answers = client.simple_query(sql)?;
    let last = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    Ok(last.unwrap_or(0))
}

/// The server's report, unless the error means that the server or the connection has gone.
pub fn reported(error: &Error) -> Option<&DbError> {
    let gone = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    error.as_db_error().filter(|reported| !gone.contains(reported.code()))
}
