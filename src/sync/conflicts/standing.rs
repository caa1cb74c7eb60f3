//! Conflicts that stand as long as a state does: two records that claim one unique value, a child
//! whose parent was deleted. They follow from what the log holds, so nodes that hold the same agree.

use crate::error::Result;
use crate::pg::query::{self, parameter};
use crate::sync::decide::case::Case;
use crate::sync::decide::obstacle::Form;
use crate::sync::decide::outcome::{Outcome, Rival};
use crate::sync::record::{LogEvent, Record, events_of};
use crate::sync::table::foreign_keys::parent_of;
use crate::types::parameter::{image, ulid, word, word_if};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use concord_core::conflict::ConflictType;
use concord_core::event::{Change, Stamp};
use concord_core::fnv::hash;
use concord_core::hlc::Hlc;
use concord_core::options::{OnMissingParent, Policy};
use concord_core::ulid::Ulid;
use concord_core::word::Word;
use pgrx::JsonB;
use serde_json::{Map, Value, json};

/// A conflict that stands.
struct Standing {
    id: Ulid,
    kind: ConflictType,
    local: Option<Stamp>,
    remote: Option<Stamp>,
    applied: Option<Map<String, Value>>,
    detail: Value,
    /// It was settled at once.
    resolution: Option<OnMissingParent>,
}

/// Records the conflicts that a record now stands in and closes those that it no longer does.
/// Returns how many are new.
pub fn record(record: &Record, case: &Case, outcome: &Outcome) -> Result<i64> {
    let mut standing: Vec<Standing> =
        outcome.rivals.iter().map(|rival| over_value(record, case, outcome, rival)).collect();
    if let Some(found) = over_parent(record, case, outcome)? {
        standing.push(found);
    }
    let mut new = 0;
    for conflict in &standing {
        new += i64::from(upsert(record, case, conflict));
    }
    close_others(record, case, &standing)?;
    Ok(new)
}

/// An id that two records and a constraint give; it carries no time, as the conflict has none.
fn id_of(kind: ConflictType, constraint: &str, record: &Record, other: &Record) -> Ulid {
    let parts = [
        kind.word(),
        constraint,
        &record.table.schema,
        &record.table.name,
        &record.record_id,
        &other.table.schema,
        &other.table.name,
        &other.record_id,
    ];
    let low = hash(parts.iter().map(|part| part.as_bytes()));
    let high = hash(parts.iter().rev().map(|part| part.as_bytes()));
    Ulid::from_hlc(Hlc::try_from((high >> 1) as i64).unwrap_or_default(), low)
}

fn over_value(record: &Record, case: &Case, outcome: &Outcome, rival: &Rival) -> Standing {
    let applied = match (outcome.form, &case.current) {
        (Some(Form::Renamed), Some(current)) => Some(current.image.clone()),
        _ => None,
    };
    Standing {
        id: id_of(ConflictType::UniqueKey, &rival.constraint, record, &rival.record),
        kind: ConflictType::UniqueKey,
        local: Some(rival.claim),
        remote: Some(rival.lost),
        applied,
        detail: json!({
            "constraint": &*rival.constraint,
            "columns": rival.columns,
            "record_id": rival.record.record_id,
        }),
        resolution: None,
    }
}

/// A child that is set aside because its parent was deleted, not because the parent is set aside too.
fn over_parent(record: &Record, case: &Case, outcome: &Outcome) -> Result<Option<Standing>> {
    let (Some(key), Some(state)) = (&outcome.parent, &case.state) else { return Ok(None) };
    let Some(parent) = parent_of(key, &state.image)? else { return Ok(None) };
    let events = events_of(&parent)?;
    let last = events.iter().max_by_key(|event| event.event.stamp);
    let Some(deleted) = last.filter(|last| last.event.change == Change::Delete) else {
        return Ok(None);
    };
    Ok(Some(Standing {
        id: id_of(ConflictType::ForeignKey, &key.name, record, &parent),
        kind: ConflictType::ForeignKey,
        local: Some(deleted.event.stamp),
        remote: state.stamp_of(&key.columns),
        applied: outcome.revived.then(|| state.image.clone()),
        detail: json!({
            "constraint": &*key.name,
            "table_schema": parent.table.schema,
            "table_name": parent.table.name,
            "record_id": parent.record_id,
        }),
        resolution: outcome.revived.then_some(OnMissingParent::ReviveParent),
    }))
}

/// Writes the conflict; true when it was not there, or had been closed.
fn upsert(record: &Record, case: &Case, conflict: &Standing) -> bool {
    let policy = case
        .target
        .as_ref()
        .map_or(Policy::default(), |target| target.tracked.options.conflict_policy);
    let [schema, table, id] = record.parameters();
    let [[p, m], [q, n]] = [conflict.local, conflict.remote].map(|stamp| {
        [ulid(stamp.map(|stamp| stamp.origin)), parameter(stamp.map(|stamp| stamp.sequence))]
    });
    query::returning(
        "INSERT INTO concord.conflicts AS c
             (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy,
              local_event_id, remote_event_id, local_values, remote_values, applied_values, detail,
              resolved_at, resolution)
         SELECT $1, $2, $3, $4, $5, $6, l.event_id, r.event_id, l.new_values, $11, $12, $13,
                CASE WHEN $14::text IS NOT NULL THEN pg_catalog.clock_timestamp() END, $14
         FROM (VALUES (1)) v
         LEFT JOIN concord.change_events l ON l.origin_node_id = $7 AND l.node_sequence = $8
         LEFT JOIN concord.change_events r ON r.origin_node_id = $9 AND r.node_sequence = $10
         ON CONFLICT (conflict_id) DO UPDATE
         SET local_event_id = excluded.local_event_id, remote_event_id = excluded.remote_event_id,
             local_values = excluded.local_values, remote_values = excluded.remote_values,
             applied_values = excluded.applied_values, detail = excluded.detail,
             resolved_at = excluded.resolved_at, resolution = excluded.resolution,
             resolved_by = NULL
         RETURNING xmax = 0",
        &[
            ulid(conflict.id),
            schema,
            table,
            id,
            word(conflict.kind),
            word(policy),
            p,
            m,
            q,
            n,
            image(case.state.as_ref().map(|state| &state.image)),
            image(conflict.applied.as_ref()),
            parameter(JsonB(conflict.detail.clone())),
            word_if(conflict.resolution),
        ],
        |row| row.required(1),
    )
    .contains(&true)
}

/// Closes what no longer stands. Where somebody who knew of both sides ended it, that stays on
/// record; where it came apart by itself, nobody has lost anything, and it is withdrawn.
fn close_others(record: &Record, case: &Case, standing: &[Standing]) -> Result<()> {
    let open = query::all(
        "SELECT c.conflict_id, l.hlc, l.origin_node_id, l.node_sequence,
                r.hlc, r.origin_node_id, r.node_sequence,
                COALESCE(c.detail ->> 'table_schema', c.table_schema),
                COALESCE(c.detail ->> 'table_name', c.table_name), c.detail ->> 'record_id'
         FROM concord.conflicts c
         LEFT JOIN concord.change_events l ON l.event_id = c.local_event_id
         LEFT JOIN concord.change_events r ON r.event_id = c.remote_event_id
         WHERE c.table_schema = $1 AND c.table_name = $2 AND c.record_id = $3
           AND c.conflict_type IN ('unique_key', 'foreign_key') AND c.resolved_at IS NULL",
        &record.parameters(),
        |row| {
            let stamp = |first: i32| {
                Some(Stamp {
                    hlc: row.get::<SqlHlc>(first)?.into(),
                    origin: row.get::<SqlUlid>(first + 1)?.into(),
                    sequence: row.get(first + 2)?,
                })
            };
            let other = Record { table: row.table(8), record_id: row.get(10).unwrap_or_default() };
            let id = Ulid::from(row.required::<SqlUlid>(1));
            (id, [stamp(2), stamp(5)], other)
        },
    );
    for (id, sides, other) in open {
        if standing.iter().any(|conflict| conflict.id == id) {
            continue;
        }
        let others = events_of(&other)?;
        let knew = |event: &LogEvent| {
            sides.iter().flatten().all(|side| event.event.stamp == *side || event.event.saw(side))
        };
        let ended = case
            .events
            .iter()
            .chain(&others)
            .any(|event| knew(event) && !sides.contains(&Some(event.event.stamp)));
        close(id, ended);
    }
    Ok(())
}

/// Closes all that a record stands in: its row is shown, or it is gone.
pub fn supersede(record: &Record) {
    query::run(
        "UPDATE concord.conflicts
         SET resolved_at = pg_catalog.clock_timestamp(), resolution = 'superseded'
         WHERE table_schema = $1 AND table_name = $2 AND record_id = $3
           AND conflict_type IN ('unique_key', 'foreign_key') AND resolved_at IS NULL",
        &record.parameters(),
    );
}

fn close(id: Ulid, ended: bool) {
    let statement = match ended {
        true => {
            "UPDATE concord.conflicts c
             SET resolved_at = pg_catalog.clock_timestamp(),
                 resolution = CASE WHEN EXISTS (
                     SELECT FROM concord.change_events e
                     WHERE e.record_id = c.detail ->> 'record_id'
                       AND e.table_name = c.detail ->> 'table_name'
                       AND e.table_schema = c.detail ->> 'table_schema'
                       AND e.metadata ? 'revived_for') THEN 'revive_parent' ELSE 'superseded' END
             WHERE c.conflict_id = $1"
        }
        false => "DELETE FROM concord.conflicts WHERE conflict_id = $1",
    };
    query::run(statement, &[ulid(id)]);
}
