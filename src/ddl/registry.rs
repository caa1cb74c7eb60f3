//! What was last seen of each tracked table (`concord._watched_tables`), and what there is now.

use crate::pg::query::{self, Row, parameter};
use concord_core::names::TableName;
use pgrx::pg_sys;

/// A tracked table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The table.
    pub relation: pg_sys::Oid,
    /// Its name.
    pub name: TableName,
    /// Why not every change is captured; empty where every change is.
    pub lacks: String,
    /// Why concord itself has disabled the triggers; empty where it has not.
    pub suspended: String,
    /// What the version trigger does: `none`, `enabled`, `disabled` or `limited`.
    pub versioning: String,
    /// The arguments of its triggers, as PostgreSQL keeps them.
    pub arguments: Vec<u8>,
    /// Its leaf partitions, or itself, that have had a trigger which captures TRUNCATE.
    pub equipped: Vec<pg_sys::Oid>,
    /// Its leaf partitions.
    pub partitions: Vec<pg_sys::Oid>,
    /// Their names, in the same order.
    pub partition_names: Vec<String>,
    /// The names of its columns by their numbers, dropped ones empty.
    pub columns: Vec<String>,
    /// The columns' types, with what the labels of enums are.
    pub types: Vec<String>,
    /// The columns of its primary key or replica identity.
    pub key: Vec<String>,
    /// The record key that its options name, if they do, was unique and NOT NULL.
    pub identifies: bool,
}

/// A tracked table as the catalogs have it.
#[derive(Debug, Clone)]
pub struct Present {
    /// What is compared.
    pub table: Watched,
    /// How many capture triggers it has.
    pub captures: i64,
    /// Some trigger of concord's, on it or a partition, does not fire under
    /// `session_replication_role = replica`.
    pub fires_sometimes: bool,
    /// It and all its partitions.
    pub members: Vec<pg_sys::Oid>,
}

impl Watched {
    /// What a column of the table, as it was seen, is called now; empty if it is gone.
    pub fn name_of(&self, column: &str, seen: &Watched) -> String {
        let number = seen.columns.iter().position(|name| name == column);
        number.and_then(|number| self.columns.get(number)).cloned().unwrap_or_default()
    }

    /// Its leaf partitions, with their names, that are not among those of `other`.
    pub fn partitions_without(&self, other: &Watched) -> Vec<(pg_sys::Oid, &str)> {
        let named = self.partitions.iter().zip(&self.partition_names);
        let only = named.filter(|(partition, _)| !other.partitions.contains(partition));
        only.map(|(partition, name)| (*partition, name.as_str())).collect()
    }
}

impl Present {
    /// What is to be remembered of the table, which was seen like this before and is suspended for this reason.
    pub fn following(mut self, seen: Option<&Watched>, suspended: &str) -> Watched {
        let table = &mut self.table;
        if let Some(seen) = seen {
            table.keep(seen);
        }
        if !suspended.is_empty() {
            suspended.clone_into(&mut table.lacks);
        }
        suspended.clone_into(&mut table.suspended);
        self.table
    }
}

impl Watched {
    /// Keeps what is gone from the catalogs: triggers that capture TRUNCATE, and the key.
    fn keep(&mut self, seen: &Watched) {
        let table = self;
        table.identifies = seen.identifies;
        if table.key.is_empty() {
            table.key = seen.key.iter().map(|column| table.name_of(column, seen)).collect();
        }
        let leaves = |leaf: &&pg_sys::Oid| {
            table.partitions.contains(leaf)
                || table.partitions.is_empty() && **leaf == table.relation
        };
        let lost: Vec<_> = seen
            .equipped
            .iter()
            .filter(leaves)
            .filter(|leaf| !table.equipped.contains(leaf))
            .copied()
            .collect();
        if !lost.is_empty() && table.lacks.is_empty() {
            table.lacks = "truncate trigger dropped".into();
        }
        table.equipped.extend(lost);
        table.equipped.sort_unstable_by_key(|leaf| leaf.to_u32());
    }
}

/// The tables with a capture trigger, as the catalogs have them now. No table is locked, since
/// somebody else's DDL may hold it.
const PRESENT: &str = "
    WITH RECURSIVE tracked AS MATERIALIZED (
        SELECT t.tgrelid AS relation, pg_catalog.count(*) AS captures,
               (pg_catalog.array_agg(t.tgargs ORDER BY t.tgname))[1] AS arguments
        FROM pg_catalog.pg_trigger t
        WHERE t.tgparentid = 0
          AND t.tgfoid = 'concord.capture_trigger()'::pg_catalog.regprocedure
        GROUP BY t.tgrelid),
    member(root, relation, is_leaf) AS (
        SELECT r.relation, r.relation, c.relkind = 'r'
        FROM tracked r JOIN pg_catalog.pg_class c ON c.oid = r.relation
        UNION
        SELECT m.root, i.inhrelid, c.relkind <> 'p'
        FROM member m
        JOIN pg_catalog.pg_inherits i ON i.inhparent = m.relation AND NOT i.inhdetachpending
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition),
    own AS MATERIALIZED (
        SELECT m.root, m.relation, t.tgname, t.tgargs, t.tgenabled,
               CASE t.tgfoid WHEN 'concord.capture_trigger()'::pg_catalog.regprocedure THEN 'capture'
                             WHEN 'concord.version_trigger()'::pg_catalog.regprocedure THEN 'version'
                             ELSE 'truncate' END AS kind,
               t.tgenabled IN ('A', 'O') AS enabled,
               t.tgqual IS NOT NULL OR t.tgattr <> ''
               OR t.tgtype & 60 <> CASE t.tgfoid
                      WHEN 'concord.capture_trigger()'::pg_catalog.regprocedure THEN 28
                      WHEN 'concord.version_trigger()'::pg_catalog.regprocedure THEN 20
                      ELSE 32 END AS limited
        FROM member m JOIN pg_catalog.pg_trigger t ON t.tgrelid = m.relation
        WHERE t.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                           'concord.version_trigger()'::pg_catalog.regprocedure,
                           'concord.truncate_trigger()'::pg_catalog.regprocedure)),
    summary AS (
        SELECT o.root,
               CASE WHEN pg_catalog.bool_or(o.kind <> 'version' AND NOT o.enabled)
                    THEN 'capture trigger disabled'
                    WHEN pg_catalog.bool_or(o.kind = 'capture' AND o.limited)
                    THEN 'capture trigger limited'
                    WHEN pg_catalog.bool_or(o.kind = 'truncate' AND o.limited)
                    THEN 'truncate trigger limited'
                    ELSE '' END AS lacks,
               CASE WHEN pg_catalog.bool_or(o.kind = 'version' AND NOT o.enabled) THEN 'disabled'
                    WHEN pg_catalog.bool_or(o.kind = 'version' AND o.limited) THEN 'limited'
                    WHEN pg_catalog.bool_or(o.kind = 'version') THEN 'enabled'
                    ELSE 'none' END AS versioning,
               COALESCE((pg_catalog.array_agg(o.tgargs ORDER BY o.tgname)
                         FILTER (WHERE o.kind = 'version' AND o.relation = o.root))[1], '')
                   AS version_arguments,
               COALESCE(pg_catalog.array_agg(DISTINCT o.relation)
                        FILTER (WHERE o.kind = 'truncate'), '{}') AS equipped,
               pg_catalog.bool_or(o.tgenabled = 'O') AS fires_sometimes
        FROM own o GROUP BY o.root),
    tree AS (
        SELECT m.root, pg_catalog.array_agg(m.relation ORDER BY m.relation) AS members,
               COALESCE(pg_catalog.array_agg(m.relation ORDER BY m.relation) FILTER (WHERE p.counts), '{}')
                   AS partitions,
               COALESCE(pg_catalog.array_agg(c.relname::text ORDER BY m.relation) FILTER (WHERE p.counts), '{}')
                   AS partition_names
        FROM member m JOIN pg_catalog.pg_class c ON c.oid = m.relation
        CROSS JOIN LATERAL (SELECT m.is_leaf AND m.relation <> m.root AS counts) p
        GROUP BY m.root),
    present AS (
    SELECT c.oid AS relation, n.nspname::text AS table_schema, c.relname::text AS table_name,
           s.lacks, '' AS suspended, s.versioning,
           r.arguments || s.version_arguments AS arguments, s.equipped, e.partitions,
           e.partition_names,
           ARRAY(SELECT CASE WHEN a.attisdropped THEN '' ELSE a.attname::text END
                 FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns,
           ARRAY(SELECT CASE WHEN a.attisdropped THEN '' ELSE pg_catalog.concat_ws(' ',
                            a.atttypid, a.atttypmod,
                            (SELECT pg_catalog.string_agg(l.enumlabel, ' ' ORDER BY l.enumsortorder)
                             FROM pg_catalog.pg_enum l
                             WHERE l.enumtypid IN (y.oid, y.typbasetype, y.typelem))) END
                 FROM pg_catalog.pg_attribute a
                 LEFT JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
                 WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS types,
           ARRAY(SELECT a.attname::text
                 FROM (SELECT i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i
                       WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)
                       ORDER BY i.indisprimary DESC LIMIT 1) i
                 CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[])
                                    WITH ORDINALITY k(number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                 WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS key,
           false AS identifies, r.captures, s.fires_sometimes, e.members
    FROM tracked r
    JOIN pg_catalog.pg_class c ON c.oid = r.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN summary s ON s.root = r.relation
    JOIN tree e ON e.root = r.relation)
    SELECT p.relation, p.table_schema, p.table_name, p.lacks, p.suspended, p.versioning,
           p.arguments, p.equipped, p.partitions, p.partition_names, p.columns, p.types, p.key, p.identifies,
           p.captures, p.fires_sometimes, p.members,
           w.relation, w.table_schema, w.table_name, w.lacks, w.suspended, w.versioning,
           w.arguments, w.equipped, w.partitions, w.partition_names, w.columns, w.types, w.key,
           w.identifies
    FROM present p FULL JOIN concord._watched_tables w ON w.relation = p.relation
    ORDER BY COALESCE(p.relation, w.relation)";

/// A table as it was when last looked at, if it was tracked, and as it is, if it is.
pub struct Pair {
    /// As it was.
    pub seen: Option<Watched>,
    /// As it is.
    pub now: Option<Present>,
}

impl Pair {
    /// The table.
    pub fn relation(&self) -> pg_sys::Oid {
        let now = self.now.as_ref().map(|now| now.table.relation);
        now.or(self.seen.as_ref().map(|seen| seen.relation)).unwrap_or(pg_sys::Oid::INVALID)
    }

    /// Whether it is as it was, and as it should be.
    pub fn is_settled(&self) -> bool {
        match (&self.seen, &self.now) {
            (Some(seen), Some(now)) => {
                seen.suspended.is_empty()
                    && !now.fires_sometimes
                    && now.clone().following(Some(seen), &seen.suspended) == *seen
            }
            _ => false,
        }
    }
}

/// All tables that are or were tracked, both sides under one snapshot: what another transaction has done
/// to a table and noted itself is no difference.
pub fn pairs() -> Vec<Pair> {
    query::all(PRESENT, &[], |row| Pair {
        now: watched(row, 0).map(|table| Present {
            table,
            captures: row.required(15),
            fires_sometimes: row.required(16),
            members: row.required(17),
        }),
        seen: watched(row, 17),
    })
}

/// One of them, if it is or was tracked.
pub fn pair(relation: pg_sys::Oid) -> Pair {
    let found = pairs().into_iter().find(|pair| pair.relation() == relation);
    found.unwrap_or(Pair { seen: None, now: None })
}

fn watched(row: &Row, before: i32) -> Option<Watched> {
    Some(Watched {
        relation: row.get(before + 1)?,
        name: row.table(before + 2),
        lacks: row.required(before + 4),
        suspended: row.required(before + 5),
        versioning: row.required(before + 6),
        arguments: row.required(before + 7),
        equipped: row.required(before + 8),
        partitions: row.required(before + 9),
        partition_names: row.required(before + 10),
        columns: row.required(before + 11),
        types: row.required(before + 12),
        key: row.required(before + 13),
        identifies: row.required(before + 14),
    })
}

/// Remembers a table as it is.
pub fn remember(table: &Watched) {
    let [schema, name] = query::table(&table.name);
    query::run(
        "INSERT INTO concord._watched_tables
             (relation, table_schema, table_name, lacks, suspended, versioning, arguments, equipped,
              partitions, partition_names, columns, types, key, identifies)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (relation) DO UPDATE
         SET table_schema = excluded.table_schema, table_name = excluded.table_name,
             lacks = excluded.lacks, suspended = excluded.suspended,
             versioning = excluded.versioning, arguments = excluded.arguments,
             equipped = excluded.equipped, partitions = excluded.partitions,
             partition_names = excluded.partition_names, columns = excluded.columns,
             types = excluded.types, key = excluded.key, identifies = excluded.identifies",
        &[
            parameter(table.relation),
            schema,
            name,
            parameter(table.lacks.as_str()),
            parameter(table.suspended.as_str()),
            parameter(table.versioning.as_str()),
            parameter(table.arguments.clone()),
            parameter(table.equipped.clone()),
            parameter(table.partitions.clone()),
            parameter(table.partition_names.clone()),
            parameter(table.columns.clone()),
            parameter(table.types.clone()),
            parameter(table.key.clone()),
            parameter(table.identifies),
        ],
    );
}

/// Forgets a table.
pub fn forget(relation: pg_sys::Oid) {
    query::run("DELETE FROM concord._watched_tables WHERE relation = $1", &[parameter(relation)]);
}
