//! Events at the door: checked, told apart from what is known, stored until they can enter.

use crate::error::{Error, Result};
use crate::pg::query::{self, Parameter};
use crate::types::parameter::{ulid, word};
use concord_core::delivery::ReceivedReason;
use concord_core::ulid::Ulid;
use concord_core::wire;
use pgrx::{Array, FromDatum, JsonB, PgSqlErrorCode, pg_sys};

/// Events that are well formed.
pub struct Incoming {
    events: Parameter,
    count: i64,
}

/// Refuses malformed events, and with them the whole call: 22023; 22004 for a null.
#[allow(unsafe_code)]
pub fn check(events: pg_sys::Datum) -> Result<Incoming> {
    let mut count = 0;
    // SAFETY: the argument is declared as jsonb[], and lives as long as the call.
    let array: Option<Array<'_, JsonB>> =
        unsafe { Array::from_polymorphic_datum(events, false, pg_sys::JSONBARRAYOID) };
    for event in array.iter().flat_map(Array::iter) {
        let event = event.ok_or_else(|| null_argument("an event"))?;
        wire::check(&event.0).map_err(|error| {
            Error::invalid_argument(error.message)
                .hint("Pass events as concord.export_events() returned them, unchanged.")
        })?;
        count += 1;
    }
    Ok(Incoming { events: (pg_sys::JSONBARRAYOID, Some(events)), count })
}

/// 22004.
pub fn null_argument(what: &str) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, format!("{what} must not be null"))
        .hint("Pass an array of events that concord.export_events() returned.")
}

/// The statement that stores what is not known of the rows of `incoming`. The same number with
/// another event_id, or a number of this node ($2) that its log does not have, is a fork, and is kept
/// as one; all else gets the reason $3.
macro_rules! store {
    ($incoming:literal) => {
        concat!(
            "WITH incoming AS (",
            $incoming,
            ")
             INSERT INTO concord.received_events
             SELECT i.*,
                    CASE WHEN l.event_id IS NOT NULL OR i.origin_node_id = $2
                         THEN 'forked_origin' ELSE $3 END,
                    CASE WHEN l.event_id IS NOT NULL
                         THEN 'the log has event ' || l.event_id::text || ' under this number'
                         WHEN i.origin_node_id = $2
                         THEN 'this node never wrote it' END
             FROM incoming i
             LEFT JOIN concord.change_events l
               ON l.origin_node_id = i.origin_node_id AND l.node_sequence = i.node_sequence
             WHERE l.event_id IS DISTINCT FROM i.event_id
             ON CONFLICT DO NOTHING"
        )
    };
}

/// Stores the events that are not known; returns how many were.
pub fn store(incoming: &Incoming, own: Ulid) -> i64 {
    if incoming.count == 0 {
        return 0;
    }
    let stored = query::run(
        store!(
            "SELECT DISTINCT ON (r.origin_node_id, r.node_sequence, r.event_id) r.*
             FROM pg_catalog.unnest($1) e
             CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(NULL::concord.change_events, e) r"
        ),
        &[incoming.events, ulid(own), word(ReceivedReason::IncompleteGroup)],
    );
    note_arrivals();
    incoming.count - stored as i64
}

/// Stores one event, a row of the log's type, for `reason`; whether it was unknown.
/// [`note_arrivals`] is to follow.
pub fn store_row(row: Parameter, own: Ulid, reason: ReceivedReason) -> bool {
    let parameters = [row, ulid(own), word(reason)];
    query::run(store!("SELECT ($1).*"), &parameters) > 0
}

/// What follows from new events in the waiting room.
pub fn note_arrivals() {
    note_forks();
    note_origins();
}

/// Two events under one number that are both still waiting: neither can be believed.
fn note_forks() {
    query::run(
        "UPDATE concord.received_events r
         SET reason = 'forked_origin', detail = 'event ' || o.event_id::text || ' has the same number'
         FROM concord.received_events o
         WHERE o.origin_node_id = r.origin_node_id AND o.node_sequence = r.node_sequence
           AND o.event_id <> r.event_id AND r.reason <> 'forked_origin'",
        &[],
    );
    query::run(
        "UPDATE concord.nodes n SET status = 'forked'
         WHERE n.status <> 'forked'
           AND EXISTS (SELECT FROM concord.received_events r
                       WHERE r.origin_node_id = n.node_id AND r.reason = 'forked_origin')",
        &[],
    );
}

/// A node is known from its first event on.
fn note_origins() {
    query::run(
        "INSERT INTO concord.nodes AS n (node_id, received_sequence)
         SELECT r.origin_node_id, pg_catalog.max(r.node_sequence)
         FROM concord.received_events r WHERE r.reason <> 'forked_origin'
         GROUP BY r.origin_node_id
         ON CONFLICT (node_id) DO UPDATE
         SET received_sequence = GREATEST(n.received_sequence, excluded.received_sequence)
         WHERE n.received_sequence < excluded.received_sequence",
        &[],
    );
}
