//! A group's rows, many at a time. Where a group's writer had seen everything that is known here of a
//! record, the record's fold is the image that it left: no history need be read. Whatever is not so
//! plain is decided record by record.

use crate::error::{OrRaise, Result};
use crate::log::sql::{of_row, seen_of};
use crate::pg::attempt::{Failure, attempt};
use crate::pg::query::{self, Parameter, parameter};
use crate::sync::decide::pending;
use crate::sync::receive::waiting::seen;
use crate::sync::record::Record;
use crate::sync::show;
use crate::sync::table::batch::{self, Batch, Single};
use crate::sync::table::foreign_keys;
use crate::sync::table::target::Target;
use crate::types::parameter::{ulid, vector};
use concord_core::delivery::Group;
use concord_core::event::Vector;
use concord_core::names::TableName;
use concord_core::operation::Operation;
use std::collections::BTreeSet;

/// Events looked at together.
const BATCH: i64 = 1000;

/// The rows of one group on their way into the tables.
pub struct GroupRows<'a> {
    group: &'a Group,
    /// The records that need a decision of their own.
    careful: BTreeSet<Record>,
    /// Tables with rows that are not shown as their fold.
    unsettled: Vec<TableName>,
    single: Option<Single>,
}

/// A table with events in the group.
pub struct TouchedTable {
    /// The table.
    pub table: TableName,
    /// Its events' operations.
    pub operations: Vec<Operation>,
    /// A writer could not see what its row was missing.
    pub unseen: bool,
}

impl TouchedTable {
    fn has(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    fn deletes(&self) -> bool {
        self.has(Operation::Delete) || self.has(Operation::Truncate)
    }
}

/// Shows the rows of a group that has entered the log; returns how many conflicts are new. `single` is
/// the row of a group of one.
pub fn show_group(group: &Group, tables: &[TouchedTable], single: Option<Single>) -> Result<i64> {
    let unsettled = if pending::is_any()? { pending::tables() } else { Vec::new() };
    let mut rows = GroupRows { group, careful: BTreeSet::new(), unsettled, single };
    rows.write(tables)?;
    let mut unseen = Vector::default();
    unseen.raise(group.origin, group.first);
    let mut found = 0;
    let careful: Vec<Record> = rows.careful.into_iter().collect();
    for records in careful.chunks(BATCH as usize) {
        found += show::show_all(records, &unseen)?;
    }
    Ok(found)
}

/// Whether the log has row events that the group's writer had not seen.
fn is_concurrent(group: &Group) -> Result<bool> {
    let observed = |node| group.observed.as_ref().map_or(0, |observed| observed.of(node));
    for (node, last) in seen()?.iter() {
        if node == group.origin || last <= observed(node) {
            continue;
        }
        let unseen = query::exists(
            &format!(
                "SELECT FROM concord.change_events e
                 WHERE e.origin_node_id = $1 AND e.node_sequence > $2
                   AND {of_row} LIMIT 1",
                of_row = of_row("e")
            ),
            &[ulid(node), parameter(observed(node))],
        );
        if unseen {
            return Ok(true);
        }
    }
    Ok(false)
}

fn observed(group: &Group) -> Parameter {
    vector(group.observed.iter().flat_map(Vector::iter))
}

impl GroupRows<'_> {
    /// Writes what is plain, and notes what is not. To look for parents and children is to compare
    /// values, which can raise when the rows are written: then they are decided one by one.
    fn write(&mut self, tables: &[TouchedTable]) -> Result<()> {
        let mut related = false;
        for touched in tables {
            related |= match Target::find(&touched.table)? {
                Some(target) => target.constraints()?.has_foreign_keys(),
                None => false,
            };
        }
        if !related {
            return tables.iter().try_for_each(|touched| self.write_table(touched));
        }
        let written = attempt(
            || {
                tables.iter().try_for_each(|touched| self.write_table(touched)).or_raise();
                tables.iter().try_for_each(|touched| self.check_foreign_keys(touched)).or_raise();
            },
            Failure::is_of_the_data,
        );
        if written.is_err() {
            for touched in tables {
                for first in self.firsts() {
                    let ids = self.ids(touched, first);
                    self.add_careful(touched, ids);
                }
            }
        }
        Ok(())
    }

    /// The first numbers of the group's batches.
    fn firsts(&self) -> impl Iterator<Item = i64> + use<> {
        (self.group.first..self.group.first + self.group.size).step_by(BATCH as usize)
    }

    fn write_table(&mut self, touched: &TouchedTable) -> Result<()> {
        let target = Target::find(&touched.table)?;
        let plain = match &target {
            Some(target) => !touched.unseen && self.is_plain(target, touched)?,
            None => false,
        };
        for first in self.firsts() {
            match &target {
                Some(target) if plain => self.write_batch(touched, target, first)?,
                _ => {
                    let ids = self.ids(touched, first);
                    self.add_careful(touched, ids);
                }
            }
        }
        Ok(())
    }

    /// Whether rows of this table can be written without looking at others.
    fn is_plain(&self, target: &Target, touched: &TouchedTable) -> Result<bool> {
        let constraints = target.constraints()?;
        let unsettled = |table: &TableName| self.unsettled.contains(table);
        let key: Vec<&str> = target.tracked.key_columns().map(|c| c.name.as_str()).collect();
        let fixed = target.columns.iter().any(|c| c.fixed && !key.contains(&c.name.as_str()));
        let mut untracked = false;
        for child in &constraints.children {
            untracked |= Target::find(&child.child_name)?.is_none();
        }
        let special = unsettled(&target.table)
            || constraints.children.iter().any(|child| unsettled(&child.child_name))
            || constraints.has_deferrable()
            || fixed && touched.has(Operation::Update)
            || untracked && touched.deletes();
        Ok(!special)
    }

    fn add_careful(&mut self, touched: &TouchedTable, ids: Vec<String>) {
        let named = |record_id| Record { table: touched.table.clone(), record_id };
        self.careful.extend(ids.into_iter().map(named));
    }

    /// Where this batch's events are: parameters $1 to $5.
    fn place(&self, table: &TableName, first: i64) -> [Parameter; 5] {
        let last = (first + BATCH).min(self.group.first + self.group.size) - 1;
        let [schema, name] = query::table(table);
        [ulid(self.group.origin), parameter(first), parameter(last), schema, name]
    }

    fn ids(&self, touched: &TouchedTable, first: i64) -> Vec<String> {
        query::all(
            &format!(
                "SELECT DISTINCT e.record_id FROM concord.change_events e
                 WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
                   AND e.table_schema = $4 AND e.table_name = $5
                   AND {of_row}
                 ORDER BY e.record_id",
                of_row = of_row("e")
            ),
            &self.place(&touched.table, first),
            |row| row.required(1),
        )
    }

    fn write_batch(&mut self, touched: &TouchedTable, target: &Target, first: i64) -> Result<()> {
        let batch = match self.single.take() {
            Some(single) => Some(Batch::of(&single, target)),
            None => self.batch(target, first, &[]),
        };
        let Some(mut batch) = batch else { return Ok(()) };
        let mut odd = std::mem::take(&mut batch.odd);
        if !odd.is_empty() {
            match self.batch(target, first, &odd) {
                Some(rest) => batch = rest,
                None => {
                    self.add_careful(touched, odd);
                    return Ok(());
                }
            }
        }
        let written = attempt(
            || {
                batch::lock(target, &batch).or_raise();
                let unseen = self.unseen(target, first).or_raise();
                if unseen.is_empty() {
                    batch::write(target, &batch).or_raise();
                }
                unseen
            },
            Failure::is_of_the_data,
        );
        match written {
            Ok(unseen) if unseen.is_empty() => {}
            // Others' edits of some of the records: the rest is tried once more without them.
            Ok(unseen) => {
                odd.extend(unseen);
                if let Some(rest) = self.batch(target, first, &odd)
                    && attempt(|| batch::write(target, &rest).or_raise(), Failure::is_of_the_data)
                        .is_err()
                {
                    odd = self.ids(touched, first);
                }
            }
            Err(_) => odd = self.ids(touched, first),
        }
        self.add_careful(touched, odd);
        Ok(())
    }

    /// The last event of each record but those in `without`; `None` where there is no other.
    fn batch(&self, target: &Target, first: i64, without: &[String]) -> Option<Batch> {
        let [a, b, c, d, e] = self.place(&target.table, first);
        let names: Vec<&str> = target.tracked.columns.iter().map(|c| c.name.as_str()).collect();
        query::one(
            &format!(
                "SELECT COALESCE(array_agg(l.record_id) FILTER (WHERE l.kept), '{{}}'),
                        COALESCE(array_agg(l.new_values) FILTER (WHERE l.kept), '{{}}'),
                        COALESCE(array_agg(l.record_id) FILTER (WHERE NOT l.kept), '{{}}'),
                        count(*) FILTER (WHERE l.kept), count(*) FILTER (WHERE NOT l.kept),
                        COALESCE(bool_and(l.operation = 'INSERT'), true),
                        COALESCE(array_agg(l.record_id)
                                 FILTER (WHERE l.kept AND NOT (l.new_values ?& $7 AND l.new_values - $7 = '{{}}')), '{{}}')
                 FROM (SELECT DISTINCT ON (e.record_id) e.record_id, e.new_values, e.operation,
                              e.operation IN ('INSERT', 'UPDATE') AS kept
                       FROM concord.change_events e
                       WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
                         AND e.table_schema = $4 AND e.table_name = $5
                         AND {of_row}
                         AND NOT e.record_id = ANY ($6)
                       ORDER BY e.record_id, e.node_sequence DESC) l",
                of_row = of_row("e")
            ),
            &[a, b, c, d, e, parameter(without.to_vec()), parameter(names)],
            |row| {
                let (kept_count, gone_count): (i64, i64) = (row.required(4), row.required(5));
                (kept_count + gone_count > 0).then_some(())?;
                Some(Batch {
                    ids: row.varlena(1)?,
                    images: row.varlena(2)?,
                    gone: row.varlena(3)?,
                    kept_count,
                    gone_count,
                    inserts_only: row.required(6),
                    odd: row.required(7),
                })
            },
        )
        .flatten()
    }

    /// Records of this batch with events that the group's writer had not seen. Asked when their rows
    /// are locked: whoever held them has committed, and is seen.
    fn unseen(&self, target: &Target, first: i64) -> Result<Vec<String>> {
        if !is_concurrent(self.group)? {
            return Ok(Vec::new());
        }
        let [a, b, c, d, e] = self.place(&target.table, first);
        Ok(query::all(
            &format!(
                "SELECT DISTINCT e.record_id
                 FROM concord.change_events e
                 JOIN concord.change_events o
                   ON o.record_id = e.record_id AND o.table_name = e.table_name
                  AND o.table_schema = e.table_schema
                 WHERE e.origin_node_id = $1 AND e.node_sequence BETWEEN $2 AND $3
                   AND e.table_schema = $4 AND e.table_name = $5
                   AND {of_row_of_e}
                   AND {of_row_of_o}
                   AND o.origin_node_id <> $1
                   AND o.node_sequence > {seen}",
                of_row_of_e = of_row("e"),
                of_row_of_o = of_row("o"),
                seen = seen_of("$6", "o.origin_node_id::text")
            ),
            &[a, b, c, d, e, observed(self.group)],
            |row| row.required(1),
        ))
    }

    /// Children without parents, among the rows written and the children of those that went, are
    /// decided one by one.
    fn check_foreign_keys(&mut self, touched: &TouchedTable) -> Result<()> {
        let Some(target) = Target::find(&touched.table)? else { return Ok(()) };
        let constraints = target.constraints()?;
        for first in self.firsts() {
            let place = self.place(&touched.table, first);
            if !constraints.parents.is_empty() {
                let ids = self.ids(touched, first);
                let lacking = foreign_keys::lacking_among(&target, &ids)?;
                self.add_careful(touched, lacking);
            }
            if !constraints.children.is_empty()
                && (touched.deletes() || touched.has(Operation::Update))
            {
                self.careful.extend(foreign_keys::orphaned_by(&target, &place)?);
            }
        }
        Ok(())
    }
}
