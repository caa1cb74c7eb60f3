//! Facts about this backend.

#![allow(unsafe_code)]

use pgrx::pg_sys;

/// The database that this backend is connected to.
pub fn my_database() -> pg_sys::Oid {
    // SAFETY: set once when the backend starts.
    unsafe { pg_sys::MyDatabaseId }
}

/// Whether the current user is a superuser.
pub fn is_superuser() -> bool {
    // SAFETY: reads the session state and the system cache.
    unsafe { pg_sys::superuser() }
}

/// Whether this server is a standby or still recovering.
pub fn in_recovery() -> bool {
    // SAFETY: reads shared state.
    unsafe { pg_sys::RecoveryInProgress() }
}
