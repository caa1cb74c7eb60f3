//! The state of the transaction under way.

#![allow(unsafe_code)]

use pgrx::pg_sys;

/// The current subtransaction.
pub fn subtransaction() -> pg_sys::SubTransactionId {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::GetCurrentSubTransactionId() }
}

/// Whether a savepoint, or a block with EXCEPTION, is open.
pub fn in_savepoint() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::GetCurrentTransactionNestLevel() > 1 }
}

/// The number of the current command.
pub fn command() -> u32 {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::GetCurrentCommandId(false) }
}

/// Lets what follows see what was written so far.
pub fn make_visible() {
    // SAFETY: advances the transaction state, as between two statements.
    unsafe { pg_sys::CommandCounterIncrement() };
}

/// Whether nothing may be written.
pub fn is_read_only() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::XactReadOnly }
}

/// Whether the isolation level is SERIALIZABLE.
pub fn is_serializable() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32 }
}

/// Whether all statements see one snapshot.
pub fn keeps_snapshot() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::XactIsoLevel > pg_sys::XACT_READ_COMMITTED as i32 }
}
