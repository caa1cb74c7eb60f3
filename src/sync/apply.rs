//! A call that applies events: one at a time, as the extension's owner, under settings that do not show.

use crate::capture::Neutral;
use crate::capture::applying::Applying;
use crate::error::{Error, Result};
use crate::identity::{self, Attached};
use crate::log::columns;
use crate::pg::owner::{AsOwner, prefer_indexes, silence_triggers};
use crate::pg::{catalog, query, scan};
use crate::pg::{relation, transaction};
use crate::sync::decide::pending;
use crate::sync::receive::{intake, waiting};
use crate::sync::table::target::forget_targets;
use crate::sync::{Counts, enter, show};
use crate::tree;
use concord_core::delivery::Group;
use concord_core::event::Vector;
use pgrx::{PgSqlErrorCode, pg_sys};

/// Takes in events and whatever was waiting for them, and tries again what could not be shown.
pub fn run(events: Option<pg_sys::Datum>) -> Result<Counts> {
    refuse_snapshots()?;
    crate::log::refuse_after_capture()?;
    let incoming = events.map(intake::check).transpose()?;
    // A savepoint that was rolled back may have let others apply meanwhile.
    waiting::forget_applied();
    as_applier(|node| {
        let duplicate = incoming.map_or(0, |events| intake::store(&events, node.node_id));
        let mut counts = Counts { duplicate, ..Counts::default() };
        waiting::enter_all(|group| enter::enter(node, group, &mut counts))?;
        counts.conflicts += show::show_all(&pending::all(), &Vector::default())?;
        counts.conflicts += tree::check()?;
        counts.received = count("SELECT pg_catalog.count(*) FROM concord.received_events");
        counts.pending = count("SELECT pg_catalog.count(*) FROM concord.pending");
        Ok(counts)
    })
}

/// Sees to groups that have passed into the log, and to whatever was waiting for them.
pub fn run_passed(groups: &[Group]) -> Result<()> {
    refuse_snapshots()?;
    as_applier(|node| {
        let mut counts = Counts::default();
        for group in groups {
            enter::follow(node, group, &mut counts)?;
        }
        if !scan::is_empty(catalog::received()?)? {
            waiting::enter_all(|group| enter::enter(node, group, &mut counts))?;
        }
        tree::check()?;
        Ok(())
    })
}

/// One at a time: deciding on a row needs its whole history to stand still. Rows are written as
/// they were sent.
pub fn as_applier<R>(body: impl FnOnce(Attached) -> Result<R>) -> Result<R> {
    let node = identity::attach()?;
    columns::require_of(node.log)?;
    let _neutral = Neutral::enter(true);
    let _owner = AsOwner::of(node.log);
    let _applying = Applying::begin();
    forget_targets();
    silence_triggers();
    prefer_indexes();
    lock_appliers()?;
    body(node)
}

/// A snapshot of old would hide from the fold what others have committed since.
pub fn refuse_snapshots() -> Result<()> {
    if transaction::keeps_snapshot() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
            "events can be applied only in READ COMMITTED transactions",
        )
        .hint("Use BEGIN ISOLATION LEVEL READ COMMITTED."));
    }
    Ok(())
}

/// Waits until no other transaction applies, and keeps others from it until this one ends.
pub fn lock_appliers() -> Result<()> {
    relation::lock(catalog::received()?, pg_sys::ShareRowExclusiveLock);
    Ok(())
}

pub fn count(sql: &str) -> i64 {
    query::one(sql, &[], |row| row.required(1)).unwrap_or_default()
}
