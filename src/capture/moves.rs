//! A row that moves between partitions is deleted in one and inserted in another. The deleted
//! tuple says so (`HeapTupleHeaderIndicatesMovedPartitions`, src/include/access/htup_details.h); the
//! inserted one comes from the same command. Here the first half, whose DELETE is in the buffer
//! already, waits for the second: should none come, it was a DELETE.

use pgrx::pg_sys;
use std::cell::RefCell;

/// The row as it was in the partition that it left.
pub struct Moved {
    /// The root of the partition tree.
    pub root: pg_sys::Oid,
    /// The command that moved it.
    pub command: u32,
    /// Where its DELETE is in the buffer.
    pub position: usize,
    /// Its `record_id`, as a `text` value.
    pub record_id: Vec<u8>,
    /// Its image, as a `jsonb` value.
    pub image: Vec<u8>,
    /// Its version.
    pub base_version: Option<i64>,
}

thread_local! {
    static WAITING: RefCell<Option<Moved>> = const { RefCell::new(None) };
}

const MOVED_BLOCK: u32 = pg_sys::InvalidBlockNumber;
/// `MovedPartitionsOffsetNumber` in src/include/storage/itemptr.h
const MOVED_OFFSET: u16 = 0xFFFD;

/// Whether a deleted tuple went on in another partition.
///
/// # Safety
/// The tuple is one that a trigger was given.
#[allow(unsafe_code)]
pub unsafe fn is_moved(tuple: pg_sys::HeapTuple) -> bool {
    // SAFETY: by the caller's promise; the successor's address is part of every tuple header.
    let next = unsafe { (*(*tuple).t_data).t_ctid };
    let block = u32::from(next.ip_blkid.bi_hi) << 16 | u32::from(next.ip_blkid.bi_lo);
    block == MOVED_BLOCK && next.ip_posid == MOVED_OFFSET
}

/// The command that inserted a tuple of this transaction.
///
/// # Safety
/// The tuple is the new one of an AFTER trigger.
#[allow(unsafe_code)]
pub unsafe fn inserting_command(tuple: pg_sys::HeapTuple) -> u32 {
    // SAFETY: by the caller's promise this transaction inserted it.
    unsafe { pg_sys::HeapTupleHeaderGetCmin((*tuple).t_data) }
}

/// The command that deleted a tuple in this transaction.
///
/// # Safety
/// The tuple is the old one of an AFTER DELETE trigger.
#[allow(unsafe_code)]
pub unsafe fn deleting_command(tuple: pg_sys::HeapTuple) -> u32 {
    // SAFETY: by the caller's promise this transaction deleted it.
    unsafe { pg_sys::HeapTupleHeaderGetCmax((*tuple).t_data) }
}

/// Keeps the first half of a move.
pub fn keep(moved: Moved) {
    WAITING.set(Some(moved));
}

/// The first half of the move that `command` ends by an insert into a partition of `root`.
pub fn take(root: pg_sys::Oid, command: u32) -> Option<Moved> {
    WAITING.with_borrow_mut(|waiting| {
        waiting.take_if(|moved| moved.root == root && moved.command == command)
    })
}

/// Forgets a half whose transaction ended.
pub fn forget() {
    WAITING.set(None);
}
