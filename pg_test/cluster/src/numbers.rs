//! Numbers given out, numbers that die, and the VOID events that fill them.

use crate::cluster::Cluster;
use crate::session::Session;
use crate::wait::eventually;

/// The highest number given out in this database since its server started.
pub fn issued(session: &mut Session) -> i64 {
    session.one("SELECT issued_sequence FROM concord.status")
}

/// Whether every number given out is in the log, once.
pub fn is_dense(session: &mut Session) -> bool {
    session.one(
        "SELECT e.count = s.issued_sequence AND e.last = s.issued_sequence
         FROM concord.status s
         CROSS JOIN LATERAL (SELECT count(*), COALESCE(max(node_sequence), 0) AS last
                             FROM concord.change_events WHERE origin_node_id = s.node_id) e",
    )
}

/// Calls `tick()` until every number is filled. More than one call is needed only where the
/// background worker is at it.
pub fn settle(session: &mut Session) {
    eventually("tick() fills every hole", || {
        session.run("SELECT concord.tick()");
        is_dense(session).then_some(())
    });
}

/// Makes a number die: the transaction of `write` has its numbers, by `flush()`, when it rolls back. Returns the last.
pub fn lose_number(cluster: &Cluster, database: &str, write: &str) -> i64 {
    let mut victim = cluster.connect(database);
    let before = issued(&mut victim);
    victim.run(&format!("BEGIN; {write}; SELECT concord.flush(); ROLLBACK"));
    let after = issued(&mut victim);
    assert!(after > before, "the transaction had no number to lose");
    after
}
