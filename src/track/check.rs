//! What can be tracked, and with which options.

use crate::error::{Error, Result};
use crate::pg::catalog::qualified_name;
use crate::pg::query::{self, parameter};
use concord_core::options::Options;
use pgrx::{PgSqlErrorCode, pg_sys};

/// A relation as the checks see it.
struct Facts {
    name: String,
    kind: String,
    persistence: String,
    is_partition: bool,
    inherits: bool,
    owned: bool,
    schema: String,
}

fn facts(relation: pg_sys::Oid) -> Result<Facts> {
    let facts = query::one(
        "SELECT c.relkind::text, c.relpersistence::text, c.relispartition,
                NOT c.relispartition AND c.relkind <> 'p' AND EXISTS (
                    SELECT FROM pg_catalog.pg_inherits i
                    WHERE i.inhparent = c.oid OR i.inhrelid = c.oid),
                pg_catalog.pg_has_role(c.relowner, 'USAGE'), n.nspname::text
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = $1",
        &[parameter(relation)],
        |row| Facts {
            name: String::new(),
            kind: row.required(1),
            persistence: row.required(2),
            is_partition: row.required(3),
            inherits: row.required(4),
            owned: row.required(5),
            schema: row.required(6),
        },
    );
    let mut facts = facts.ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
            format!("relation with OID {} does not exist", relation.to_u32()),
        )
        .hint("Specify the table by name.")
    })?;
    facts.name = qualified_name(relation);
    Ok(facts)
}

/// Refuses what is no ordinary, logged table of the caller's. 42P01, 42501, 0A000.
pub fn relation(relation: pg_sys::Oid) -> Result<String> {
    let facts = facts(relation)?;
    let name = &facts.name;
    if !facts.owned {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("must be owner of table {name}"),
        )
        .hint("Ask its owner or a superuser to track it."));
    }
    let refuse = |what: &str, hint: &str| {
        Err(Error::unsupported(format!("cannot track {name}: {what}")).hint(hint))
    };
    const SUPPORTED: &str = "Only ordinary and partitioned tables can be tracked.";
    match facts.kind.as_str() {
        "r" | "p" => {}
        "v" => return refuse("it is a view", "Track the tables that the view reads."),
        "m" => {
            return refuse("it is a materialized view", "Track the tables that it reads.");
        }
        "f" => {
            return refuse("it is a foreign table", "Track the table on its own server.");
        }
        _ => return refuse("it is not a table", SUPPORTED),
    }
    match facts.persistence.as_str() {
        "t" => {
            return refuse("it is a temporary table", "Only permanent tables can be tracked.");
        }
        "u" => {
            return refuse(
                "it is an unlogged table",
                "Its events would survive a crash, but its rows would not. Use ALTER TABLE ... SET LOGGED first.",
            );
        }
        _ => {}
    }
    if facts.is_partition {
        return refuse("it is a partition", "Track the partitioned table that it belongs to.");
    }
    if facts.inherits {
        return refuse(
            "it takes part in table inheritance",
            "Row triggers are not inherited. Use declarative partitioning, or separate tables.",
        );
    }
    if facts.schema == "concord" || facts.schema == "pg_catalog" {
        return refuse("it is a system table", SUPPORTED);
    }
    Ok(facts.name)
}

/// A column's part in the checks.
struct ColumnFacts {
    name: String,
    not_null: bool,
    has_default: bool,
}

fn columns(relation: pg_sys::Oid) -> Vec<ColumnFacts> {
    query::all(
        "SELECT attname::text, attnotnull, atthasdef OR attidentity <> ''
         FROM pg_catalog.pg_attribute
         WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        &[parameter(relation)],
        |row| ColumnFacts {
            name: row.required(1),
            not_null: row.required(2),
            has_default: row.required(3),
        },
    )
}

/// Whether the table has a column of this name.
pub fn has_column(relation: pg_sys::Oid, name: &str) -> bool {
    columns(relation).iter().any(|column| column.name == name)
}

/// Checks of the options that need the catalogs: 22023, 55000. Unknown columns have been refused.
pub fn options(relation: pg_sys::Oid, options: &Options) -> Result<()> {
    let columns = columns(relation);
    for column in columns.iter().filter(|column| options.redact.contains(&column.name)) {
        let name = &column.name;
        if column.not_null && !column.has_default && !options.redact_default.contains_key(name) {
            return Err(Error::invalid_argument(format!(
                "redacted column \"{name}\" is NOT NULL and has no default"
            ))
            .detail("Rows inserted on other nodes would have no value for it.")
            .hint(
                "Specify one with redact_default, as in redact_default => '{\"".to_owned()
                    + name
                    + "\": \"!\"}'.",
            ));
        }
    }
    for name in options.redact_default.keys() {
        if !options.redact.contains(name) {
            return Err(Error::invalid_argument(format!(
                "redact_default contains column \"{name}\", which is not redacted"
            ))
            .hint("Add the column to redact, or remove it from redact_default."));
        }
    }
    key(relation, options)
}

/// Whether a record key that the options name identifies: 55000.
pub fn key(relation: pg_sys::Oid, options: &Options) -> Result<()> {
    match &options.record_key {
        Some(key) => record_key(relation, key, &columns(relation)),
        None => Ok(()),
    }
}

/// A record key must identify: all columns NOT NULL, and a unique index over just them.
fn record_key(relation: pg_sys::Oid, key: &[String], columns: &[ColumnFacts]) -> Result<()> {
    if let Some(column) = columns.iter().find(|c| key.contains(&c.name) && !c.not_null) {
        return Err(Error::wrong_state(format!(
            "column \"{}\" of the record key can be null",
            column.name
        ))
        .hint("Use ALTER TABLE ... ALTER COLUMN ... SET NOT NULL first, or choose another key."));
    }
    let unique = query::exists(
        "SELECT FROM pg_catalog.pg_index i
         WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indisvalid
           AND i.indpred IS NULL AND i.indexprs IS NULL
           AND ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = $1
                       AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) ORDER BY 1)
               = ARRAY(SELECT k FROM pg_catalog.unnest($2) k ORDER BY 1)
         LIMIT 1",
        &[parameter(relation), parameter(key.to_vec())],
    );
    if unique {
        return Ok(());
    }
    Err(Error::wrong_state(format!("record_key ({}) is not unique", key.join(", ")))
        .hint("Create a unique index on exactly these columns, or choose another key."))
}
