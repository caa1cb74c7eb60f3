//! Facts about this backend.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;

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

/// Sets a setting for the rest of this process, whose values PostgreSQL checks.
pub fn set_for_session(name: &CStr, value: &CStr) {
    // SAFETY: the strings are copied.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_OVERRIDE,
        );
    }
}

/// Whether this process applies what PostgreSQL's logical replication brings.
pub fn in_replication() -> bool {
    // SAFETY: reads the state of the process.
    unsafe { pg_sys::IsLogicalWorker() }
}
