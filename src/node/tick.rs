//! `concord.tick`: what has to happen now and then.

use crate::error::{OrRaise, Result};
use crate::identity::{self, Attached};
use crate::log::holes;
use crate::node::{heartbeat, key_space};
use crate::pg::backend::my_database;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::types::parameter::{hlc, ulid};
use crate::{clock, pg_function, settings, sync, tree};
use pgrx::pg_sys;

pg_function!(
    /// `concord.tick() → void`: voids the numbers of transactions that died after they had been
    /// numbered, and keeps `concord.nodes` up to date. The background worker runs it; without one,
    /// call it from time to time.
    tick_now,
    |_| {
        tick().or_raise();
        pg_sys::Datum::from(0)
    }
);

/// One tick.
pub fn tick() -> Result<()> {
    let node = identity::attach()?;
    holes::fill_in_turn(node)?;
    let _owner = AsOwner::of(node.log);
    note_progress(node)?;
    note_silence();
    // Before this transaction has anything of its own to say.
    sync::retry_waiting(node)?;
    key_space::leave_key_space(node);
    if heartbeat_due(node) {
        heartbeat::heartbeat()?;
    }
    // Last, as it waits for nobody and nobody is to wait for it.
    tree::check_if_free()?;
    Ok(())
}

/// How far this node has come, kept where a restart finds it.
fn note_progress(node: Attached) -> Result<()> {
    let contiguous = Guarded::lock()?.slot(my_database()).map_or(0, |slot| slot.contiguous);
    let id = ulid(node.node_id);
    query::run(
        "UPDATE concord.identity SET contiguous_sequence = $2
         WHERE node_id = $1 AND contiguous_sequence < $2",
        &[id, parameter(contiguous)],
    );
    query::run(
        "UPDATE concord.nodes
         SET name = $2, hostname = $3,
             status = CASE status WHEN 'stale' THEN 'active' ELSE status END,
             last_heartbeat = pg_catalog.clock_timestamp(), hlc_high_water_mark = $4,
             applied_sequence = GREATEST(applied_sequence, $5),
             received_sequence = GREATEST(received_sequence, $5)
         WHERE node_id = $1",
        &[
            id,
            parameter(identity::name()),
            parameter(identity::hostname()),
            hlc(clock::last()?),
            parameter(contiguous),
        ],
    );
    Ok(())
}

/// Nodes not heard of for `concord.node_stale_after` are stale.
fn note_silence() {
    query::run(
        "UPDATE concord.nodes SET status = 'stale'
         WHERE status = 'active'
           AND COALESCE(last_heartbeat, registered_at)
               < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1)",
        &[parameter(f64::from(settings::node_stale_after_s()))],
    );
}

/// A heartbeat event is for others: a node that knows none, or has just written something, needs none.
fn heartbeat_due(node: Attached) -> bool {
    query::exists(
        "SELECT FROM concord.nodes n
         WHERE NOT EXISTS (SELECT FROM concord.identity i WHERE i.node_id = n.node_id)
           AND COALESCE((SELECT e.wall_timestamp FROM concord.change_events e
                         WHERE e.origin_node_id = $1 ORDER BY e.node_sequence DESC LIMIT 1),
                        '-infinity')
               < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $2)
         LIMIT 1",
        &[ulid(node.node_id), parameter(f64::from(settings::heartbeat_interval_s()))],
    )
}
