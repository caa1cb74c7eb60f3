//! Tells listeners that events of other nodes were taken in: `NOTIFY concord_events`, once a transaction.

use crate::error::Result;
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::types::parameter::vector;
use concord_core::delivery::Group;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// PostgreSQL takes payloads of less than 8,000 bytes.
const LONGEST: i32 = 7_999;

thread_local! {
    /// Of each node, the first number that this transaction has taken in.
    static TAKEN_IN: RefCell<BTreeMap<Ulid, i64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes a group that has entered the log.
pub fn note(group: &Group) {
    TAKEN_IN.with_borrow_mut(|taken_in| {
        let first = taken_in.entry(group.origin).or_insert(group.first);
        *first = (*first).min(group.first);
    });
}

/// Whether this transaction has taken events in.
pub fn has_any() -> bool {
    TAKEN_IN.with_borrow(|taken_in| !taken_in.is_empty())
}

/// Forgets what was noted: the transaction has ended.
pub fn forget() {
    TAKEN_IN.with_borrow_mut(BTreeMap::clear);
}

/// Leaves the notification for the commit that is under way. How far each node has come is read now, since a
/// savepoint may have taken it back. Listeners get `{}` where the whole is too long for a payload, and nothing where
/// one of them has slept until the queue is full: that would fail the commit, and stop the stream.
pub fn tell(log: pg_sys::Oid) -> Result<()> {
    let taken_in = TAKEN_IN.take();
    let _owner = AsOwner::of(log);
    query::run(
        "SELECT pg_catalog.pg_notify('concord_events',
                    CASE WHEN pg_catalog.octet_length(m.vector) > $2 THEN '{}' ELSE m.vector END)
         FROM (SELECT pg_catalog.jsonb_object_agg(n.node_id, n.applied_sequence)::text AS vector
               FROM concord.nodes n
               WHERE n.applied_sequence >= ($1 ->> n.node_id::text)::bigint) m
         WHERE m.vector IS NOT NULL AND pg_catalog.pg_notification_queue_usage() < 0.9",
        &[vector(taken_in), parameter(LONGEST)],
    );
    Ok(())
}
