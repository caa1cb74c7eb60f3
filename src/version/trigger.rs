//! `concord.version_trigger`: a BEFORE ROW trigger that stamps every write with a fresh version and
//! checks the version that a writer says it read.

use crate::capture::applying::applying;
use crate::capture::image::Imager;
use crate::capture::memory::RowMemory;
use crate::capture::shape::Tracked;
use crate::capture::unchanged::compare_before;
use crate::capture::version::{Version, VersionStamp};
use crate::capture::{brought, relation};
use crate::error::{Error, OrRaise, Result};
use crate::log::event::Captured;
use crate::log::{append, context, control};
use crate::pg::backend::in_replication;
use crate::pg::generated;
use crate::pg::trigger::{self, Protocol};
use crate::pg::tuple::RowValues;
use crate::{clock, pg_function};
use concord_core::operation::Operation;
use concord_core::options::{DEFAULT_VERSION_COLUMN, OnStale};
use concord_core::word::Word;
use pgrx::{PgSqlErrorCode, pg_sys};
use serde_json::json;

pg_function!(
    /// `concord.version_trigger()`: BEFORE INSERT OR UPDATE, FOR EACH ROW, with `name=value`
    /// arguments. 39P01 when it is used otherwise; 22023 for a version from the future; 40001 for a
    /// stale one under `on_stale=reject`.
    version_trigger,
    |call| {
        let data = trigger::check(call, "version_trigger", Protocol::BeforeRowWrite).or_raise();
        pg_sys::Datum::from(stamp(data, call.place()).or_raise())
    }
);

#[allow(unsafe_code)]
fn stamp(data: &pg_sys::TriggerData, place: usize) -> Result<pg_sys::HeapTuple> {
    // SAFETY: the trigger manager's data are valid during the call.
    unsafe {
        let update = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_UPDATE;
        let as_written = if update { data.tg_newtuple } else { data.tg_trigtuple };
        if applying() {
            return Ok(as_written);
        }
        // What cannot be captured has no versions; the capture trigger says so.
        let Ok(tracked) = relation::of_trigger(data.tg_relation, data.tg_trigger) else {
            return Ok(as_written);
        };
        let Some(version) = &tracked.version else {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("the table has no version column \"{DEFAULT_VERSION_COLUMN}\""),
            )
            .hint("Use ALTER TABLE ... ADD COLUMN row_version concord.hlc, or specify another column with version_column=...."));
        };
        match data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_INSERT => stamp_insert(data, place, version),
            _ => stamp_update(data, &tracked, version),
        }
    }
}

#[allow(unsafe_code)]
unsafe fn stamp_insert(
    data: &pg_sys::TriggerData,
    place: usize,
    version: &Version,
) -> Result<pg_sys::HeapTuple> {
    // SAFETY: the tuple is the row to insert, of the relation's row type.
    unsafe {
        let row = RowValues::of(data.tg_trigtuple, (*data.tg_relation).rd_att);
        let claimed = row.get(version.index).map(|datum| VersionStamp::read(version, datum));
        let stamp = VersionStamp::fresh(version.kind)?;
        brought::remember(place, stamp, claimed);
        Ok(with_version(data, data.tg_trigtuple, version, Some(stamp.datum())))
    }
}

#[allow(unsafe_code)]
unsafe fn stamp_update(
    data: &pg_sys::TriggerData,
    tracked: &Tracked,
    version: &Version,
) -> Result<pg_sys::HeapTuple> {
    // SAFETY: the tuples are the row before and after, of the relation's row type.
    unsafe {
        let descriptor = (*data.tg_relation).rd_att;
        let old = RowValues::of(data.tg_trigtuple, descriptor);
        let new = RowValues::of(data.tg_newtuple, descriptor);
        if compare_before(tracked, &old, &new).is_nothing() {
            return Ok(with_version(data, data.tg_newtuple, version, old.get(version.index)));
        }
        let current = old.get(version.index).map(|datum| VersionStamp::read(version, datum));
        if let Some(claimed) = claim(data, version, &new)
            && claimed != current
        {
            refuse_future(claimed)?;
            let stale = Stale { tracked, old: &old, data, current, claimed };
            match tracked.options.on_stale {
                OnStale::Reject => return Err(stale.rejection()),
                OnStale::Overwrite => stale.record()?,
                OnStale::Record => {
                    stale.record()?;
                    stale.warn()?;
                    return Ok(std::ptr::null_mut());
                }
            }
        }
        let stamp = VersionStamp::fresh(version.kind)?;
        Ok(with_version(data, data.tg_newtuple, version, Some(stamp.datum())))
    }
}

/// The version that the writer says it read: `None` where the write does not mention the column. PostgreSQL's logical
/// replication mentions every column that it was sent, and has read nothing here.
#[allow(unsafe_code)]
unsafe fn claim(
    data: &pg_sys::TriggerData,
    version: &Version,
    new: &RowValues,
) -> Option<Option<VersionStamp>> {
    // SAFETY: the set is the command's; column numbers in it are shifted by the system columns.
    unsafe {
        if in_replication() {
            return None;
        }
        let number = version.index as i32 + 1 - pg_sys::FirstLowInvalidHeapAttributeNumber;
        if !pg_sys::bms_is_member(number, data.tg_updatedcols) {
            return None;
        }
        let claimed = new.get(version.index).map(|datum| VersionStamp::read(version, datum));
        let brought = claimed.and_then(brought::take);
        match brought {
            Some(brought) => brought.map(Some),
            None => Some(claimed),
        }
    }
}

fn refuse_future(claimed: Option<VersionStamp>) -> Result<()> {
    let Some(claimed) = claimed else {
        return Ok(());
    };
    if claimed.hlc() <= clock::bound()?.as_i64().max(clock::last()?.as_i64()) {
        return Ok(());
    }
    Err(Error::invalid_argument(format!("row version \"{claimed}\" is in the future"))
        .detail(
            "A version more than concord.max_clock_drift ahead of the wall clock cannot have been read.",
        )
        .hint("Write the version that was read, or omit the column."))
}

/// A write made from a version that no longer stands.
struct Stale<'a> {
    tracked: &'a Tracked,
    old: &'a RowValues,
    data: &'a pg_sys::TriggerData,
    current: Option<VersionStamp>,
    claimed: Option<VersionStamp>,
}

impl Stale<'_> {
    /// Puts the incoming image into the log, and so on all nodes.
    fn record(&self) -> Result<()> {
        let memory = RowMemory::enter();
        let imager = Imager::new(self.tracked, &memory);
        let incoming = self.incoming();
        let context = context::current();
        let notes = json!({
            "on_stale": self.tracked.options.on_stale.word(),
            "conflict_policy": self.tracked.options.conflict_policy.word(),
            "version_column": self.tracked.version.as_ref().map(|version| version.name.as_str()),
            "read_version": self.claimed.map(|stamp| stamp.to_string()),
        })
        .to_string();
        append(&Captured {
            table: Some(&self.tracked.table),
            record_id: Some(&imager.record_id(self.old)?),
            old_values: Some(&imager.image(self.old)?),
            new_values: Some(&imager.image(&incoming)?),
            metadata: Some(notes.as_bytes()),
            base_version: self.claimed.map(VersionStamp::hlc),
            ..control(Operation::Stale, &context)
        })?;
        Ok(())
    }

    /// The row as it would have been, generated columns included.
    #[allow(unsafe_code)]
    fn incoming(&self) -> RowValues {
        // SAFETY: the trigger manager's data are valid during the call.
        unsafe {
            let relation = self.data.tg_relation;
            let constraints = (*(*relation).rd_att).constr;
            let tuple = match constraints.as_ref().is_some_and(|c| c.has_generated_stored) {
                true => generated::compute(relation, self.data.tg_newtuple),
                false => self.data.tg_newtuple,
            };
            RowValues::of(tuple, (*relation).rd_att)
        }
    }

    fn detail(&self) -> String {
        let show =
            |stamp: Option<VersionStamp>| stamp.map_or("null".to_owned(), |s| format!("\"{s}\""));
        format!(
            "The row has version {}, the writer read {}.",
            show(self.current),
            show(self.claimed)
        )
    }

    fn record_id(&self) -> Result<String> {
        let memory = RowMemory::enter();
        let id = Imager::new(self.tracked, &memory).record_id(self.old)?;
        Ok(String::from_utf8_lossy(&id[4..]).into_owned())
    }

    fn warn(&self) -> Result<()> {
        let record = self.record_id()?;
        pgrx::pg_sys::panic::ErrorReport::new(
            PgSqlErrorCode::ERRCODE_WARNING,
            format!("stale write to record \"{record}\" was not applied"),
            "version_trigger",
        )
        .set_detail(self.detail())
        .set_hint("The row was not changed; the incoming image is kept in concord.conflicts.")
        .report(pgrx::PgLogLevel::WARNING);
        Ok(())
    }

    fn rejection(&self) -> Error {
        let record = self.record_id().unwrap_or_default();
        Error::new(
            PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            format!("stale write to record \"{record}\""),
        )
        .detail(self.detail())
        .hint("Read the row again and repeat the change with its current version.")
    }
}

/// The row with another version.
#[allow(unsafe_code)]
unsafe fn with_version(
    data: &pg_sys::TriggerData,
    tuple: pg_sys::HeapTuple,
    version: &Version,
    value: Option<pg_sys::Datum>,
) -> pg_sys::HeapTuple {
    let mut number = version.index as i32 + 1;
    let mut null = value.is_none();
    let mut value = value.unwrap_or(pg_sys::Datum::from(0));
    // SAFETY: the tuple is of the relation's row type; the copy lives in the caller's context, as the
    // trigger manager wants it.
    unsafe {
        pg_sys::heap_modify_tuple_by_cols(
            tuple,
            (*data.tg_relation).rd_att,
            1,
            &mut number,
            &mut value,
            &mut null,
        )
    }
}
