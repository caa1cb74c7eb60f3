//! A group enters the log: at once, with all that follows from it.

use super::Counts;
use crate::error::Result;
use crate::identity::{self, Attached};
use crate::log::sql::of_row;
use crate::pg::query::{self, parameter};
use crate::sync::conflicts::resolved;
use crate::sync::receive::group::place;
use crate::sync::receive::waiting::note_applied;
use crate::sync::receive::{news, sound};
use crate::sync::show::group_rows::{self, TouchedTable};
use crate::sync::table::batch::Single;
use crate::types::parameter::{hlc, ulid};
use crate::{clock, version};
use concord_core::delivery::Group;
use concord_core::log_column::LogColumn;
use concord_core::operation::Operation;
use concord_core::word::Word;
use std::sync::LazyLock;

/// Moves the events of a group from where they wait into the log.
static MOVE_INTO_LOG: LazyLock<String> = LazyLock::new(|| {
    let columns = LogColumn::list();
    format!(
        "WITH moved AS (
             DELETE FROM concord.received_events
             WHERE origin_node_id = $1 AND node_sequence BETWEEN $2 AND $3
               AND reason <> 'forked_origin'
             RETURNING {columns})
         INSERT INTO concord.change_events ({columns})
         SELECT {columns} FROM moved ORDER BY node_sequence"
    )
});

/// Takes a received group in: logs it, moves vector and clock, shows what its rows are now. Returns
/// the number up to which the log has all of its node.
pub fn enter(node: Attached, group: &Group, counts: &mut Counts) -> Result<i64> {
    query::run(&MOVE_INTO_LOG, &place(group));
    follow(node, group, counts)
}

/// What follows from a group that is in the log; returns as `enter`.
pub fn follow(node: Attached, group: &Group, counts: &mut Counts) -> Result<i64> {
    let contents = match group.size {
        1 => read_single(group),
        _ => read_contents(group),
    };
    sound::require(group, contents.says_more)?;
    counts.applied += group.size;
    let reached = advance(group);
    note_applied(group.origin, reached);
    news::note(group);
    clock::observe(group.hlc)?;
    identity::note_hlc(node, group.hlc)?;
    let origin = Attached { node_id: group.origin, ..node };
    let Contents { tables, control, single, .. } = contents;
    if control.contains(&Operation::Node) {
        note_node(group);
    }
    if control.contains(&Operation::Stale) {
        version::conflicts::record(&origin, group.first, group.first + group.size - 1);
    }
    counts.conflicts += group_rows::show_group(group, &tables, single)?;
    if control.contains(&Operation::Resolve) {
        resolved::take_in(group);
    }
    Ok(reached)
}

/// What a group consists of.
#[derive(Default)]
struct Contents {
    /// Tables with row events.
    tables: Vec<TouchedTable>,
    /// Operations of other events.
    control: Vec<Operation>,
    /// The row of a group of one.
    single: Option<Single>,
    /// Not all events tell of a row and of nothing else.
    says_more: bool,
}

/// The tables that a group has row events of, and the operations of its other events.
fn read_contents(group: &Group) -> Contents {
    let contents = query::all(
        &format!(
            "SELECT r.is, e.table_schema, e.table_name, array_agg(DISTINCT e.operation),
                    bool_or(COALESCE(e.metadata ? 'unseen', false)),
                    bool_or(NOT r.is OR e.metadata IS NOT NULL OR NOT isfinite(e.wall_timestamp))
             FROM concord.change_events e
             CROSS JOIN LATERAL (
                 SELECT {of_row} AS is) r
             WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
             GROUP BY r.is, e.table_schema, e.table_name
             ORDER BY e.table_schema, e.table_name",
            of_row = of_row("e")
        ),
        &place(group),
        |row| {
            let operations: Vec<String> = row.required(4);
            let operations =
                operations.iter().filter_map(|word| Operation::from_word(word).ok()).collect();
            let tells_of = match row.required(1) {
                true => {
                    Ok(TouchedTable { table: row.table(2), operations, unseen: row.required(5) })
                }
                false => Err(operations),
            };
            (tells_of, row.required::<bool>(6))
        },
    );
    let mut all = Contents::default();
    for (tells_of, says_more) in contents {
        all.says_more |= says_more;
        match tells_of {
            Ok(touched) => all.tables.push(touched),
            Err(operations) => all.control.extend(operations),
        }
    }
    all
}

/// The same of a group of one event, with its row.
fn read_single(group: &Group) -> Contents {
    query::one(
        "SELECT operation, table_schema, table_name, record_id, new_values,
                COALESCE(metadata ? 'unseen', false),
                metadata IS NOT NULL OR NOT isfinite(wall_timestamp)
         FROM concord.change_events WHERE origin_node_id = $1 AND node_sequence = $2",
        &place(group)[..2],
        |row| {
            let operation: Operation = row.word(1);
            if operation.change().is_none() {
                let control = vec![operation];
                return Contents { control, says_more: true, ..Contents::default() };
            }
            let is_insert = operation == Operation::Insert;
            let touched = TouchedTable {
                table: row.table(2),
                operations: vec![operation],
                unseen: row.required(6),
            };
            let image = row.varlena(5);
            let single = Single { record_id: row.required(4), image, is_insert };
            Contents {
                tables: vec![touched],
                single: Some(single),
                says_more: row.required(7),
                ..Contents::default()
            }
        },
    )
    .unwrap_or_default()
}

/// The vector moves with the log, in the same transaction. Of a predecessor of this node the log can
/// have numbers after one that was missing: they came with the copy.
fn advance(group: &Group) -> i64 {
    let last = group.first + group.size - 1;
    let parameters = [ulid(group.origin), parameter(group.first), parameter(last), hlc(group.hlc)];
    let is_own = query::returning(
        "UPDATE concord.nodes n
         SET applied_sequence = $3, received_sequence = GREATEST(n.received_sequence, $3),
             hlc_high_water_mark = GREATEST(n.hlc_high_water_mark, $4),
             last_heartbeat = GREATEST(n.last_heartbeat, e.wall_timestamp),
             observed = e.observed || pg_catalog.jsonb_build_object(e.origin_node_id::text, $3),
             status = CASE n.status WHEN 'stale' THEN 'active' ELSE n.status END
         FROM concord.change_events e
         WHERE n.node_id = $1 AND e.origin_node_id = $1 AND e.node_sequence = $2
         RETURNING (SELECT true FROM concord.identity i WHERE i.node_id = $1)",
        &parameters,
        |row| row.get::<bool>(1).is_some(),
    );
    match is_own.first() {
        Some(false) => last,
        // A predecessor's numbers can be here already, behind one that was missing.
        Some(true) => {
            note_returned_keys();
            skip_known(group, last)
        }
        None => {
            // Its first group.
            query::run(
                "INSERT INTO concord.nodes (node_id, applied_sequence, received_sequence,
                                            hlc_high_water_mark, last_heartbeat, observed)
                 SELECT $1, $3, $3, $4, e.wall_timestamp,
                        e.observed || pg_catalog.jsonb_build_object(e.origin_node_id::text, $3)
                 FROM concord.change_events e
                 WHERE e.origin_node_id = $1 AND e.node_sequence = $2",
                &parameters,
            );
            last
        }
    }
}

/// What this database wrote before it was restored has keys that its sequences know nothing of: a tick looks.
fn note_returned_keys() {
    query::run(
        "UPDATE concord.identity SET keys_returned = true
         WHERE node_id = concord.node_id() AND NOT keys_returned",
        &[],
    );
}

/// Goes on to the number before the next that the log lacks.
fn skip_known(group: &Group, last: i64) -> i64 {
    query::returning(
        "UPDATE concord.nodes n
         SET applied_sequence = r.reached, received_sequence = GREATEST(n.received_sequence, r.reached),
             observed = n.observed || pg_catalog.jsonb_build_object(n.node_id::text, r.reached)
         FROM (SELECT l.node_sequence AS reached FROM concord.change_events l
               WHERE l.origin_node_id = $1 AND l.node_sequence >= $2
                 AND NOT EXISTS (SELECT FROM concord.change_events x
                                 WHERE x.origin_node_id = $1 AND x.node_sequence = l.node_sequence + 1)
               ORDER BY l.node_sequence LIMIT 1) r
         WHERE n.node_id = $1 RETURNING n.applied_sequence",
        &[ulid(group.origin), parameter(last)],
        |row| row.required(1),
    )
    .pop()
    .unwrap_or(last)
}

/// What a node tells of itself.
fn note_node(group: &Group) {
    query::run(
        "UPDATE concord.nodes n
         SET name = e.metadata ->> 'name', hostname = e.metadata ->> 'hostname',
             predecessor_id = COALESCE((e.metadata ->> 'predecessor_id')::concord.ulid,
                                       n.predecessor_id),
             key_space = COALESCE(e.metadata -> 'key_space', n.key_space)
         FROM concord.change_events e
         WHERE n.node_id = $1 AND e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
           AND e.operation = 'NODE'",
        &place(group),
    );
}
