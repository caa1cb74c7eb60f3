//! A group enters the log: at once, with all that follows from it.

use super::rows::Record;
use super::{Counts, conflicts, show};
use crate::clock;
use crate::error::Result;
use crate::identity::{self, Attached};
use crate::pg::query::{self, parameter};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use crate::version;
use concord_core::delivery::Group;

/// The columns of the log, in its order.
const COLUMNS: &str = "event_id, hlc, origin_node_id, node_sequence, group_sequence, group_size, \
     table_schema, table_name, record_id, operation, touched, silent, action, \"session_user\", \
     user_id, request_id, ip, old_values, new_values, base_version, observed, \
     depends_on_event_ids, metadata, wall_timestamp";

/// Takes a group in: locks its rows, logs it, shows what the rows are now, moves vector and clock.
pub fn enter(node: Attached, group: &Group, counts: &mut Counts) -> Result<()> {
    let records = read_records(group);
    // In one order everywhere, so that two appliers and a local writer cannot wait in a circle.
    for record in &records {
        show::lock(record)?;
    }
    counts.applied += move_into_log(group);
    advance(group);
    clock::observe(group.hlc)?;
    identity::note_hlc(node, group.hlc)?;
    note_node(group);
    let origin = Attached { node_id: group.origin, ..node };
    version::conflicts::record(&origin, group.first, group.first + group.size - 1);
    show::show_all(&records)?;
    for record in &records {
        counts.conflicts += conflicts::record(record)?;
    }
    Ok(())
}

fn read_records(group: &Group) -> Vec<Record> {
    let mut records = Vec::new();
    query::read_latest(
        "SELECT DISTINCT table_schema, table_name, record_id FROM concord.received_events
         WHERE origin_node_id = $1 AND group_sequence = $2
           AND operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
         ORDER BY table_schema, table_name, record_id",
        &[parameter(SqlUlid::from(group.origin)), parameter(group.first)],
        |row| {
            records.push(Record {
                schema: row.required(1),
                table: row.required(2),
                record_id: row.required(3),
            });
        },
    );
    records
}

fn move_into_log(group: &Group) -> i64 {
    let moved = query::write(
        &format!(
            "WITH moved AS (
                 DELETE FROM concord.received_events
                 WHERE origin_node_id = $1 AND group_sequence = $2 AND reason <> 'forked_origin'
                 RETURNING {COLUMNS})
             INSERT INTO concord.change_events ({COLUMNS})
             SELECT {COLUMNS} FROM moved ORDER BY node_sequence"
        ),
        &[parameter(SqlUlid::from(group.origin)), parameter(group.first)],
        |_| {},
    );
    moved as i64
}

/// The vector moves with the log, in the same transaction.
fn advance(group: &Group) {
    query::write(
        "UPDATE concord.nodes n
         SET applied_sequence = $3, received_sequence = GREATEST(n.received_sequence, $3),
             hlc_high_water_mark = GREATEST(n.hlc_high_water_mark, $4),
             last_heartbeat = GREATEST(n.last_heartbeat, e.wall_timestamp),
             observed = e.observed || pg_catalog.jsonb_build_object(e.origin_node_id::text, $3),
             status = CASE n.status WHEN 'stale' THEN 'active' ELSE n.status END
         FROM concord.change_events e
         WHERE n.node_id = $1 AND e.origin_node_id = $1 AND e.node_sequence = $2",
        &[
            parameter(SqlUlid::from(group.origin)),
            parameter(group.first),
            parameter(group.first + group.size - 1),
            parameter(SqlHlc::from(group.hlc)),
        ],
        |_| {},
    );
}

/// What a node tells of itself.
fn note_node(group: &Group) {
    query::write(
        "UPDATE concord.nodes n
         SET name = e.metadata ->> 'name', hostname = e.metadata ->> 'hostname',
             predecessor_id = COALESCE((e.metadata ->> 'predecessor_id')::concord.ulid,
                                       n.predecessor_id)
         FROM concord.change_events e
         WHERE n.node_id = $1 AND e.origin_node_id = $1 AND e.group_sequence = $2
           AND e.operation = 'NODE'",
        &[parameter(SqlUlid::from(group.origin)), parameter(group.first)],
        |_| {},
    );
}
