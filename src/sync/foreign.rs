//! Foreign keys after other nodes' changes: no row is shown whose parent is not. The triggers that
//! keep foreign keys are silent while events are applied, so this looks itself: at the rows that a
//! group changed, and at the children of those that went.

#![allow(unsafe_code)]

use super::rows::Record;
use super::show::{Gone, hide};
use super::statements::{Target, type_name_of};
use crate::capture::current::{ROW, key_condition, key_parameters, key_values, record_id_of};
use crate::error::Result;
use crate::pg::query::{self, parameter};
use crate::track::{names_of, qualified_name};
use concord_core::names::{quote_identifier, quote_literal};
use pgrx::{JsonB, pg_sys};
use std::collections::VecDeque;

/// A foreign key: its child columns with the parent columns that they refer to.
#[derive(Clone)]
struct ForeignKey {
    name: String,
    child: pg_sys::Oid,
    parent: pg_sys::Oid,
    columns: Vec<String>,
    referred: Vec<String>,
}

/// Takes out of the tables, and sets aside as pending, every row among `shown` whose parent is
/// missing and every child of a row among `gone`; then their children, until none is left.
pub fn settle(shown: &[Record], gone: Vec<Gone>) -> Result<()> {
    let mut gone = VecDeque::from(gone);
    for record in shown {
        if let Some(key) = missing_parent(record)? {
            gone.extend(hide(record, &key.obstacle())?);
        }
    }
    while let Some(lost) = gone.pop_front() {
        for (record, key) in orphans(&lost)? {
            gone.extend(hide(&record, &key.obstacle())?);
        }
    }
    Ok(())
}

/// The first foreign key of the record's row that leads nowhere.
fn missing_parent(record: &Record) -> Result<Option<ForeignKey>> {
    let Some(target) = Target::find(&record.schema, &record.table)? else { return Ok(None) };
    let keys = key_parameters(&key_values(&target.tracked, &record.record_id)?);
    for foreign_key in foreign_keys("conrelid", target.tracked.root) {
        let mut missing = false;
        let condition = key_condition(&target.tracked, 1);
        let broken = foreign_key.broken();
        let sql = format!("SELECT FROM {} {ROW} WHERE {condition} AND {broken}", target.name);
        query::read_latest(&sql, &keys, |_| missing = true);
        if missing {
            return Ok(Some(foreign_key));
        }
    }
    Ok(None)
}

/// Rows that referred to one that is gone, and now refer to none.
fn orphans(lost: &Gone) -> Result<Vec<(Record, ForeignKey)>> {
    let mut orphans = Vec::new();
    for foreign_key in foreign_keys("confrelid", lost.relation) {
        let Some((schema, table)) = names_of(foreign_key.child) else { continue };
        let Some(target) = Target::find(&schema, &table)? else { continue };
        let (refers, broken) = (foreign_key.refers_to_image(), foreign_key.broken());
        let sql = format!("SELECT {ROW} FROM {} {ROW} WHERE {refers} AND {broken}", target.name);
        let mut ids = Vec::new();
        query::read_latest(&sql, &[parameter(JsonB(lost.image.clone()))], |row| {
            // SAFETY: the column is the whole row of the tracked table.
            ids.push(unsafe { record_id_of(&target.tracked, row.datum(1)) });
        });
        for id in ids {
            let record = Record { schema: schema.clone(), table: table.clone(), record_id: id? };
            orphans.push((record, foreign_key.clone()));
        }
    }
    Ok(orphans)
}

/// The foreign keys of a table, as child (`conrelid`) or as parent (`confrelid`).
fn foreign_keys(side: &str, relation: pg_sys::Oid) -> Vec<ForeignKey> {
    let mut keys = Vec::new();
    let sql = format!(
        "SELECT k.conname::text, k.conrelid, k.confrelid,
                ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                      ORDER BY u.i),
                ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(n, i)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
                      ORDER BY u.i)
         FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'f' AND k.conparentid = 0 AND k.{side} = $1
         ORDER BY k.conname"
    );
    query::read_latest(&sql, &[parameter(relation)], |row| {
        keys.push(ForeignKey {
            name: row.required(1),
            child: row.required(2),
            parent: row.required(3),
            columns: row.required(4),
            referred: row.required(5),
        });
    });
    keys
}

impl ForeignKey {
    fn obstacle(&self) -> String {
        format!("foreign key \"{}\" finds no row in {}", self.name, qualified_name(self.parent))
    }

    /// No column of the row is null, and no parent has these values.
    fn broken(&self) -> String {
        let given =
            self.columns.iter().map(|c| format!("{ROW}.{} IS NOT NULL", quote_identifier(c)));
        let pairs = self.columns.iter().zip(&self.referred).map(|(column, referred)| {
            let (column, referred) = (quote_identifier(column), quote_identifier(referred));
            format!("p.{referred} = {ROW}.{column}")
        });
        format!(
            "{} AND NOT EXISTS (SELECT FROM {} p WHERE {})",
            given.collect::<Vec<_>>().join(" AND "),
            qualified_name(self.parent),
            pairs.collect::<Vec<_>>().join(" AND ")
        )
    }

    /// The row refers to the parent whose image is `$1`.
    fn refers_to_image(&self) -> String {
        let pairs = self.columns.iter().zip(&self.referred).map(|(column, referred)| {
            let type_name = type_name_of(self.parent, referred);
            let (column, referred) = (quote_identifier(column), quote_literal(referred));
            format!("{ROW}.{column} = ($1 OPERATOR(pg_catalog.->>) {referred})::{type_name}")
        });
        pairs.collect::<Vec<_>>().join(" AND ")
    }
}
