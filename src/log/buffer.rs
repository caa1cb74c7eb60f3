//! The events that a transaction has captured and not yet numbered.
//!
//! They lie one behind the other in an arena of bytes, so that a savepoint is a length: rolling back
//! to it cuts the arena there. Past `work_mem` the arena goes to a temporary file of PostgreSQL's.

use super::spill::Spill;
use crate::error::{Error, Result};
use crate::log::context::Context;
use crate::log::event::{Captured, Table};
use concord_core::operation::Operation;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::collections::BTreeMap;
use std::rc::Rc;

const WORD: usize = 8;
/// Words before an event's values.
const HEADER: usize = 7;
const NONE: u32 = u32::MAX;

/// The buffer of one backend; empty between transactions.
#[derive(Default)]
pub struct Buffer {
    arena: Vec<u64>,
    /// Words in the file, before those in the arena.
    spilled: usize,
    spill: Option<Spill>,
    count: usize,
    tables: Vec<Rc<Table>>,
    contexts: Vec<Rc<Context>>,
    marks: Vec<Mark>,
    gaps: Vec<Gap>,
    /// What became of events that were pushed already, by position.
    links: BTreeMap<usize, Link>,
    last_command: u32,
    /// Some event was pushed after one of a later command.
    disordered: bool,
}

/// What becomes of a DELETE that turns out to be the first half of a move.
pub enum Link {
    /// The row went on under this key.
    MovedTo(String),
    /// The row kept its key: the second half says all.
    Dropped,
}

/// A table whose gap in capture this transaction has noted, and where.
struct Gap {
    table: Rc<Table>,
    subtransaction: pg_sys::SubTransactionId,
}

/// Where the buffer stood when a subtransaction first captured something.
struct Mark {
    subtransaction: pg_sys::SubTransactionId,
    words: usize,
    count: usize,
}

impl Buffer {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Appends an event captured in `subtransaction`; spills first when `limit` bytes are reached.
    /// Returns its position.
    pub fn push(
        &mut self,
        event: &Captured<'_>,
        subtransaction: pg_sys::SubTransactionId,
        limit: usize,
    ) -> Result<usize> {
        self.mark(subtransaction);
        let values =
            [event.record_id, event.old_values, event.new_values, event.touched, event.metadata];
        let position = self.spilled + self.arena.len();
        let words: usize =
            HEADER + values.iter().flatten().map(|v| v.len().div_ceil(WORD)).sum::<usize>();
        if !self.arena.is_empty() && (self.arena.len() + words) * WORD > limit {
            self.spill_arena()?;
        }
        // Growing by the default doubling would take memory that the limit does not allow.
        self.arena.try_reserve(words).map_err(|_| out_of_memory(words * WORD))?;
        let table = event.table.map_or(NONE, |table| place_of(&mut self.tables, table));
        let context = place_of(&mut self.contexts, event.context);
        let length = |value: Option<&[u8]>| value.map_or(NONE, |v| v.len() as u32);
        self.arena.push(pair(event.operation as u8 as u32, table));
        self.arena.push(pair(context, u32::from(event.base_version.is_some())));
        self.arena.push(event.base_version.unwrap_or_default() as u64);
        self.arena.push(pair(length(values[0]), length(values[1])));
        self.arena.push(pair(length(values[2]), length(values[3])));
        self.arena.push(pair(length(values[4]), event.command));
        self.arena.push(words as u64);
        for value in values.iter().flatten() {
            push_bytes(&mut self.arena, value);
        }
        self.count += 1;
        self.disordered |= event.command < self.last_command;
        self.last_command = event.command;
        Ok(position)
    }

    /// Notes what became of the DELETE at `position`.
    pub fn link(&mut self, position: usize, link: Link) {
        if matches!(link, Link::Dropped) {
            self.count -= 1;
        }
        self.links.insert(position, link);
    }

    /// Notes that changes of `table` go uncaptured; false when that is noted already.
    pub fn note_gap(
        &mut self,
        table: &Rc<Table>,
        subtransaction: pg_sys::SubTransactionId,
    ) -> bool {
        if self.gaps.iter().any(|gap| gap.table == *table) {
            return false;
        }
        self.gaps.push(Gap { table: Rc::clone(table), subtransaction });
        true
    }

    fn mark(&mut self, subtransaction: pg_sys::SubTransactionId) {
        if self.marks.last().is_none_or(|mark| mark.subtransaction != subtransaction) {
            let words = self.spilled + self.arena.len();
            self.marks.push(Mark { subtransaction, words, count: self.count });
        }
    }

    /// A subtransaction committed: its events are its parent's.
    pub fn merge(
        &mut self,
        subtransaction: pg_sys::SubTransactionId,
        parent: pg_sys::SubTransactionId,
    ) {
        for gap in self.gaps.iter_mut().filter(|gap| gap.subtransaction == subtransaction) {
            gap.subtransaction = parent;
        }
        let Some(last) = self.marks.last_mut() else {
            return;
        };
        if last.subtransaction != subtransaction {
            return;
        }
        last.subtransaction = parent;
        let below = self.marks.len().checked_sub(2).map(|i| self.marks[i].subtransaction);
        if below == Some(parent) {
            self.marks.pop();
        }
    }

    /// A subtransaction aborted: what it and its children captured never was. Raises nothing that
    /// could stop the abort; the file is cut when it is next written.
    pub fn cut(&mut self, subtransaction: pg_sys::SubTransactionId) {
        self.gaps.retain(|gap| gap.subtransaction < subtransaction);
        // Subtransaction ids rise, so children have greater ones.
        while self.marks.last().is_some_and(|mark| mark.subtransaction >= subtransaction) {
            let Some(mark) = self.marks.pop() else { return };
            self.links.split_off(&mark.words);
            self.count = mark.count;
            self.arena.truncate(mark.words.saturating_sub(self.spilled));
            self.spilled = self.spilled.min(mark.words);
        }
    }

    fn spill_arena(&mut self) -> Result<()> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::create()),
        };
        spill.write_at(self.spilled, &self.arena)?;
        self.spilled += self.arena.len();
        self.arena.clear();
        Ok(())
    }

    /// Calls `each` for every event in the order of their commands. Triggers fire in another: what an
    /// AFTER trigger changes is captured before the later rows of the statement that fired it.
    pub fn for_each(&mut self, mut each: impl FnMut(&Captured<'_>) -> Result<()>) -> Result<()> {
        if !self.disordered {
            return self.for_each_captured(|_, _, event| each(event));
        }
        let mut order = Vec::with_capacity(self.count);
        self.for_each_captured(|position, words, event| {
            order.push((event.command, position, words));
            Ok(())
        })?;
        order.sort_by_key(|(command, ..)| *command);
        let mut record = Vec::new();
        for (_, position, words) in order {
            let found = match position.checked_sub(self.spilled) {
                Some(start) => &self.arena[start..start + words],
                None => {
                    record.resize(words, 0);
                    let spill = self.spill.as_mut().ok_or_else(corrupt)?;
                    spill.read_at(position, &mut record)?;
                    &record
                }
            };
            let event = decode(found, &self.tables, &self.contexts)?;
            give(&self.links, position, event, |event| each(event))?;
        }
        Ok(())
    }

    /// Calls `each` for every event in the order of capture, with its position and length.
    fn for_each_captured(
        &mut self,
        mut each: impl FnMut(usize, usize, &Captured<'_>) -> Result<()>,
    ) -> Result<()> {
        let Buffer { arena, spilled, spill, tables, contexts, links, .. } = self;
        let mut position = 0;
        let mut pass = |record: &[u64]| {
            let event = decode(record, tables, contexts)?;
            let start = position;
            position += record.len();
            give(links, start, event, |event| each(start, record.len(), event))
        };
        if let Some(spill) = spill {
            let mut record = Vec::new();
            let mut reader = spill.read_from_start(*spilled)?;
            while reader.next_record(&mut record, HEADER, |header| header[HEADER - 1] as usize)? {
                pass(&record)?;
            }
        }
        let mut rest = arena.as_slice();
        while !rest.is_empty() {
            let (record, after) = rest.split_at(rest[HEADER - 1] as usize);
            pass(record)?;
            rest = after;
        }
        Ok(())
    }

    /// Forgets everything and closes the file; at the end of a transaction that succeeds.
    pub fn clear(&mut self) {
        if let Some(spill) = self.spill.take() {
            spill.close();
        }
        self.forget();
    }

    /// Forgets everything; at abort, where PostgreSQL has closed the file.
    pub fn forget(&mut self) {
        *self = Buffer { arena: std::mem::take(&mut self.arena), ..Buffer::default() };
        self.arena.clear();
        self.arena.shrink_to(1 << 16);
    }
}

/// Hands an event on as its link says.
fn give(
    links: &BTreeMap<usize, Link>,
    position: usize,
    event: Captured<'_>,
    each: impl FnOnce(&Captured<'_>) -> Result<()>,
) -> Result<()> {
    match links.get(&position) {
        None => each(&event),
        Some(Link::Dropped) => Ok(()),
        Some(Link::MovedTo(key)) => {
            let metadata = serde_json::json!({ "moved_to": key }).to_string();
            each(&Captured { metadata: Some(metadata.as_bytes()), ..event })
        }
    }
}

fn corrupt() -> Error {
    Error::internal("the buffer of captured events is corrupt")
}

fn out_of_memory(bytes: usize) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory")
        .detail(format!("An event of {bytes} bytes could not be buffered."))
}

/// The index of a shared value. Mostly it is among the last few used; one that is not is listed
/// again rather than searched for.
fn place_of<T>(all: &mut Vec<Rc<T>>, value: &Rc<T>) -> u32 {
    const LAST: usize = 16;
    let start = all.len().saturating_sub(LAST);
    let found = all[start..].iter().rposition(|other| Rc::ptr_eq(other, value));
    match found {
        Some(place) => (start + place) as u32,
        None => {
            all.push(Rc::clone(value));
            (all.len() - 1) as u32
        }
    }
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn unpair(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn push_bytes(arena: &mut Vec<u64>, bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<WORD>();
    arena.extend(whole.iter().map(|chunk| u64::from_ne_bytes(*chunk)));
    if !rest.is_empty() {
        let mut last = [0; WORD];
        last[..rest.len()].copy_from_slice(rest);
        arena.push(u64::from_ne_bytes(last));
    }
}

fn decode<'a>(
    record: &'a [u64],
    tables: &'a [Rc<Table>],
    contexts: &'a [Rc<Context>],
) -> Result<Captured<'a>> {
    let (operation, table) = unpair(record[0]);
    let (context, has_base) = unpair(record[1]);
    let (record_id, old) = unpair(record[3]);
    let (new, touched) = unpair(record[4]);
    let (metadata, command) = unpair(record[5]);
    let mut rest = &record[HEADER..];
    let mut take = |length: u32| -> Option<&'a [u8]> {
        if length == NONE {
            return None;
        }
        let (value, after) = rest.split_at((length as usize).div_ceil(WORD));
        rest = after;
        Some(&bytes_of(value)[..length as usize])
    };
    Ok(Captured {
        operation: Operation::from_code(operation as u8).ok_or_else(corrupt)?,
        table: if table == NONE {
            None
        } else {
            Some(tables.get(table as usize).ok_or_else(corrupt)?)
        },
        context: contexts.get(context as usize).ok_or_else(corrupt)?,
        record_id: take(record_id),
        old_values: take(old),
        new_values: take(new),
        touched: take(touched),
        metadata: take(metadata),
        command,
        base_version: (has_base == 1).then_some(record[2] as i64),
    })
}

#[allow(unsafe_code)]
fn bytes_of(words: &[u64]) -> &[u8] {
    // SAFETY: any byte of a u64 is a valid u8, and alignment only loosens.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len() * WORD) }
}
