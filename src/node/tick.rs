//! `concord.tick`: what has to happen now and then.

use crate::error::{OrRaise, Result};
use crate::identity::{self, Attached};
use crate::log::holes;
use crate::node::{heartbeat, key_space};
use crate::pg::attempt::{Failure, attempt, transaction};
use crate::pg::backend::{my_database, set_for_session};
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::types::parameter::{hlc, ulid};
use crate::{clock, ddl, pg_function, settings, sync, tree};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_sys};
use std::ffi::CStr;

/// A step of a tick: what it is called, and what it does. None is to keep the others from their work.
type Step = (&'static str, fn(Attached) -> Result<()>);

const STEPS: [Step; 7] = [
    ("fill numbers that died", |node| holes::fill_in_turn(node).map(|_| ())),
    ("note how far nodes are", |node| {
        let _owner = AsOwner::of(node.log);
        note_progress(node)?;
        note_silence();
        Ok(())
    }),
    // Before this transaction has anything of its own to say.
    ("retry what waits", |node| {
        let _owner = AsOwner::of(node.log);
        sync::retry_waiting(node)
    }),
    ("keep keys apart", |node| {
        let _owner = AsOwner::of(node.log);
        key_space::keep_key_space(node);
        Ok(())
    }),
    ("send a heartbeat", |node| {
        let _owner = AsOwner::of(node.log);
        if heartbeat_due(node) { heartbeat::heartbeat() } else { Ok(()) }
    }),
    // Last, as it waits for nobody and nobody is to wait for it.
    ("check trees", |node| {
        let _owner = AsOwner::of(node.log);
        tree::check_if_free().map(|_| ())
    }),
    ("look after tracked tables", |_| ddl::check_drift()),
];

/// How long a step in the background waits for a lock.
const PATIENCE: &CStr = c"10s";

pg_function!(
    /// `concord.tick() → void`: voids the numbers of transactions that died after they had been
    /// numbered, and keeps `concord.nodes` up to date. The background worker runs it; without one,
    /// call it from time to time. A WARNING for each step that fails.
    tick_now,
    |_| {
        tick().or_raise();
        pg_sys::Datum::from(0)
    }
);

/// One tick, as a part of the caller's transaction. Whatever the caller was asked to stop for is raised.
fn tick() -> Result<()> {
    let node = identity::attach()?;
    let (fill, others) = (STEPS[0], &STEPS[1..]);
    // Numbers cannot be taken back with a savepoint.
    fill.1(node)?;
    let mut failed = None;
    for (name, step) in others {
        let outcome = attempt(|| step(node).or_raise(), |failure| !failure.is_cancellation());
        if let Err(failure) = outcome {
            warn(PgLogLevel::WARNING, name, &failure);
            failed.get_or_insert((*name, failure));
        }
    }
    note_outcome(failed)
}

/// One tick in the background: each step in a transaction of its own.
pub fn in_background() -> Result<()> {
    set_for_session(c"lock_timeout", PATIENCE);
    let mut failed: Option<(&str, Failure)> = None;
    let mut is_node = true;
    for (name, step) in STEPS {
        let outcome = transaction(|| {
            is_node = catalog::hold_extension();
            if is_node {
                identity::attach().and_then(step).or_raise();
            }
        });
        if !is_node {
            return Ok(());
        }
        if let Err(failure) = outcome {
            // What all steps fail by is said once.
            if failed.as_ref().is_none_or(|(_, first)| first.message != failure.message) {
                warn(PgLogLevel::LOG, name, &failure);
            }
            failed.get_or_insert((name, failure));
        }
    }
    note_outcome(failed)
}

fn warn(level: PgLogLevel, step: &str, failure: &Failure) {
    let message = format!("concord: a tick could not {step}: {}", failure.message);
    ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, "tick").report(level);
}

/// Keeps for `concord.status` how many ticks in a row have failed, and with what.
fn note_outcome(failed: Option<(&str, Failure)>) -> Result<()> {
    let error =
        failed.map(|(step, failure)| format!("{step}: {} ({})", failure.message, failure.sqlstate));
    Guarded::lock()?.note_tick(my_database(), error.as_deref());
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
        "SELECT FROM concord._other_nodes n
         WHERE COALESCE((SELECT e.wall_timestamp FROM concord.change_events e
                         WHERE e.origin_node_id = $1 ORDER BY e.node_sequence DESC LIMIT 1),
                        '-infinity')
               < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $2)
         LIMIT 1",
        &[ulid(node.node_id), parameter(f64::from(settings::heartbeat_interval_s()))],
    )
}
