//! Resolving a conflict: the row that somebody decided on is written here and goes to all nodes as an
//! ordinary event, beside one that closes the conflict.

pub mod decided_row;

use crate::capture::Neutral;
use crate::capture::applying::Applying;
use crate::error::{Error, OrRaise, Result};
use crate::log::{self, Written, context};
use crate::pg::owner::{AsOwner, silence_triggers};
use crate::pg::query::{self, parameter};
use crate::sync::apply::lock_appliers;
use crate::sync::conflicts::standing;
use crate::sync::decide::decision::Decision;
use crate::sync::decide::pending;
use crate::sync::record::{Record, parse_image};
use crate::sync::table::row;
use crate::sync::table::target::Target;
use crate::types::parameter::{ulid, word_if};
use crate::types::ulid::Ulid as SqlUlid;
use crate::{identity, pg_function};
use concord_core::conflict::ConflictType;
use concord_core::operation::Operation;
use concord_core::resolution::{Keep, Verdict};
use concord_core::ulid::Ulid;
use concord_core::word::Word;
use pgrx::{JsonB, PgSqlErrorCode, pg_sys};
use serde_json::{Map, Value, json};
use std::rc::Rc;

pg_function!(
    /// `concord.resolve_conflict(ulid, text, jsonb) → void`; see `sql/86_resolve.sql`. 22004 for a
    /// null, 22023 for an unknown conflict or decision, 42703 for an unknown column, 55000 for a
    /// conflict that is resolved otherwise or resolves itself, 23xxx for a row that breaks a constraint.
    resolve_conflict,
    |call| {
        run(call.argument(0), call.argument(1), call.argument(2)).or_raise();
        pg_sys::Datum::from(0)
    }
);

pg_function!(
    /// `concord.reopen_conflict(ulid) → void`. 22004 for a null, 22023 for an unknown conflict, 55000
    /// for one that is open, or that opens and closes by itself.
    reopen_conflict,
    |call| {
        reopen(call.argument(0)).or_raise();
        pg_sys::Datum::from(0)
    }
);

/// A row of `concord.conflicts`.
pub struct NotedConflict {
    /// `conflict_id`
    pub(super) id: Ulid,
    /// The record that it is about.
    pub(super) record: Record,
    /// `conflict_type`
    pub(super) kind: ConflictType,
    /// `local_values`
    pub(super) local: Option<Map<String, Value>>,
    /// `remote_values`
    pub(super) remote: Option<Map<String, Value>>,
    /// `resolution`
    pub(super) resolution: Option<String>,
    /// It is closed.
    pub(super) resolved: bool,
}

pub fn run(id: Option<SqlUlid>, keep: Option<String>, values: Option<JsonB>) -> Result<()> {
    let (Some(id), Some(keep)) = (id, keep) else {
        return Err(null_argument("conflict_id and keep must not be null"));
    };
    let keep = Keep::from_word(&keep)?;
    let values = match values.map(|values| values.0) {
        None => Map::new(),
        Some(Value::Object(values)) => values,
        Some(other) => {
            return Err(Error::invalid_argument(format!(
                "row_values {other} is not a JSON object"
            ))
            .hint("Specify the columns to change, as in '{\"slug\": \"home-2\"}'."));
        }
    };
    let node = identity::attach()?;
    let _neutral = Neutral::enter(true);
    let _owner = AsOwner::of(node.log);
    // An event that enters beside the decision would be unknown to it.
    lock_appliers()?;
    let _applying = Applying::begin();
    silence_triggers();
    let conflict = read(id.into())?;
    conflict.refuse_automatic()?;
    if conflict.resolved {
        return match conflict.resolution.as_deref() == Some(keep.word()) {
            true => Ok(()),
            false => Err(conflict.resolved_otherwise()),
        };
    }
    conflict.decide(keep, &values)
}

pub fn reopen(id: Option<SqlUlid>) -> Result<()> {
    let Some(id) = id else { return Err(null_argument("conflict_id must not be null")) };
    let node = identity::attach()?;
    let _owner = AsOwner::of(node.log);
    lock_appliers()?;
    let conflict = read(id.into())?;
    conflict.refuse_automatic()?;
    if !conflict.resolved {
        return Err(Error::wrong_state(format!("conflict {} is open", conflict.id))
            .hint("Resolve it with concord.resolve_conflict()."));
    }
    if conflict.kind.follows_a_state() {
        return Err(Error::wrong_state(format!(
            "conflict {} of type {} cannot be opened again",
            conflict.id,
            conflict.kind.word()
        ))
        .hint("A conflict of this type is open as long as the rows conflict."));
    }
    conflict.announce(&*conflict.target()?, Verdict::Reopened, &Map::new())?;
    conflict.note(None, None);
    Ok(())
}

fn null_argument(message: &str) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, message)
        .hint("concord.conflicts lists the conflicts that this node knows.")
}

fn read(id: Ulid) -> Result<NotedConflict> {
    let found = query::returning(
        "SELECT table_schema, table_name, record_id, conflict_type, local_values::text,
                remote_values::text, resolution, resolved_at IS NOT NULL
         FROM concord.conflicts WHERE conflict_id = $1 FOR UPDATE",
        &[ulid(id)],
        |row| {
            let image = |column| row.get::<String>(column).map(|t| parse_image(&t)).transpose();
            Ok(NotedConflict {
                id,
                record: Record::read(row),
                kind: row.word(4),
                local: image(5)?,
                remote: image(6)?,
                resolution: row.get(7),
                resolved: row.required(8),
            })
        },
    );
    found.into_iter().next().unwrap_or_else(|| {
        Err(Error::invalid_argument(format!("conflict \"{id}\" does not exist"))
            .hint("View concord.open_conflicts lists the open conflicts."))
    })
}

impl NotedConflict {
    fn refuse_automatic(&self) -> Result<()> {
        if self.kind == ConflictType::Tree {
            return Err(Error::wrong_state(format!("conflict {} is a tree conflict", self.id))
                .hint("Repair the rows that it lists; it is then closed automatically."));
        }
        Ok(())
    }

    fn resolved_otherwise(&self) -> Error {
        let how = self.resolution.as_deref().unwrap_or("by hand");
        let hint = match self.kind.follows_a_state() {
            true => "The rows no longer conflict; change them with UPDATE or DELETE.",
            false => "Use concord.reopen_conflict() to open it again.",
        };
        Error::wrong_state(format!("conflict {} has already been resolved: {how}", self.id))
            .hint(hint)
    }

    fn target(&self) -> Result<Rc<Target>> {
        crate::sync::table::target::forget_targets();
        let table = &self.record.table;
        Target::find(table)?.ok_or_else(|| {
            Error::wrong_state(format!("{table} is not a tracked table on this node"))
                .hint("Resolve the conflict on a node that tracks the table.")
        })
    }

    fn decide(&self, keep: Keep, values: &Map<String, Value>) -> Result<()> {
        let target = self.target()?;
        let current = row::fetch(&target, &self.record)?;
        let mut decision = Decision::default();
        let state = decision.case(&self.record)?.state.clone();
        let mut image = self.kept(keep, current.as_ref(), state.as_ref());
        if !values.is_empty() {
            let base = image.take().or_else(|| state.as_ref().map(|state| state.image.clone()));
            image = Some(self.changed(&target, base.unwrap_or_default(), values)?);
        }
        if self.kind == ConflictType::ForeignKey && keep == Keep::Remote {
            self.bring_parent(&target, image.as_ref())?;
        }
        self.write(&target, current, state, image, keep)?;
        self.announce(&target, Verdict::Decided(keep), values)?;
        pending::forget(&self.record);
        self.note(Some(keep), Some(&resolver()));
        standing::supersede(&self.record);
        Ok(())
    }

    /// Tells the other nodes.
    fn announce(
        &self,
        target: &Target,
        verdict: Verdict,
        values: &Map<String, Value>,
    ) -> Result<()> {
        let mut metadata = json!({ "conflict_id": self.id.to_string(), "keep": verdict.word(), "resolved_by": resolver() });
        if !values.is_empty() {
            metadata["row_values"] = Value::Object(values.clone());
        }
        let about = Written {
            table: &target.tracked.table,
            record_id: &self.record.record_id,
            before: None,
            after: None,
            metadata,
        };
        log::append_about(Operation::Resolve, &about)
    }

    fn note(&self, resolution: Option<Keep>, resolver: Option<&str>) {
        query::run(
            "UPDATE concord.conflicts
             SET resolved_at = CASE WHEN $2 IS NOT NULL THEN pg_catalog.clock_timestamp() END,
                 resolution = $2, resolved_by = $3
             WHERE conflict_id = $1",
            &[ulid(self.id), word_if(resolution), parameter(resolver)],
        );
    }
}

/// Who decides: `concord.user_id`, or else the session's user.
fn resolver() -> String {
    context::current().person()
}
