//! Throwaway clusters, by `tools/cluster`. They go when their value does, on panic as well.

use crate::clock::FakeClock;
use crate::place::{clusters, run, tool};
use crate::session::Session;
use crate::wait::eventually;
use crate::{place, process};
use postgres::{Config, NoTls};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

const PREFIX: &str = "test-";

/// A running (or stopped, or killed) cluster.
pub struct Cluster {
    name: String,
    sockets: PathBuf,
    clock: Option<FakeClock>,
}

impl Cluster {
    /// Makes and starts a cluster. The label must be the test's own.
    pub fn start(label: &str, settings: &[&str]) -> Cluster {
        let mut cluster = Cluster::named(label);
        cluster.launch_with(settings);
        cluster
    }

    /// The same with a wall clock that the test sets.
    pub fn with_clock(label: &str, settings: &[&str]) -> Cluster {
        let mut cluster = Cluster::named(label);
        cluster.clock = Some(FakeClock::create(&cluster.directory()));
        cluster.launch_with(settings);
        cluster
    }

    /// A cluster that is not there yet.
    pub(crate) fn named(label: &str) -> Cluster {
        remove_leftovers();
        let name = format!("{PREFIX}{}-{label}", std::process::id());
        Cluster { name, sockets: PathBuf::new(), clock: None }
    }

    /// Starts it; settings go into postgresql.conf.
    pub(crate) fn launch_with(&mut self, settings: &[&str]) {
        let printed = run(self.tool("start").args(settings));
        let host = printed.split_whitespace().find_map(|word| word.strip_prefix("PGHOST="));
        self.sockets = host.expect("tools/cluster says where the socket is").into();
    }

    fn tool(&self, command: &str) -> Command {
        let mut tool = tool("cluster");
        tool.args([command, &self.name]);
        if let Some(clock) = &self.clock {
            tool.env("FAKETIME_TIMESTAMP_FILE", clock.file());
        }
        tool
    }

    /// Its wall clock.
    pub fn clock(&self) -> &FakeClock {
        self.clock.as_ref().expect("started with_clock")
    }

    /// Where its files are.
    pub fn directory(&self) -> PathBuf {
        clusters().join(&self.name)
    }

    /// Where its socket is.
    pub fn sockets(&self) -> &Path {
        &self.sockets
    }

    /// What its server has logged.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.directory().join("log")).expect("can read the server's log");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How to connect to a database. A statement that hangs is ended, and its test fails.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&self.sockets).port(5432).user("postgres").dbname(database);
        config.connect_timeout(Duration::from_secs(30)).options("-c statement_timeout=100s");
        config
    }

    /// The same as a connection string, for other servers.
    pub fn conninfo(&self, database: &str) -> String {
        format!("host={} port=5432 user=postgres dbname={database}", self.sockets.display())
    }

    /// A session in a database.
    #[track_caller]
    pub fn connect(&self, database: &str) -> Session {
        match self.config(database).connect(NoTls) {
            Ok(client) => Session::over(client),
            Err(error) => panic!("cannot connect to {database} of {}: {error:?}", self.name),
        }
    }

    /// A session in a new database with concord.
    pub fn node(&self, database: &str) -> Session {
        self.connect("postgres").run(&format!("CREATE DATABASE {database}"));
        let mut session = self.connect(database);
        session.run("CREATE EXTENSION concord");
        session
    }

    /// A program of PostgreSQL that connects to this cluster.
    pub fn program(&self, name: &str) -> Command {
        let mut program = place::postgres_program(name);
        program.env("PGHOST", &self.sockets).env("PGPORT", "5432").env("PGUSER", "postgres");
        program
    }

    /// Stops it: `smart`, `fast` or `immediate`.
    pub fn stop(&self, mode: &str) {
        run(self.tool("stop").arg(mode));
    }

    /// Starts it again after a stop or a kill.
    pub fn launch(&self) {
        run(&mut self.tool("start"));
    }

    /// Stops it in an orderly way and starts it again.
    pub fn restart(&self) {
        run(self.tool("restart").arg("fast"));
    }

    /// Restarts it with other settings.
    pub fn restart_with(&mut self, settings: &[&str]) {
        self.stop("fast");
        self.launch_with(settings);
    }

    /// Kills the postmaster with signal 9.
    pub fn kill_postmaster(&self) {
        process::kill(self.postmaster());
    }

    fn postmaster(&self) -> i32 {
        let file = self.directory().join("data/postmaster.pid");
        let text = fs::read_to_string(file).expect("the server runs");
        text.lines().next().and_then(|line| line.parse().ok()).expect("begins with the pid")
    }

    /// Waits until the server takes connections, as it does after one of its backends crashed.
    pub fn await_recovery(&self) {
        eventually("the server takes connections again", || {
            let mut client = self.config("postgres").connect(NoTls).ok()?;
            client.simple_query("SELECT 1").ok().map(drop)
        });
    }

    /// Kills one of its backends with signal 9: the server ends all others and recovers.
    pub fn crash(&self, backend: i32) {
        process::kill(backend);
        // The postmaster has noticed as soon as another session has gone, or it says so in its log.
        eventually("the server notices the crash", || {
            let said = format!("(PID {backend}) was terminated by signal 9");
            self.log().contains(&said).then_some(())
        });
        self.await_recovery();
    }

    /// The socket directory that this cluster listens in.
    pub(crate) fn set_sockets(&mut self, sockets: &Path) {
        self.sockets = sockets.into();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(log) = fs::read_to_string(self.directory().join("log"))
        {
            let lines: Vec<&str> = log.lines().collect();
            println!("the end of the server's log ({}):", self.name);
            lines[lines.len().saturating_sub(40)..].iter().for_each(|line| println!("    {line}"));
        }
        destroy(&self.name);
    }
}

fn destroy(name: &str) {
    // Called while a panic unwinds, too: a second one would end everything.
    match tool("cluster").args(["destroy", name]).output() {
        Ok(output) if output.status.success() => {}
        other => eprintln!("{name} is not destroyed: {other:?}"),
    }
}

/// Clusters of test runs that were killed, and so could not remove them.
fn remove_leftovers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(entries) = fs::read_dir(clusters()) else { return };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        for name in names {
            let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                destroy(&name);
            }
        }
    });
}
