//! Problems of a tree, as rows of `concord.conflicts`: open for as long as they stand.

use super::declared::Tree;
use crate::log::sql::last_first;
use crate::pg::query::{self, parameter};
use crate::types::parameter::{ulid, word};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use concord_core::hlc::Hlc;
use concord_core::names::TableName;
use concord_core::options::Policy;
use concord_core::tree::{Pointer, Problem};
use concord_core::ulid::Ulid;
use concord_core::word::Word;
use pgrx::JsonB;
use serde_json::json;
use std::collections::BTreeSet;

/// The records of the table's open conflicts.
pub fn open_records(tree: &Tree) -> Vec<String> {
    query::all(
        "SELECT DISTINCT r FROM concord.conflicts c
         CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(c.detail -> 'rows') r
         WHERE c.resolved_at IS NULL AND c.conflict_type = 'tree'
           AND c.table_schema = $1 AND c.table_name = $2",
        &tree.parameters(),
        |row| row.required(1),
    )
}

/// The last event that changed one of the pointers, and the last of another transaction.
#[derive(Default)]
struct Last {
    time: Option<Hlc>,
    local: Option<Ulid>,
    remote: Option<Ulid>,
}

/// Opens the problem's conflict, unless it stands already or somebody closed it; its id, and whether it
/// is new. The id changes with the pointers and with nothing else.
pub fn record(
    tree: &Tree,
    problem: &Problem,
    records: &BTreeSet<String>,
    policy: Policy,
) -> (Ulid, bool) {
    let columns = problem.pointers.iter().filter_map(|pointer| tree.column(*pointer));
    let columns: Vec<&str> = columns.collect();
    let last = last_changes(tree, problem, records);
    let id = problem.id(last.time.unwrap_or_default(), &tree.table, records);
    let [schema, table] = tree.parameters();
    let is_new = query::returning(
        "INSERT INTO concord.conflicts AS c
             (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy,
              local_event_id, remote_event_id, detail)
         VALUES ($1, $2, $3, $4, 'tree', $5, $6, $7, $8)
         ON CONFLICT (conflict_id) DO UPDATE
         SET remote_event_id = excluded.remote_event_id, detail = excluded.detail,
             resolved_at = CASE WHEN c.resolution = 'repaired' THEN NULL ELSE c.resolved_at END,
             resolution = NULLIF(c.resolution, 'repaired')
         WHERE c.resolution = 'repaired'
            OR (c.remote_event_id, c.detail)
               IS DISTINCT FROM (excluded.remote_event_id, excluded.detail)
         RETURNING xmax = 0",
        &[
            ulid(id),
            schema,
            table,
            parameter(records.first().cloned()),
            word(policy),
            ulid(last.local),
            ulid(last.remote),
            parameter(JsonB(json!({
                "problem": problem.kind.word(), "rows": records, "columns": columns
            }))),
        ],
        |row| row.required(1),
    )
    .contains(&true);
    (id, is_new)
}

fn last_changes(tree: &Tree, problem: &Problem, records: &BTreeSet<String>) -> Last {
    let [schema, table] = tree.parameters();
    query::one(
        &format!(
            "WITH changes AS (
                 SELECT e.event_id, e.hlc, e.origin_node_id, e.node_sequence, e.group_sequence
                 FROM concord.change_events e
                 WHERE e.table_schema = $1 AND e.table_name = $2 AND e.record_id = ANY ($3)
                   AND (e.operation IN ('INSERT', 'DELETE', 'TRUNCATE')
                        OR e.operation = 'UPDATE'
                           AND EXISTS (SELECT FROM pg_catalog.unnest($4) c
                                       WHERE e.old_values -> c IS DISTINCT FROM e.new_values -> c)))
             SELECT l.event_id, l.hlc, r.event_id
             FROM (SELECT * FROM changes c
                   ORDER BY {last_first} LIMIT 1) l
             LEFT JOIN LATERAL (
                 SELECT c.event_id FROM changes c
                 WHERE (c.origin_node_id, c.group_sequence) <> (l.origin_node_id, l.group_sequence)
                 ORDER BY {last_first} LIMIT 1) r ON true",
            last_first = last_first("c")
        ),
        &[
            schema,
            table,
            parameter(records.iter().cloned().collect::<Vec<_>>()),
            parameter(deciding_columns(tree, problem)),
        ],
        |row| Last {
            local: row.get::<SqlUlid>(1).map(Ulid::from),
            time: row.get::<SqlHlc>(2).map(Hlc::from),
            remote: row.get::<SqlUlid>(3).map(Ulid::from),
        },
    )
    .unwrap_or_default()
}

/// Every sibling pointer can matter to siblings; a cycle lies in one pointer.
fn deciding_columns(tree: &Tree, problem: &Problem) -> Vec<String> {
    let cycles = problem.kind != concord_core::tree::Kind::Siblings;
    Pointer::ALL
        .into_iter()
        .filter(|pointer| !cycles || problem.pointers.contains(pointer))
        .filter_map(|pointer| tree.column(pointer).map(str::to_owned))
        .collect()
}

/// Closes the table's open conflicts whose problem stands no more.
pub fn close_others(tree: &Tree, standing: Vec<String>) {
    let [schema, table] = tree.parameters();
    query::run(
        "UPDATE concord.conflicts
         SET resolved_at = pg_catalog.clock_timestamp(), resolution = 'repaired'
         WHERE resolved_at IS NULL AND conflict_type = 'tree'
           AND table_schema = $1 AND table_name = $2 AND conflict_id::text <> ALL ($3)",
        &[schema, table, parameter(standing)],
    );
}

/// Closes the open conflicts of a table that has no tree any more.
pub fn abandon(table: &TableName) {
    query::run(
        "UPDATE concord.conflicts
         SET resolved_at = pg_catalog.clock_timestamp(), resolution = 'untracked'
         WHERE resolved_at IS NULL AND conflict_type = 'tree'
           AND table_schema = $1 AND table_name = $2",
        &query::table(table),
    );
}
