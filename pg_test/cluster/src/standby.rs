//! Standbys, made with `pg_basebackup`.

use crate::cluster::Cluster;
use crate::place::run;
use crate::wait::eventually;
use std::fs;
use std::process::Command;

impl Cluster {
    /// A running standby of this cluster, streaming from it.
    pub fn standby(&self, label: &str) -> Cluster {
        let mut standby = Cluster::named(label);
        let directory = standby.directory();
        fs::create_dir_all(&directory).expect("can make the cluster's directory");
        run(self
            .program("pg_basebackup")
            .args(["--write-recovery-conf", "--checkpoint=fast", "--pgdata"])
            .arg(directory.join("data")));
        // As tools/cluster does it; a socket's path must be short.
        let sockets = run(Command::new("mktemp").args(["-d", "/tmp/concord.XXXXXX"]));
        let sockets = sockets.trim();
        let environment = format!("export PGHOST={sockets} PGPORT=5432 PGUSER=postgres\n");
        fs::write(directory.join("env"), environment).expect("can write env");
        standby.set_sockets(sockets.as_ref());
        standby.launch_with(&[&format!("unix_socket_directories={sockets}")]);
        standby
    }

    /// Waits until this standby has replayed what `primary` has written so far.
    pub fn catch_up_with(&self, primary: &Cluster) {
        let written: String = primary.connect("postgres").one("SELECT pg_current_wal_lsn()::text");
        let mut session = self.connect("postgres");
        let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        eventually("the standby catches up", || session.one::<bool>(&replayed).then_some(()));
    }
}
