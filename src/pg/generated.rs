//! Generated columns of a row that a BEFORE trigger is given: PostgreSQL computes them later.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;

unsafe extern "C-unwind" {
    // src/include/executor/nodeModifyTable.h
    fn ExecComputeStoredGenerated(
        result: *mut pg_sys::ResultRelInfo,
        estate: *mut pg_sys::EState,
        slot: *mut pg_sys::TupleTableSlot,
        command: pg_sys::CmdType::Type,
    );
}

/// The row with its generated columns computed, in the current memory context.
///
/// # Safety
/// The relation is open and has stored generated columns; the tuple is of its row type.
pub unsafe fn compute(relation: pg_sys::Relation, tuple: pg_sys::HeapTuple) -> pg_sys::HeapTuple {
    // SAFETY: mirrors how COPY computes them (CopyFrom, src/backend/commands/copyfrom.c).
    unsafe {
        let estate = pg_sys::CreateExecutorState();
        let outer = pg_sys::MemoryContextSwitchTo((*estate).es_query_cxt);
        let result =
            pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
        (*result).type_ = pg_sys::NodeTag::T_ResultRelInfo;
        pg_sys::InitResultRelInfo(result, relation, 1, std::ptr::null_mut(), 0);
        let slot = pg_sys::MakeSingleTupleTableSlot(
            (*relation).rd_att,
            &raw const pg_sys::TTSOpsHeapTuple,
        );
        pg_sys::ExecStoreHeapTuple(tuple, slot, false);
        pg_guard_ffi_boundary(|| {
            ExecComputeStoredGenerated(result, estate, slot, pg_sys::CmdType::CMD_INSERT);
        });
        pg_sys::MemoryContextSwitchTo(outer);
        let computed = pg_sys::heap_copytuple(pg_sys::ExecFetchSlotHeapTuple(
            slot,
            true,
            std::ptr::null_mut(),
        ));
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::FreeExecutorState(estate);
        computed
    }
}
