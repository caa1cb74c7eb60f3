//! The short way in for replicated events: a group that may enter the log at once is let pass into it
//! row by row, and need not go through the waiting room.

use crate::clock;
use crate::error::Result;
use crate::pg::query::{self, parameter};
use crate::pg::tuple::RowValues;
use crate::pg::varlena::jsonb_text;
use crate::pg::{catalog, scan};
use crate::sync::receive::waiting::{known_event, seen};
use crate::types::parameter::ulid;
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use crate::vector::parse_vector;
use concord_core::delivery::{Group, waits_for};
use concord_core::event::Vector;
use concord_core::hlc::Hlc;
use concord_core::log_column::LogColumn;
use concord_core::ulid::Ulid;
use pgrx::{FromDatum, pg_sys};
use std::collections::BTreeSet;

/// What the gate needs to know of an arriving event.
pub struct Arrival<'a> {
    row: &'a RowValues,
    /// `event_id`
    pub event_id: Ulid,
    /// `origin_node_id`
    pub origin: Ulid,
    /// `node_sequence`
    pub sequence: i64,
    first: i64,
    size: i64,
}

impl<'a> Arrival<'a> {
    /// Reads a row of the log; `None` where one of its names is null.
    #[allow(unsafe_code)]
    pub fn read(row: &'a RowValues) -> Option<Arrival<'a>> {
        // SAFETY: the columns' types are those of sql/10_log.sql.
        unsafe {
            Some(Arrival {
                row,
                event_id: SqlUlid::from_datum(row.get(LogColumn::EventId.place())?, false)?.into(),
                origin: SqlUlid::from_datum(row.get(LogColumn::OriginNodeId.place())?, false)?
                    .into(),
                sequence: i64::from_datum(row.get(LogColumn::NodeSequence.place())?, false)?,
                first: i64::from_datum(row.get(LogColumn::GroupSequence.place())?, false)?,
                size: i32::from_datum(row.get(LogColumn::GroupSize.place())?, false)?.into(),
            })
        }
    }

    /// The group, if this is its first event.
    #[allow(unsafe_code)]
    fn group(&self) -> Result<Option<Group>> {
        if self.sequence != self.first || self.size < 1 {
            return Ok(None);
        }
        let Some(hlc) = self.row.get(LogColumn::Hlc.place()) else { return Ok(None) };
        // SAFETY: as in `read`.
        let (hlc, depends_on) = unsafe {
            let depends: Option<Vec<SqlUlid>> =
                self.row.get(LogColumn::DependsOn.place()).and_then(|d| Vec::from_datum(d, false));
            (SqlHlc::from_datum(hlc, false), depends.unwrap_or_default())
        };
        let observed = self.row.get(LogColumn::Observed.place()).map(|datum| {
            // SAFETY: the column is jsonb; a toasted value is fetched.
            unsafe {
                let jsonb = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
                let size = pgrx::varsize_any(jsonb);
                jsonb_text(std::slice::from_raw_parts(jsonb.cast::<u8>(), size))
            }
        });
        let Some(hlc) = hlc else { return Ok(None) };
        Ok(Some(Group {
            origin: self.origin,
            first: self.first,
            size: self.size,
            here: self.size,
            hlc: hlc.into(),
            observed: observed.map(|text| parse_vector(&text)).transpose()?,
            depends_on: depends_on.into_iter().map(Ulid::from).collect::<BTreeSet<_>>(),
        }))
    }
}

/// Where an event is to go.
#[derive(Debug, PartialEq, Eq)]
pub enum Way {
    /// Into the log.
    Log,
    /// Nowhere: the log has its number.
    Known,
    /// Into the waiting room.
    Wait,
}

/// The gate during one replicated transaction.
pub struct Gate {
    seen: Vector,
    bound: Hlc,
    /// Nothing waits, so nothing can be overtaken.
    open: bool,
    passed: Vec<Passed>,
    /// The nodes that these are of.
    origins: BTreeSet<Ulid>,
}

/// A group that is passing into the log.
pub struct Passed {
    /// The group.
    pub group: Group,
    /// How many of its events have passed.
    pub here: i64,
}

impl Gate {
    /// As this node stands. The lock on appliers is held.
    pub fn open() -> Result<Gate> {
        Ok(Gate {
            seen: seen()?,
            bound: clock::bound()?,
            open: scan::is_empty(catalog::received()?)?,
            passed: Vec::new(),
            origins: BTreeSet::new(),
        })
    }

    /// Whether an event belongs to the group that is passing, which it follows into the log.
    pub fn passes(&mut self, arrival: &Arrival<'_>) -> bool {
        let Some(passing) = self.passed.last_mut().filter(|passing| passing.expects(arrival))
        else {
            return false;
        };
        passing.here += 1;
        if passing.here == passing.group.size {
            self.seen.raise(arrival.origin, arrival.sequence);
        }
        true
    }

    /// Where an event is to go that begins something.
    pub fn way(&mut self, arrival: &Arrival<'_>, own: Ulid) -> Result<Way> {
        if arrival.sequence <= self.seen.of(arrival.origin) || self.was_behind_gap(arrival) {
            return Ok(Way::Known);
        }
        if !self.open || arrival.origin == own || self.is_cut() {
            return Ok(Way::Wait);
        }
        match arrival.group()? {
            Some(group) if waits_for(&group, &self.seen, self.bound, known_event).is_none() => {
                if group.size == 1 {
                    self.seen.raise(group.origin, group.first);
                }
                self.origins.insert(group.origin);
                self.passed.push(Passed { group, here: 1 });
                Ok(Way::Log)
            }
            _ => Ok(Way::Wait),
        }
    }

    /// Whether the log had this number before one that has just passed: of a predecessor of this node it
    /// can.
    fn was_behind_gap(&self, arrival: &Arrival<'_>) -> bool {
        self.origins.contains(&arrival.origin)
            && query::exists(
                "SELECT FROM concord.change_events WHERE origin_node_id = $1 AND node_sequence = $2",
                &[ulid(arrival.origin), parameter(arrival.sequence)],
            )
    }

    /// The last group has not passed as a whole: what follows cannot build on it.
    fn is_cut(&self) -> bool {
        self.passed.last().is_some_and(|passed| passed.here < passed.group.size)
    }

    /// The groups that passed, in the order in which they did.
    pub fn passed(self) -> Vec<Passed> {
        self.passed
    }
}

impl Passed {
    fn expects(&self, arrival: &Arrival<'_>) -> bool {
        self.here < self.group.size
            && arrival.origin == self.group.origin
            && arrival.first == self.group.first
            && arrival.sequence == self.group.first + self.here
    }
}
