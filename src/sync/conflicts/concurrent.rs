//! The conflicts of a record, as rows of `concord.conflicts`.

use crate::error::{Error, Result};
use crate::pg::query;
use crate::sync::record::{LogEvent, Record, State};
use crate::sync::table::target::Target;
use crate::types::parameter::{image, ulid, word};
use concord_core::conflict::{Conflict, conflicts};
use concord_core::event::Stamp;
use concord_core::options::Policy;
use concord_core::ulid::Ulid;
use serde_json::{Map, Value};

/// Records what the record's events conflict in; returns how many conflicts are new.
pub fn record(record: &Record, log: &[LogEvent]) -> Result<i64> {
    let events: Vec<_> = log.iter().map(|entry| entry.event.clone()).collect();
    let found = conflicts(&events);
    if found.is_empty() {
        return Ok(0);
    }
    let policy = Target::find(&record.table)?
        .map_or(Policy::default(), |target| target.tracked.options.conflict_policy);
    let applied = State::fold(log).map(|state| state.image);
    let mut new = 0;
    for conflict in &found {
        new += upsert(record, log, conflict, policy, applied.as_ref())?;
    }
    Ok(new)
}

fn upsert(
    record: &Record,
    log: &[LogEvent],
    conflict: &Conflict,
    policy: Policy,
    applied: Option<&Map<String, Value>>,
) -> Result<i64> {
    let [schema, table, id] = record.parameters();
    let is_new = query::returning(
        "INSERT INTO concord.conflicts AS c
             (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy,
              local_event_id, remote_event_id, base_values, local_values, remote_values,
              applied_values, resolved_at, resolution)
         SELECT $1, $2, $3, $4, $5, $6, l.event_id, r.event_id, b.old_values, l.new_values,
                r.new_values, $9,
                CASE WHEN $6 <> 'manual' THEN pg_catalog.clock_timestamp() END,
                CASE WHEN $6 <> 'manual' THEN $6 END
         FROM concord.change_events l, concord.change_events r, concord.change_events b
         WHERE l.event_id = $7 AND r.event_id = $8 AND b.event_id = $10
         ON CONFLICT (conflict_id) DO UPDATE
         SET conflict_type = excluded.conflict_type, local_event_id = excluded.local_event_id,
             remote_event_id = excluded.remote_event_id, local_values = excluded.local_values,
             remote_values = excluded.remote_values, applied_values = excluded.applied_values
         WHERE (c.conflict_type, c.local_event_id, c.remote_event_id)
               IS DISTINCT FROM (excluded.conflict_type, excluded.local_event_id, excluded.remote_event_id)
         RETURNING xmax = 0",
        &[
            ulid(conflict.id(&record.table, &record.record_id)),
            schema,
            table,
            id,
            word(conflict.kind),
            word(policy),
            ulid(event_id(log, conflict.local)?),
            ulid(event_id(log, conflict.remote)?),
            image(applied),
            ulid(event_id(log, beginning(conflict))?),
        ],
        |row| row.required(1),
    )
    .contains(&true);
    Ok(i64::from(is_new))
}

/// Where the branch that stands began: what it found there is the base.
fn beginning(conflict: &Conflict) -> Stamp {
    let [x, y] = conflict.beginnings;
    if x.origin == conflict.local.origin { x } else { y }
}

fn event_id(log: &[LogEvent], stamp: Stamp) -> Result<Ulid> {
    log.iter()
        .find(|entry| entry.event.stamp == stamp)
        .map(|entry| entry.event_id)
        .ok_or_else(|| Error::internal("a conflict names an event that the log does not have"))
}
