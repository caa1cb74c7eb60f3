//! What other nodes say of themselves and of conflicts is read by statements that cannot do with everything that has the form of
//! an event. A group that says something else does not enter.

use crate::error::{Error, Result};
use crate::pg::query::{self, parameter};
use crate::sync::receive::group::place;
use concord_core::delivery::Group;
use concord_core::event::Vector;

/// Numbers that can be counted with, and added up over all nodes.
const HIGHEST_NUMBER: i64 = (1 << 53) - 1;
const ULID: &str = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$";

/// Refuses a group in the log with a field that no statement of concord's can do with: 22023. `says_more`: not all of its
/// events tell of a row and of nothing else.
pub fn require(group: &Group, says_more: bool) -> Result<()> {
    let countable = |number: i64| (0..=HIGHEST_NUMBER).contains(&number);
    let mut observed = group.observed.iter().flat_map(Vector::iter);
    if countable(group.first) && observed.all(|(_, number)| countable(number)) && !says_more {
        return Ok(());
    }
    let [origin, first, last] = place(group);
    let found = query::one(
        "SELECT e.node_sequence, p.field, p.value
         FROM concord.change_events e
         CROSS JOIN LATERAL (VALUES
             ('wall_timestamp', e.wall_timestamp::text,
              pg_catalog.isfinite(e.wall_timestamp)
              AND e.wall_timestamp >= '0001-01-01 00:00:00+00' AND e.wall_timestamp < '10000-01-01 00:00:00+00'),
             ('node_sequence', e.node_sequence::text, e.node_sequence <= $4),
             ('observed', e.observed::text, NOT EXISTS (
                 SELECT FROM pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(e.observed) = 'object'
                                                        THEN e.observed END) o
                 WHERE o.key !~ $5 OR pg_catalog.jsonb_typeof(o.value) <> 'number'
                    OR o.value::numeric NOT BETWEEN 0 AND $4)),
             ('table_name', e.table_name,
              e.operation NOT IN ('RESOLVE', 'DDL', 'GAP') OR (e.table_schema, e.table_name) IS NOT NULL),
             ('record_id', e.record_id, e.operation <> 'RESOLVE' OR e.record_id IS NOT NULL),
             ('metadata.name', e.metadata ->> 'name',
              e.operation <> 'NODE' OR pg_catalog.jsonb_typeof(e.metadata -> 'name') = 'string'),
             ('metadata.hostname', e.metadata ->> 'hostname',
              e.operation <> 'NODE' OR pg_catalog.jsonb_typeof(e.metadata -> 'hostname') = 'string'),
             ('metadata.predecessor_id', e.metadata ->> 'predecessor_id',
              e.operation <> 'NODE' OR e.metadata ->> 'predecessor_id' ~ $5),
             ('metadata.key_space', e.metadata ->> 'key_space',
              e.operation <> 'NODE' OR NOT e.metadata ? 'key_space'
              OR pg_catalog.jsonb_typeof(e.metadata -> 'key_space') = 'object'
                 AND COALESCE(e.metadata -> 'key_space' ->> 'place' ~ '^[0-9]{1,9}$', false)
                 AND COALESCE(e.metadata -> 'key_space' ->> 'places' ~ '^[1-9][0-9]{0,8}$', false)
                 AND COALESCE(e.metadata -> 'key_space' ->> 'small_places' ~ '^[1-9][0-9]{0,8}$', false)),
             ('metadata.conflict_id', e.metadata ->> 'conflict_id',
              e.operation <> 'RESOLVE' OR COALESCE(e.metadata ->> 'conflict_id' ~ $5, false)),
             ('metadata.keep', e.metadata ->> 'keep',
              e.operation <> 'RESOLVE'
              OR COALESCE(e.metadata ->> 'keep' IN ('local', 'remote', 'merged', 'reopen'), false)),
             ('metadata.conflict_policy', e.metadata ->> 'conflict_policy',
              e.operation <> 'STALE'
              OR COALESCE(e.metadata ->> 'conflict_policy' IN ('lww', 'merge', 'manual'), false)),
             ('metadata.on_stale', e.metadata ->> 'on_stale',
              e.operation <> 'STALE'
              OR COALESCE(e.metadata ->> 'on_stale' IN ('record', 'overwrite', 'reject'), false)),
             ('metadata.unseen', e.metadata ->> 'unseen',
              NOT COALESCE(e.metadata ? 'unseen', false)
              OR pg_catalog.jsonb_typeof(e.metadata -> 'unseen') = 'object' AND NOT EXISTS (
                 SELECT FROM pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(e.metadata -> 'unseen') = 'object'
                                                        THEN e.metadata -> 'unseen' END) o
                 WHERE o.key !~ $5 OR pg_catalog.jsonb_typeof(o.value) <> 'number'
                    OR o.value::numeric NOT BETWEEN 0 AND $4))
             ) p(field, value, sound)
         WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
           AND NOT p.sound
         ORDER BY e.node_sequence, p.field LIMIT 1",
        &[origin, first, last, parameter(HIGHEST_NUMBER), parameter(ULID)],
        |row| (row.required::<i64>(1), row.required::<String>(2), row.get::<String>(3)),
    );
    let Some((number, field, value)) = found else { return Ok(()) };
    let value: String = value.unwrap_or_else(|| "null".into()).chars().take(60).collect();
    Err(Error::invalid_argument(format!(
        "field \"{field}\" of event {number} of node \"{}\" cannot be {value}",
        group.origin
    ))
    .hint("No version of concord writes such an event; ask who runs the node."))
}
