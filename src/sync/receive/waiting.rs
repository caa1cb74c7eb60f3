//! Which received groups may enter, and what the others wait for.

use crate::clock;
use crate::error::Result;
use crate::pg::backend::my_database;
use crate::pg::catalog;
use crate::pg::query::{self, parameter};
use crate::pg::shmem::Guarded;
use crate::types::parameter::{ulid, word};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use crate::vector::{self, parse_vector, read_vector};
use concord_core::delivery::{Group, ReceivedReason, Waitlist, waits_for};
use concord_core::event::Vector;
use concord_core::ulid::Ulid;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Lets every group enter that may, each making way for others; notes what the rest wait for. `enter`
/// returns the number up to which the log then has all of the group's node.
pub fn enter_all(mut enter: impl FnMut(&Group) -> Result<i64>) -> Result<()> {
    let mut list = read_groups()?;
    let mut seen = read_vector()?;
    let bound = clock::bound()?;
    while let Some(group) = list.take_ready(&seen, bound, known_event) {
        seen.raise(group.origin, enter(&group)?);
    }
    for group in list.iter() {
        if let Some(waiting) = waits_for(group, &seen, bound, known_event) {
            note_reason(group, waiting.reason(), &waiting.detail(group));
        }
    }
    Ok(())
}

thread_local! {
    /// What this transaction has read of other nodes' numbers; no other applier moves them meanwhile.
    static APPLIED: RefCell<Option<Vector>> = const { RefCell::new(None) };
}

/// At the end of a transaction others may move the vector.
pub fn forget_applied() {
    APPLIED.take();
}

/// This transaction has moved the vector.
pub fn note_applied(node: Ulid, sequence: i64) {
    APPLIED.with_borrow_mut(|applied| {
        applied.iter_mut().for_each(|applied| applied.raise(node, sequence));
    });
}

/// What this node has seen at most: of its own numbers all that were given out. The lock on appliers is
/// held.
pub fn seen() -> Result<Vector> {
    let known = APPLIED.with_borrow(Clone::clone);
    let mut seen = match known {
        Some(applied) => applied,
        None => {
            let read = vector::read(catalog::nodes()?)?;
            let read: Vector =
                read.into_iter().map(|(node, number)| (Ulid::from_bytes(node), number)).collect();
            APPLIED.set(Some(read.clone()));
            read
        }
    };
    if let Some(slot) = Guarded::lock()?.slot(my_database()) {
        seen.raise(Ulid::from_bytes(slot.node_id), slot.issued);
    }
    Ok(seen)
}

fn read_groups() -> Result<Waitlist> {
    let groups: Vec<Result<Group>> = query::all(
        "SELECT r.origin_node_id, r.group_sequence, pg_catalog.max(r.group_size)::bigint,
                pg_catalog.count(*), pg_catalog.max(r.hlc),
                pg_catalog.max(r.observed::text) FILTER (WHERE r.node_sequence = r.group_sequence),
                ARRAY(SELECT DISTINCT d::text
                      FROM concord.received_events e CROSS JOIN LATERAL
                           pg_catalog.unnest(e.depends_on_event_ids) d
                      WHERE e.origin_node_id = r.origin_node_id
                        AND e.node_sequence BETWEEN r.group_sequence
                            AND r.group_sequence + pg_catalog.max(r.group_size) - 1
                        AND NOT EXISTS (SELECT FROM concord.received_events g
                                        WHERE g.event_id = d AND g.origin_node_id = r.origin_node_id
                                          AND g.node_sequence BETWEEN r.group_sequence
                                              AND r.group_sequence + pg_catalog.max(r.group_size) - 1))
         FROM concord.received_events r WHERE r.reason <> 'forked_origin'
         GROUP BY r.origin_node_id, r.group_sequence",
        &[],
        |row| {
            let depends: Vec<String> = row.required(7);
            Ok(Group {
                origin: row.required::<SqlUlid>(1).into(),
                first: row.required(2),
                size: row.required(3),
                here: row.required(4),
                hlc: row.required::<SqlHlc>(5).into(),
                observed: row.get::<String>(6).map(|text| parse_vector(&text)).transpose()?,
                depends_on: ids(&depends),
            })
        },
    );
    let mut list = Waitlist::default();
    for group in groups {
        list.add(group?);
    }
    Ok(list)
}

fn ids(texts: &[String]) -> BTreeSet<Ulid> {
    texts.iter().filter_map(|text| Ulid::parse(text).ok()).collect()
}

/// Whether the log has an event.
pub fn known_event(event: Ulid) -> bool {
    query::exists("SELECT FROM concord.change_events WHERE event_id = $1", &[ulid(event)])
}

fn note_reason(group: &Group, reason: ReceivedReason, detail: &str) {
    query::run(
        "UPDATE concord.received_events SET reason = $3, detail = $4
         WHERE origin_node_id = $1 AND node_sequence BETWEEN $2 AND $2 + $5 - 1
           AND reason <> 'forked_origin'
           AND (reason, COALESCE(detail, '')) IS DISTINCT FROM ($3, $4)",
        &[
            ulid(group.origin),
            parameter(group.first),
            word(reason),
            parameter(detail),
            parameter(group.size),
        ],
    );
}
