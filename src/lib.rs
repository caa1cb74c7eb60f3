//! concord: a trustworthy history of a CMS database, on one node or many.
//!
//! The modules follow the data: a row changes, [`capture`] sees it, an event is buffered in the transaction by [`log`], and
//! at its end [`commit`] numbers and writes it. [`clock`] and [`identity`] say when and where, [`version`] finds stale
//! writes, [`track`] sets it all up, [`ddl`] watches over it. [`sync`] takes in what other nodes wrote and shows it in the
//! tables, [`tree`] looks for trees that it broke. [`node`] is what a node does of itself, and [`report`] shows it to
//! people.

mod capture;
mod clock;
mod commit;
mod ddl;
mod error;
mod identity;
mod log;
mod node;
mod pg;
mod report;
mod settings;
mod sync;
mod track;
mod tree;
mod types;
mod vector;
mod version;

use pgrx::{extension_sql_file, pg_guard};

::pgrx::pg_module_magic!(name, version);

// What people read is in sql/, made in the order of its names.
extension_sql_file!("../sql/00_schema.sql", name = "schema", bootstrap);
extension_sql_file!("../sql/05_clock.sql", name = "clock", requires = ["types"]);
extension_sql_file!("../sql/10_log.sql", name = "log", requires = ["clock"]);
extension_sql_file!("../sql/20_identity.sql", name = "identity", requires = ["log"]);
extension_sql_file!("../sql/25_node.sql", name = "node", requires = ["identity"]);
extension_sql_file!("../sql/30_conflicts.sql", name = "conflicts", requires = ["node"]);
extension_sql_file!("../sql/40_consumers.sql", name = "consumers", requires = ["conflicts"]);
extension_sql_file!("../sql/45_received.sql", name = "received", requires = ["consumers"]);
extension_sql_file!("../sql/50_watch.sql", name = "watch", requires = ["received"]);
extension_sql_file!("../sql/60_track.sql", name = "track", requires = ["watch"]);
extension_sql_file!("../sql/62_track_schema.sql", name = "track_schema", requires = ["track"]);
extension_sql_file!("../sql/65_tree.sql", name = "tree", requires = ["track_schema"]);
extension_sql_file!("../sql/70_history.sql", name = "history", requires = ["tree"]);
extension_sql_file!("../sql/75_digest.sql", name = "digest", requires = ["history"]);
extension_sql_file!("../sql/80_consume.sql", name = "consume", requires = ["digest"]);
extension_sql_file!("../sql/82_export.sql", name = "export", requires = ["consume"]);
extension_sql_file!("../sql/83_apply.sql", name = "apply", requires = ["export"]);
extension_sql_file!("../sql/84_stream.sql", name = "stream", requires = ["apply"]);
extension_sql_file!("../sql/85_watch.sql", name = "watch_ddl", requires = ["stream"]);
extension_sql_file!("../sql/86_resolve.sql", name = "resolve", requires = ["watch_ddl"]);
extension_sql_file!("../sql/87_sequences.sql", name = "sequences", requires = ["resolve"]);
extension_sql_file!("../sql/88_peers.sql", name = "peers", requires = ["sequences"]);
extension_sql_file!("../sql/90_status.sql", name = "status", requires = ["peers"]);
extension_sql_file!("../sql/91_plain.sql", name = "plain", requires = ["status"]);
extension_sql_file!("../sql/92_report.sql", name = "report", requires = ["plain"]);
extension_sql_file!("../sql/93_comments.sql", name = "comments", requires = ["report"]);
extension_sql_file!("../sql/95_grants.sql", name = "grants", requires = ["comments"], finalize);

/// Called by PostgreSQL when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::register(log::lost_context::note_assignment);
    pg::shmem::install_hooks();
    commit::register();
    capture::register();
    sync::register();
    node::register();
}

/// What `#[pg_test]` asks for: the server its tests run in.
#[cfg(test)]
#[allow(missing_docs)]
pub mod pg_test {
    pub fn setup(_options: Vec<&str>) {}

    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec!["shared_preload_libraries = 'concord'"]
    }
}
