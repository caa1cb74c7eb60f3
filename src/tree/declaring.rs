//! Declares trees, and lets declarations follow their tables.

use crate::pg::query::{self, parameter};
use crate::tree::conflicts;
use concord_core::names::TableName;

/// Declares a tree, or changes what was declared.
pub fn declare(table: &TableName, columns: &[Option<String>; 4]) {
    let columns = columns.iter().map(|column| parameter(column.clone()));
    let parameters: Vec<_> = query::table(table).into_iter().chain(columns).collect();
    query::run(
        "INSERT INTO concord.trees (table_schema, table_name, parent, first_child, next, prev)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (table_name, table_schema) DO UPDATE
         SET parent = excluded.parent, first_child = excluded.first_child, next = excluded.next,
             prev = excluded.prev, checked = NULL",
        &parameters,
    );
}

/// Forgets a table's tree; whether it had one.
pub fn forget(table: &TableName) -> bool {
    let forgotten = query::run(
        "DELETE FROM concord.trees WHERE table_schema = $1 AND table_name = $2",
        &query::table(table),
    );
    if forgotten > 0 {
        conflicts::abandon(table);
    }
    forgotten > 0
}

/// A tree goes along when its table is renamed, and so do its open conflicts. Every row is looked at again: events that
/// have not been looked at bear the old name.
pub fn rename(from: &TableName, to: &TableName) {
    forget(to);
    let names = [query::table(from), query::table(to)].concat();
    query::run(
        "UPDATE concord.trees SET table_schema = $3, table_name = $4, checked = NULL
         WHERE table_schema = $1 AND table_name = $2",
        &names,
    );
    query::run(
        "UPDATE concord.conflicts SET table_schema = $3, table_name = $4
         WHERE table_schema = $1 AND table_name = $2 AND conflict_type = 'tree'
           AND resolved_at IS NULL",
        &names,
    );
}

/// A tree's columns go along when they are renamed; one that is dropped (no new name) is no pointer any
/// more, and without its parent column there is no tree.
pub fn rename_columns(table: &TableName, changed: &[(&str, Option<&str>)]) {
    let [from, to]: [Vec<Option<&str>>; 2] = [
        changed.iter().map(|(old, _)| Some(*old)).collect(),
        changed.iter().map(|(_, new)| *new).collect(),
    ];
    let [schema_is, table_is] = query::table(table);
    let loses_parent = query::returning(
        "WITH names AS (
             SELECT t.table_schema, t.table_name, o.place,
                    CASE WHEN c.old IS NULL THEN o.name ELSE c.new END AS name
             FROM concord.trees t
             CROSS JOIN LATERAL (VALUES (1, t.parent), (2, t.first_child), (3, t.next),
                                        (4, t.prev)) o(place, name)
             LEFT JOIN ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4)) c(old, new)
                       ON c.old = o.name
             WHERE t.table_schema = $1 AND t.table_name = $2),
         now AS (
             SELECT n.table_schema, n.table_name,
                    pg_catalog.array_agg(n.name ORDER BY n.place) AS names
             FROM names n GROUP BY n.table_schema, n.table_name)
         UPDATE concord.trees t
         SET parent = COALESCE(now.names[1], t.parent), first_child = now.names[2],
             next = now.names[3], prev = now.names[4]
         FROM now WHERE (t.table_schema, t.table_name) = (now.table_schema, now.table_name)
         RETURNING now.names[1] IS NULL",
        &[schema_is, table_is, parameter(from), parameter(to)],
        |row| row.required(1),
    )
    .contains(&true);
    if loses_parent {
        forget(table);
    }
}
