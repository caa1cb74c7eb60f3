//! A row that moves between partitions is deleted in one and inserted in another. The deleted
//! tuple says so (`HeapTupleHeaderIndicatesMovedPartitions`, src/include/access/htup_details.h), and
//! the insert's trigger fires next: here the first half waits for the second.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::cell::RefCell;

/// The row as it was in the partition that it left.
pub struct Moved {
    /// Its `record_id`, as a `text` value.
    pub record_id: Vec<u8>,
    /// Its image, as a `jsonb` value.
    pub image: Vec<u8>,
    /// Its version.
    pub base_version: Option<i64>,
}

thread_local! {
    static WAITING: RefCell<Option<(pg_sys::Oid, Moved)>> = const { RefCell::new(None) };
}

const MOVED_BLOCK: u32 = pg_sys::InvalidBlockNumber;
/// `MovedPartitionsOffsetNumber` in src/include/storage/itemptr.h
const MOVED_OFFSET: u16 = 0xFFFD;

/// Whether a deleted tuple went on in another partition.
///
/// # Safety
/// The tuple is one that a trigger was given.
pub unsafe fn is_moved(tuple: pg_sys::HeapTuple) -> bool {
    // SAFETY: by the caller's promise; the successor's address is part of every tuple header.
    let next = unsafe { (*(*tuple).t_data).t_ctid };
    let block = u32::from(next.ip_blkid.bi_hi) << 16 | u32::from(next.ip_blkid.bi_lo);
    block == MOVED_BLOCK && next.ip_posid == MOVED_OFFSET
}

/// Keeps the first half of a move within the partitions of `root`.
pub fn keep(root: pg_sys::Oid, moved: Moved) {
    WAITING.set(Some((root, moved)));
}

/// The first half of the move that an insert into a partition of `root` ends.
pub fn take(root: pg_sys::Oid) -> Option<Moved> {
    match WAITING.take() {
        Some((waiting, moved)) if waiting == root => Some(moved),
        other => {
            WAITING.set(other);
            None
        }
    }
}

/// Forgets a half whose transaction ended.
pub fn forget() {
    WAITING.set(None);
}
