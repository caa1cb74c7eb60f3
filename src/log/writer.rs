//! Writing numbered events into the heap of `concord.change_events`, many at a time and without the
//! executor, as COPY does (`src/backend/commands/copyfrom.c`).

use super::columns;
use crate::error::Result;
use crate::log::event::Captured;
use crate::pg::varlena::Varlena;
use crate::pg::{compat, memory};
use concord_core::hlc::Hlc;
use concord_core::log_column::LogColumn;
use concord_core::ulid::Ulid;
use concord_core::word::Word;
use pgrx::pg_sys;

/// Events inserted with one call, as in COPY.
const MAX_SLOTS: usize = 1000;
/// Bytes of values gathered before they are inserted.
const MAX_BYTES: usize = 1 << 20;

/// What all events of one group share.
pub struct OwnGroup {
    /// The origin.
    pub node_id: Ulid,
    /// First number.
    pub first: i64,
    /// Count of events.
    pub size: i64,
    /// Their HLC.
    pub hlc: Hlc,
    /// The low half of the first event's id; the following count up from it.
    pub id_base: u64,
    /// What the node had seen; stands on the first event.
    pub observed: Option<Varlena>,
    /// The wall clock, in PostgreSQL's microseconds.
    pub wall: pg_sys::TimestampTz,
}

impl OwnGroup {
    /// The id of the event with this number.
    pub fn event_id(&self, sequence: i64) -> Ulid {
        Ulid::from_hlc(self.hlc, self.id_base.wrapping_add((sequence - self.first) as u64))
    }
}

/// An open log.
pub struct Writer {
    relation: pg_sys::Relation,
    result: *mut pg_sys::ResultRelInfo,
    estate: *mut pg_sys::EState,
    bulk: pg_sys::BulkInsertState,
    /// Reset after each batch.
    batch: pg_sys::MemoryContext,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    filled: usize,
    bytes: usize,
}

impl Writer {
    /// Opens the log for writing; 55000 where somebody has altered it.
    #[allow(unsafe_code)]
    pub fn open(log: pg_sys::Oid) -> Result<Writer> {
        // SAFETY: mirrors CopyFrom's set-up; everything hangs in the executor state's memory context,
        // which an abort frees too.
        unsafe {
            let relation = pg_sys::table_open(log, pg_sys::RowExclusiveLock as i32);
            columns::require(relation)?;
            let estate = pg_sys::CreateExecutorState();
            let previous = pg_sys::MemoryContextSwitchTo((*estate).es_query_cxt);
            let result =
                pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            (*result).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            pg_sys::InitResultRelInfo(result, relation, 1, std::ptr::null_mut(), 0);
            pg_sys::ExecOpenIndices(result, false);
            let bulk = pg_sys::GetBulkInsertState();
            let batch = memory::new_context((*estate).es_query_cxt, c"concord batch");
            pg_sys::MemoryContextSwitchTo(previous);
            let slots = Vec::new();
            Ok(Writer { relation, result, estate, bulk, batch, slots, filled: 0, bytes: 0 })
        }
    }

    /// Adds one event with its number.
    pub fn add(
        &mut self,
        group: &OwnGroup,
        sequence: i64,
        event: &Captured<'_>,
        metadata: Option<&Varlena>,
    ) {
        let event_id = group.event_id(sequence).to_bytes();
        let origin = group.node_id.to_bytes();
        let context = event.context;
        let owned = |value: &Option<Varlena>| value.as_ref().map(Varlena::datum);
        let bytes = |value: Option<&[u8]>| value.map(|v| pg_sys::Datum::from(v.as_ptr()));
        let operation = Varlena::text(event.operation.word());
        let observed = group.observed.as_ref().filter(|_| sequence == group.first);
        let row = LogColumn::ALL.map(|column| match column {
            LogColumn::EventId => Some(pg_sys::Datum::from(event_id.as_ptr())),
            LogColumn::Hlc => Some(pg_sys::Datum::from(group.hlc.as_i64())),
            LogColumn::OriginNodeId => Some(pg_sys::Datum::from(origin.as_ptr())),
            LogColumn::NodeSequence => Some(pg_sys::Datum::from(sequence)),
            LogColumn::GroupSequence => Some(pg_sys::Datum::from(group.first)),
            LogColumn::GroupSize => Some(pg_sys::Datum::from(group.size as i32)),
            LogColumn::TableSchema => event.table.map(|table| table.schema.datum()),
            LogColumn::TableName => event.table.map(|table| table.name.datum()),
            LogColumn::RecordId => bytes(event.record_id),
            LogColumn::Operation => Some(operation.datum()),
            LogColumn::Touched => bytes(event.touched),
            LogColumn::Silent => {
                event.table.and_then(|table| table.silent.as_ref()).map(Varlena::datum)
            }
            LogColumn::Action => owned(&context.action),
            LogColumn::SessionUser => owned(&context.session_user),
            LogColumn::UserId => owned(&context.user_id),
            LogColumn::RequestId => owned(&context.request_id),
            LogColumn::Ip => owned(&context.ip),
            LogColumn::OldValues => bytes(event.old_values),
            LogColumn::NewValues => bytes(event.new_values),
            LogColumn::BaseVersion => event.base_version.map(pg_sys::Datum::from),
            LogColumn::Observed => observed.map(Varlena::datum),
            LogColumn::DependsOn => owned(&context.depends_on),
            LogColumn::Metadata => metadata.map(Varlena::datum),
            LogColumn::WallTimestamp => Some(pg_sys::Datum::from(group.wall)),
        });
        self.store(&row);
        self.bytes +=
            [event.old_values, event.new_values].iter().flatten().map(|v| v.len()).sum::<usize>();
        if self.filled == MAX_SLOTS || self.bytes >= MAX_BYTES {
            self.insert_batch();
        }
    }

    /// Forms the row in the next slot. The slot keeps a copy, so the values may go.
    #[allow(unsafe_code)]
    fn store(&mut self, row: &[Option<pg_sys::Datum>; LogColumn::COUNT]) {
        // SAFETY: the slot has the relation's descriptor, which begins with these columns and has
        // dropped ones behind them at most; it is materialised before any value goes.
        unsafe {
            if self.filled == self.slots.len() {
                let previous = pg_sys::MemoryContextSwitchTo((*self.estate).es_query_cxt);
                self.slots.push(pg_sys::table_slot_create(self.relation, std::ptr::null_mut()));
                pg_sys::MemoryContextSwitchTo(previous);
            }
            let slot = self.slots[self.filled];
            memory::clear(slot);
            for (i, value) in row.iter().enumerate() {
                *(*slot).tts_values.add(i) = value.unwrap_or(pg_sys::Datum::from(0));
                *(*slot).tts_isnull.add(i) = value.is_none();
            }
            for i in row.len()..(*(*slot).tts_tupleDescriptor).natts as usize {
                *(*slot).tts_isnull.add(i) = true;
            }
            pg_sys::ExecStoreVirtualTuple(slot);
            memory::materialize(slot);
        }
        self.filled += 1;
    }

    #[allow(unsafe_code)]
    fn insert_batch(&mut self) {
        if self.filled == 0 {
            return;
        }
        pgrx::check_for_interrupts!();
        // SAFETY: as CopyMultiInsertBufferFlush.
        unsafe {
            let previous = pg_sys::MemoryContextSwitchTo(self.batch);
            pg_sys::heap_multi_insert(
                self.relation,
                self.slots.as_mut_ptr(),
                self.filled as i32,
                pg_sys::GetCurrentCommandId(true),
                0,
                self.bulk,
            );
            for &slot in &self.slots[..self.filled] {
                compat::insert_index_tuples(self.result, slot, self.estate);
                memory::clear(slot);
            }
            pg_sys::MemoryContextSwitchTo(previous);
            pg_sys::MemoryContextReset(self.batch);
        }
        self.filled = 0;
        self.bytes = 0;
    }

    /// Inserts what is left and closes the log.
    #[allow(unsafe_code)]
    pub fn finish(mut self) {
        self.insert_batch();
        // SAFETY: undoes `open`; the lock on the log stays until the transaction ends.
        unsafe {
            pg_sys::FreeBulkInsertState(self.bulk);
            for &slot in &self.slots {
                pg_sys::ExecDropSingleTupleTableSlot(slot);
            }
            pg_sys::ExecCloseIndices(self.result);
            pg_sys::FreeExecutorState(self.estate);
            pg_sys::table_close(self.relation, pg_sys::NoLock as i32);
        }
    }
}
