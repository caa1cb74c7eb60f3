//! Deferrable triggers of a table's owner that fire while events are applied. At the end of the transaction they would run
//! with the rights of whoever applies, which a security-restricted operation refuses. So they fire at once, as the owner.

use crate::error::{Error, Result};
use crate::pg::query::{self, parameter};
use crate::pg::relation::has_pending_triggers;
use concord_core::names::quote_identifier;
use pgrx::pg_sys;

/// A name that SET CONSTRAINTS knows.
pub struct Deferrable {
    /// Schema-qualified and quoted.
    name: String,
    /// Other tables of the schema with a constraint of the same name.
    namesakes: Vec<pg_sys::Oid>,
}

/// When a trigger fires, as `pg_trigger.tgenabled` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firing {
    /// While ordinary triggers are silent.
    Silenced,
    /// While they are not.
    Ordinary,
}

/// The deferrable constraints of a table and its partitions that have a trigger which fires. Any user may ask.
pub fn deferrable(root: pg_sys::Oid, firing: Firing) -> Vec<Deferrable> {
    let enabled = match firing {
        Firing::Silenced => ["A", "R"],
        Firing::Ordinary => ["A", "O"],
    };
    query::all(
        "WITH tree AS (
             SELECT $1 AS relid
             UNION SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) p)
         SELECT n.nspname::text, k.conname::text,
                ARRAY(SELECT s.conrelid FROM pg_catalog.pg_constraint s
                      WHERE s.conname = k.conname AND s.connamespace = k.connamespace AND s.condeferrable
                        AND s.conrelid NOT IN (SELECT t.relid FROM tree t))
         FROM (SELECT DISTINCT c.conname, c.connamespace
               FROM pg_catalog.pg_trigger g
               JOIN pg_catalog.pg_constraint c ON c.oid = g.tgconstraint
               WHERE g.tgrelid IN (SELECT t.relid FROM tree t) AND g.tgdeferrable
                 AND g.tgenabled::text = ANY ($2)) k
         JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace ORDER BY 1, 2",
        &[parameter(root), parameter(enabled.map(str::to_owned).to_vec())],
        |row| {
            let (schema, name): (String, String) = (row.required(1), row.required(2));
            Deferrable {
                name: format!("{}.{}", quote_identifier(&schema), quote_identifier(&name)),
                namesakes: row.required(3),
            }
        },
    )
}

/// Lets them fire at the end of each statement; called as the owner. What the caller's transaction has prepared for another
/// table under one of these names would fire too, and with the owner's rights: 55000.
pub fn fire_at_once(deferrable: &[Deferrable]) -> Result<()> {
    if deferrable.is_empty() {
        return Ok(());
    }
    if deferrable.iter().any(|d| d.namesakes.iter().any(|oid| has_pending_triggers(*oid))) {
        return Err(Error::wrong_state(
            "cannot write the row while the transaction has pending trigger events of another table",
        )
        .detail("A deferred constraint of that table has the name of one of this table.")
        .hint("Apply events in a transaction of their own."));
    }
    let names: Vec<&str> = deferrable.iter().map(|d| d.name.as_str()).collect();
    query::run(&format!("SET CONSTRAINTS {} IMMEDIATE", names.join(", ")), &[]);
    Ok(())
}
