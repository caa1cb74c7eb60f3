//! Looking at the trees: at the rows that events have changed since, and at those of open conflicts.
//! What is open afterwards is a function of the tables and the log.

use super::declared::{self, Tree};
use super::{conflicts, table::TreeTable};
use crate::capture::Neutral;
use crate::error::{OrRaise, Result};
use crate::log::sql::{of_row, seen_of};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::catalog;
use crate::pg::owner::{AsOwner, AsTableOwner, without_jit};
use crate::pg::query::{self, parameter};
use crate::pg::relation;
use crate::types::parameter::ulid;
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::tree::{Problem, problems};
use concord_core::ulid::Ulid;
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_sys};
use std::collections::BTreeSet;

/// Rows that are looked at in one go: bounds memory.
const AT_ONCE: usize = 5000;

/// Opens and closes `tree` conflicts; returns how many are new. Waits for others who do the same.
pub fn check() -> Result<i64> {
    check_with(|table, mode| {
        relation::lock(table, mode);
        true
    })
}

/// The same, unless somebody else is at it: then they see to it.
pub fn check_if_free() -> Result<i64> {
    check_with(relation::try_lock)
}

fn check_with(lock: impl FnOnce(pg_sys::Oid, u32) -> bool) -> Result<i64> {
    if !declared::any()? || !lock(catalog::trees()?, pg_sys::ShareRowExclusiveLock) {
        return Ok(0);
    }
    let _neutral = Neutral::enter(true);
    let _owner = AsOwner::of(catalog::log()?);
    without_jit();
    // Read before the tables: what is not in it is looked at again.
    let vector: String =
        query::one("SELECT concord.vector()::text", &[], |row| row.required(1)).unwrap_or_default();
    let mut new = 0;
    for tree in declared::all() {
        let Some(mut table) = TreeTable::open(&tree) else { continue };
        // The owner's rights, or functions of theirs, may be in the way. Nobody else need stop for it.
        match attempt(|| check_tree(&tree, &mut table, &vector).or_raise(), Failure::is_of_the_data)
        {
            Ok(found) => new += found,
            Err(failure) => warn(&tree, &failure),
        }
    }
    Ok(new)
}

fn warn(tree: &Tree, failure: &Failure) {
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_WARNING,
        format!("the tree of table {} could not be checked", tree.table),
        "check",
    )
    .set_detail(failure.message.clone())
    .set_hint("It will be checked again by the next tick(), or when events are applied.")
    .report(PgLogLevel::WARNING);
}

fn check_tree(tree: &Tree, table: &mut TreeTable<'_>, vector: &str) -> Result<i64> {
    let unshown = pending(tree);
    let mut touched = written_since(tree, vector);
    touched.extend(tree.unshown.iter().chain(&unshown).cloned());
    touched.extend(conflicts::open_records(tree));
    let mut new = 0;
    if tree.is_new || !touched.is_empty() {
        let problems = search(tree, table, (!tree.is_new).then_some(&touched))?;
        let mut standing = Vec::new();
        for problem in &problems {
            let records = {
                let _owner = AsTableOwner::of(tree.relation);
                table.record_ids(&problem.rows)?
            };
            let policy = table.shape.tracked.options.conflict_policy;
            let (id, is_new) = conflicts::record(tree, problem, &records, policy);
            standing.push(id.to_string());
            new += i64::from(is_new);
        }
        conflicts::close_others(tree, standing);
    }
    note_checked(tree, vector, unshown);
    Ok(new)
}

/// The problems that rows of these records have a part in; all, where none are given.
fn search(
    tree: &Tree,
    table: &mut TreeTable<'_>,
    records: Option<&BTreeSet<String>>,
) -> Result<BTreeSet<Problem>> {
    let _owner = AsTableOwner::of(tree.relation);
    let declared = tree.declared();
    let keys = table.keys(records);
    let mut found = BTreeSet::new();
    for some in keys.chunks(AT_ONCE) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        found.extend(problems(&declared, &some, table)?);
    }
    Ok(found)
}

/// The records of the table with events that have not been looked at.
fn written_since(tree: &Tree, vector: &str) -> BTreeSet<String> {
    let [schema, table] = tree.parameters();
    let ranges: Vec<(Ulid, i64, i64)> = query::all(
        &format!(
            "SELECT v.key::concord.ulid, {seen}, v.value::bigint
             FROM concord.trees t CROSS JOIN LATERAL pg_catalog.jsonb_each_text($3::jsonb) v
             WHERE t.table_schema = $1 AND t.table_name = $2 AND t.checked IS NOT NULL
               AND v.value::bigint > {seen}",
            seen = seen_of("t.checked", "v.key")
        ),
        &[schema, table, parameter(vector)],
        |row| (row.required::<SqlUlid>(1).into(), row.required(2), row.required(3)),
    );
    let mut records = BTreeSet::new();
    for (origin, from, to) in ranges {
        records.extend(query::all(
            &format!(
                "SELECT DISTINCT e.record_id FROM concord.change_events e
                 WHERE e.origin_node_id = $3 AND e.node_sequence > $4 AND e.node_sequence <= $5
                   AND e.table_schema = $1 AND e.table_name = $2
                   AND {of_row}",
                of_row = of_row("e")
            ),
            &[schema, table, ulid(origin), parameter(from), parameter(to)],
            |row| row.required::<String>(1),
        ));
    }
    records
}

/// The rows that are not shown, or not as the log has them: they change without an event.
fn pending(tree: &Tree) -> Vec<String> {
    query::all(
        "SELECT p.record_id FROM concord.pending_rows p
         WHERE p.table_schema = $1 AND p.table_name = $2 ORDER BY p.record_id",
        &tree.parameters(),
        |row| row.required(1),
    )
}

fn note_checked(tree: &Tree, vector: &str, unshown: Vec<String>) {
    let [schema, table] = tree.parameters();
    query::run(
        "UPDATE concord.trees t SET checked = $3::jsonb, unshown = $4
         WHERE t.table_schema = $1 AND t.table_name = $2
           AND (t.checked, t.unshown) IS DISTINCT FROM ($3::jsonb, $4)",
        &[schema, table, parameter(vector), parameter(unshown)],
    );
}
