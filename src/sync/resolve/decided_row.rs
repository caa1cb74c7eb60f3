//! The row that somebody decided on, from the images of a conflict to the table and the log.

use crate::error::{Error, Result};
use crate::log::{self, Written};
use crate::sync::record::State;
use crate::sync::resolve::NotedConflict;
use crate::sync::show::revive;
use crate::sync::table::foreign_keys::{self, parent_of};
use crate::sync::table::row::{self, Current};
use crate::sync::table::target::Target;
use crate::version;
use concord_core::resolution::Keep;
use concord_core::word::Word;
use pgrx::PgSqlErrorCode;
use serde_json::{Map, Value, json};
use std::rc::Rc;

impl NotedConflict {
    /// The image that a decision starts from; `None` for no row.
    pub fn kept(
        &self,
        keep: Keep,
        current: Option<&Current>,
        state: Option<&State>,
    ) -> Option<Map<String, Value>> {
        let shown = || current.map(|current| current.image.clone());
        let meant = || state.map(|state| state.image.clone());
        match (self.kind.follows_a_state(), keep) {
            // The record that is set aside is given up.
            (true, Keep::Local) => None,
            (true, _) => meant(),
            (false, Keep::Local) => self.local.clone(),
            (false, Keep::Remote) => self.remote.clone(),
            (false, Keep::Merged) => shown().or_else(meant),
        }
    }

    /// The image with other values in some columns. 42703 for a column that the table lacks.
    pub fn changed(
        &self,
        target: &Target,
        mut image: Map<String, Value>,
        values: &Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        for (name, value) in values {
            if !target.settable(None).any(|column| column.name == *name) {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                    format!(
                        "row_values contain column \"{name}\", which is not in images of {}",
                        target.name
                    ),
                )
                .hint("Use the column names that concord.conflict_diff() shows."));
            }
            let is_key = target.tracked.key_columns().any(|column| column.name == *name);
            if is_key && image.get(name) != Some(value) {
                return Err(Error::invalid_argument(format!(
                    "row_values must not change column \"{name}\" of the record key"
                ))
                .hint("Resolve the conflict first, and change the key with an UPDATE."));
            }
            image.insert(name.clone(), value.clone());
        }
        Ok(image)
    }

    /// Brings back the parent whose deletion set the record aside.
    pub fn bring_parent(&self, target: &Target, image: Option<&Map<String, Value>>) -> Result<()> {
        let Some(image) = image else { return Ok(()) };
        while let Some(key) = foreign_keys::lacking(target, image)? {
            let parent = parent_of(&key, image)?;
            let brought = match &parent {
                Some(parent) => revive::bring_back(parent, &self.record)?,
                None => false,
            };
            if !brought {
                return Err(lacks_parent(&key.obstacle()));
            }
        }
        Ok(())
    }

    /// Writes the row and its event, whose clock will be later than that of either side.
    pub fn write(
        &self,
        target: &Rc<Target>,
        current: Option<Current>,
        state: Option<State>,
        image: Option<Map<String, Value>>,
        keep: Keep,
    ) -> Result<()> {
        let mut image = image;
        if let (Some(image), Some((column, value))) = (&mut image, version::fresh(&target.tracked)?)
        {
            image.insert(column, value);
        }
        let before = current.as_ref().map(|current| current.image.clone());
        if let (Some(image), Some(before)) = (&mut image, &before) {
            // Columns that the table got after the conflict.
            for (name, value) in before {
                image.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        row::write_row(target, &self.record, current, image.as_ref())?;
        if let Some(image) = &image
            && let Some(key) = foreign_keys::lacking(target, image)?
        {
            return Err(lacks_parent(&key.obstacle()));
        }
        if let Some(before) = &before
            && foreign_keys::leaves_orphans(target, before)?
        {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
                format!("other rows refer to record \"{}\"", self.record.record_id),
            )
            .hint("Delete or move those rows first, or keep the side that has the row."));
        }
        // A row that is set aside is there for the others. That a deleted one stays so is written, too:
        // somebody may decide otherwise at the same time.
        let lost = || self.remote.clone().or_else(|| self.local.clone());
        let before = before.or_else(|| match image {
            None => state.map(|state| state.image).or_else(lost),
            Some(_) => None,
        });
        if before.is_none() && image.is_none() {
            return Ok(());
        }
        log::append_written(&Written {
            table: &target.tracked.table,
            record_id: &self.record.record_id,
            before: before.as_ref(),
            after: image.as_ref(),
            metadata: json!({ "resolves": self.id.to_string(), "keep": keep.word() }),
        })
    }
}

fn lacks_parent(obstacle: &str) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION, obstacle)
        .hint("Specify another parent in row_values, or restore the parent first.")
}
