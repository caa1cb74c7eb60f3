//! What was last seen of each tracked table (`concord._watched_tables`), and what there is now.

use crate::pg::query::{self, parameter};
use concord_core::names::TableName;
use pgrx::pg_sys;

/// A tracked table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The table.
    pub relation: pg_sys::Oid,
    /// Its name.
    pub name: TableName,
    /// All its triggers that capture fire, those of its partitions too.
    pub capturing: bool,
    /// It has, or its partitions have, the trigger that captures TRUNCATE.
    pub truncating: bool,
    /// Its leaf partitions.
    pub partitions: Vec<pg_sys::Oid>,
    /// Their names, in the same order.
    pub partition_names: Vec<String>,
    /// The names of its columns by their numbers, dropped ones empty.
    pub columns: Vec<String>,
}

impl Watched {
    /// Its leaf partitions, with their names, that are not among those of `other`.
    pub fn partitions_without(&self, other: &Watched) -> Vec<(pg_sys::Oid, &str)> {
        let named = self.partitions.iter().zip(&self.partition_names);
        let only = named.filter(|(partition, _)| !other.partitions.contains(partition));
        only.map(|(partition, name)| (*partition, name.as_str())).collect()
    }
}

/// Tables of which some trigger that captures does not fire under
/// `session_replication_role = replica`.
pub fn fire_sometimes() -> Vec<pg_sys::Oid> {
    query::all(
        "SELECT DISTINCT t.tgrelid FROM pg_catalog.pg_trigger t
         WHERE t.tgparentid = 0 AND t.tgenabled = 'O'
           AND t.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                            'concord.version_trigger()'::pg_catalog.regprocedure,
                            'concord.truncate_trigger()'::pg_catalog.regprocedure)",
        &[],
        |row| row.required(1),
    )
}

/// The tables with a capture trigger, as the catalogs have them now.
const PRESENT: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text,
           NOT EXISTS (
               SELECT FROM pg_catalog.pg_trigger x
               WHERE x.tgrelid IN (SELECT c.oid UNION ALL
                                   SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p)
                 AND x.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                                  'concord.truncate_trigger()'::pg_catalog.regprocedure)
                 AND x.tgenabled NOT IN ('A', 'O')),
           EXISTS (
               SELECT FROM pg_catalog.pg_trigger x
               WHERE x.tgrelid IN (SELECT c.oid UNION ALL
                                   SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p)
                 AND x.tgfoid = 'concord.truncate_trigger()'::pg_catalog.regprocedure),
           ARRAY(SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(c.oid) p
                 WHERE p.isleaf AND p.relid <> c.oid ORDER BY 1),
           ARRAY(SELECT l.relname::text FROM pg_catalog.pg_partition_tree(c.oid) p
                 JOIN pg_catalog.pg_class l ON l.oid = p.relid
                 WHERE p.isleaf AND p.relid <> c.oid ORDER BY p.relid::oid),
           ARRAY(SELECT CASE WHEN a.attisdropped THEN '' ELSE a.attname::text END
                 FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE t.tgparentid = 0
      AND t.tgfoid = 'concord.capture_trigger()'::pg_catalog.regprocedure
    ORDER BY c.oid";

const SEEN: &str = "
    SELECT relation, table_schema, table_name, capturing, truncating, partitions, partition_names,
           columns
    FROM concord._watched_tables ORDER BY relation";

/// The tracked tables as they are.
pub fn present() -> Vec<Watched> {
    read(PRESENT)
}

/// The tracked tables as they were when last looked at.
pub fn seen() -> Vec<Watched> {
    read(SEEN)
}

fn read(sql: &str) -> Vec<Watched> {
    query::all(sql, &[], |row| Watched {
        relation: row.required(1),
        name: row.table(2),
        capturing: row.required(4),
        truncating: row.required(5),
        partitions: row.required(6),
        partition_names: row.required(7),
        columns: row.required(8),
    })
}

/// Remembers a table as it is.
pub fn remember(table: &Watched) {
    let [schema, name] = query::table(&table.name);
    query::run(
        "INSERT INTO concord._watched_tables
             (relation, table_schema, table_name, capturing, truncating, partitions,
              partition_names, columns)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (relation) DO UPDATE
         SET table_schema = excluded.table_schema, table_name = excluded.table_name,
             capturing = excluded.capturing, truncating = excluded.truncating,
             partitions = excluded.partitions, partition_names = excluded.partition_names,
             columns = excluded.columns",
        &[
            parameter(table.relation),
            schema,
            name,
            parameter(table.capturing),
            parameter(table.truncating),
            parameter(table.partitions.clone()),
            parameter(table.partition_names.clone()),
            parameter(table.columns.clone()),
        ],
    );
}

/// Takes a table that `track` has just set up as it is.
pub fn adopt(relation: pg_sys::Oid) {
    let is_new = seen().iter().all(|table| table.relation != relation);
    if let Some(table) = present().iter().find(|table| table.relation == relation) {
        super::windows::close(&table.name);
        if is_new {
            super::windows::note_untracked(&table.name);
        }
        remember(table);
    }
}

/// A table that is not tracked any more: what was known of it.
pub fn release(relation: pg_sys::Oid) -> Option<Watched> {
    let table = seen().into_iter().find(|table| table.relation == relation)?;
    super::windows::close(&table.name);
    crate::tree::forget(&table.name);
    forget(relation);
    Some(table)
}

/// Forgets a table.
pub fn forget(relation: pg_sys::Oid) {
    query::run("DELETE FROM concord._watched_tables WHERE relation = $1", &[parameter(relation)]);
}
