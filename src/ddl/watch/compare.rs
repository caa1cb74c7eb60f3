//! What is different about a tracked table, told to all nodes.

use super::settle::renamed;
use super::touched::Touched;
use crate::ddl::note::note;
use crate::ddl::options::{changed_options, stored_options};
use crate::ddl::registry::{self, Watched};
use crate::ddl::windows;
use crate::error::Result;
use crate::pg::relation::cached_name;
use crate::{track, tree};
use serde_json::{Value, json};

/// A table before and after a command, and how much of the difference has been noted.
struct Comparison<'a> {
    command: &'a str,
    seen: &'a Watched,
    now: &'a Watched,
    noted: bool,
}

/// Notes what is different.
pub fn compare(touched: &Touched, seen: &Watched, now: &Watched) -> Result<()> {
    let mut comparison = Comparison { command: touched.command, seen, now, noted: false };
    comparison.names()?;
    comparison.capture()?;
    comparison.options()?;
    comparison.versioning()?;
    comparison.key()?;
    comparison.partitions(touched)?;
    let has_other_columns = (&seen.columns, &seen.types) != (&now.columns, &now.types);
    let is_named = touched.command == "ALTER TABLE" && touched.relations.contains(&now.relation);
    if !comparison.noted && (has_other_columns || is_named) {
        comparison.note("altered", json!({}))?;
    }
    if seen != now {
        registry::remember(now);
    }
    Ok(())
}

/// How a DDL event calls that not every change is captured any more.
pub fn loss(table: &Watched) -> &'static str {
    match table.lacks.as_str() {
        "capture trigger disabled" => "capture disabled",
        "capture trigger limited" => "capture limited",
        "truncate trigger dropped" => "capture of TRUNCATE dropped",
        "truncate trigger limited" => "capture of TRUNCATE limited",
        _ => "capture suspended",
    }
}

impl Comparison<'_> {
    fn note(&mut self, change: &str, more: Value) -> Result<()> {
        let mut what = json!({"command": self.command, "change": change});
        if let (Value::Object(what), Value::Object(more)) = (&mut what, more) {
            what.extend(more);
        }
        self.noted = true;
        note(self.now, what)
    }

    fn names(&mut self) -> Result<()> {
        let (seen, now) = (self.seen, self.now);
        if seen.name == now.name {
            return Ok(());
        }
        windows::rename(&seen.name, &now.name);
        tree::rename(&seen.name, &now.name);
        self.note("renamed", json!({"renamed_from": [seen.name.schema, seen.name.name]}))
    }

    fn capture(&mut self) -> Result<()> {
        let (seen, now) = (self.seen, self.now);
        if seen.lacks == now.lacks {
            return Ok(());
        }
        let was_open = windows::close(&now.name);
        if now.lacks.is_empty() {
            return if was_open { self.note("capture enabled", json!({})) } else { Ok(()) };
        }
        windows::open(&now.name, &now.lacks);
        let more = match now.suspended.is_empty() {
            true => json!({}),
            false => json!({"reason": now.suspended}),
        };
        self.note(loss(now), more)
    }

    /// Columns that were renamed or dropped are no news of the options.
    fn options(&mut self) -> Result<()> {
        let (seen, now) = (self.seen, self.now);
        let (Ok(before), Ok(after)) =
            (stored_options(&seen.arguments), stored_options(&now.arguments))
        else {
            return Ok(());
        };
        match changed_options(&before.with_renamed_columns(&renamed(seen, now)), &after) {
            Some(options) => self.note("options changed", json!({"options": options})),
            None => Ok(()),
        }
    }

    fn versioning(&mut self) -> Result<()> {
        let change = match (self.seen.versioning.as_str(), self.now.versioning.as_str()) {
            (before, now) if before == now => return Ok(()),
            // Made after the capture trigger, or switched off with it.
            ("none", "enabled") => return Ok(()),
            (_, "enabled") if !self.seen.lacks.is_empty() => return Ok(()),
            (_, "disabled") if !self.now.lacks.is_empty() => return Ok(()),
            (_, "enabled") => "versions enabled",
            (_, "disabled") => "versions disabled",
            (_, "limited") => "versions limited",
            _ if self.drops_version_column() => return Ok(()),
            _ => "versions dropped",
        };
        self.note(change, json!({}))
    }

    fn drops_version_column(&self) -> bool {
        renamed(self.seen, self.now).iter().any(|(_, new)| new.is_none())
    }

    /// Records are called by another key from now on.
    fn key(&mut self) -> Result<()> {
        let (seen, now) = (self.seen, self.now);
        let before: Vec<String> = seen.key.iter().map(|column| now.name_of(column, seen)).collect();
        let has_own = stored_options(&now.arguments).is_ok_and(|o| o.record_key.is_some());
        if before == now.key || !now.suspended.is_empty() || seen.key.is_empty() || has_own {
            return Ok(());
        }
        self.note("key changed", json!({"key": now.key, "former_key": seen.key}))
    }

    /// Rows that come or go with a partition are not captured row by row.
    fn partitions(&mut self, touched: &Touched) -> Result<()> {
        let (seen, now) = (self.seen, self.now);
        let gone = seen.partitions_without(now);
        for (partition, _) in gone.iter().filter(|(partition, _)| cached_name(*partition).is_some())
        {
            track::remove(*partition);
        }
        // A partition that was just created holds no rows yet.
        let attached = now
            .partitions_without(seen)
            .into_iter()
            .filter(|(partition, _)| !touched.created.contains(partition))
            .map(|(_, name)| ("partition attached", name));
        let gone = gone.into_iter().map(|(_, name)| ("partition detached or dropped", name));
        for (change, partition) in attached.chain(gone) {
            windows::note(&now.name, change);
            self.note(change, json!({"partition": partition}))?;
        }
        // Created ones need no note of their own.
        self.noted |= seen.partitions != now.partitions;
        Ok(())
    }
}
