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

/// Makes a number die as a failing insert into the log does: the transaction `write` has its number
/// when it finds the log locked, and gives up. Returns the number.
pub fn lose_number(cluster: &Cluster, database: &str, write: &str) -> i64 {
    let mut blocker = cluster.connect(database);
    blocker.run("BEGIN; LOCK TABLE concord.change_events IN EXCLUSIVE MODE");
    let mut victim = cluster.connect(database);
    let before = issued(&mut victim);
    victim.run("SET lock_timeout = '100ms'");
    victim.refusal(write).expect("55P03", &[]);
    let after = issued(&mut victim);
    assert!(after > before, "the failed transaction had no number to lose");
    blocker.run("ROLLBACK");
    after
}
