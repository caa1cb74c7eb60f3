//! A standby, and what becomes of it.

use crate::NOTE;
use concord_cluster::check::{density, nothing_wrong};
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::session::Session;
use concord_cluster::wait::eventually;

fn node_id(session: &mut Session) -> String {
    session.one("SELECT concord.node_id()::text")
}

#[test]
fn a_standby_does_not_tick_and_when_promoted_is_a_successor() {
    let primary = Cluster::start("primary", &[]);
    let mut there = primary.node("cms");
    there.run(NOTE);
    there.run("INSERT INTO note SELECT i, 'before' FROM generate_series(1, 5) i");
    let old = node_id(&mut there);
    let standby = primary.standby("standby");
    standby.catch_up_with(&primary);

    let mut here = standby.connect("cms");
    assert_eq!(node_id(&mut here), old);
    assert_eq!(events::read(&mut here), events::read(&mut there));
    for sql in
        ["SELECT concord.hlc_now()", "SELECT concord.gen_ulid()", "SELECT concord.hlc_observe('1')"]
    {
        here.refusal(sql).expect(
            "25006",
            &[
                "cannot advance the hybrid logical clock during recovery",
                "A standby has no clock of its own; use the primary server, or promote this one.",
            ],
        );
    }
    here.refusal("INSERT INTO note VALUES (6)").expect("25006", &[]);
    here.refusal("SELECT concord.tick()").expect("25006", &[]);

    let greatest: i64 = here.one("SELECT max(hlc)::bigint FROM concord.change_events");
    assert!(here.one::<bool>("SELECT pg_promote()"));
    eventually("the standby is promoted", || {
        (!here.one::<bool>("SELECT pg_is_in_recovery()")).then_some(())
    });
    // In the session that was there before, as a pooled connection would be.
    here.run("INSERT INTO note VALUES (6, 'after')");
    let new = node_id(&mut here);
    assert_ne!(new, old);
    let log = events::read(&mut here);
    nothing_wrong("numbering of the successor", &density(&log));
    assert_eq!(log[0].operation, "NODE");
    assert!(log[0].hlc > greatest);
    let predecessor = "SELECT predecessor_id::text FROM concord.nodes
                       WHERE node_id = concord.node_id()";
    assert_eq!(here.one::<String>(predecessor), old);
    let kept = format!("SELECT count(*) FROM concord.change_events WHERE origin_node_id = '{old}'");
    assert_eq!(here.one::<i64>(&kept), there.one::<i64>(&kept));

    standby.restart();
    assert_eq!(node_id(&mut standby.connect("cms")), new, "it stays who it has become");
    // The old primary, should it still be there, is another node from then on.
    there.run("INSERT INTO note VALUES (7, 'on the old primary')");
    assert_eq!(node_id(&mut there), old);
    nothing_wrong("numbering of the old primary", &density(&events::read(&mut there)));
}
