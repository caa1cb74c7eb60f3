//! The place that an identity is bound to: when it changes, this is another node.

use pgrx::pg_sys;
use std::ffi::CStr;

/// Which cluster, which database in it, which timeline of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// `system_identifier` of `pg_control_system()`.
    pub system: i64,
    /// Object id of the database.
    pub database: pg_sys::Oid,
    /// The timeline that this server writes.
    pub timeline: i32,
}

impl Place {
    /// This place. Only outside recovery, where the server has a timeline of its own to write.
    #[allow(unsafe_code)]
    pub fn here() -> Place {
        // SAFETY: both read shared state of a running server; recovery is over.
        unsafe {
            Place {
                system: pg_sys::GetSystemIdentifier() as i64,
                database: pg_sys::MyDatabaseId,
                timeline: pg_sys::GetWALInsertionTimeLine() as i32,
            }
        }
    }
}

/// The name of this database.
#[allow(unsafe_code)]
pub fn database_name() -> String {
    // SAFETY: the name is palloc'ed, NUL-terminated and in the server's encoding.
    unsafe {
        let name = pg_sys::get_database_name(pg_sys::MyDatabaseId);
        if name.is_null() {
            return String::new();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// The name of this host.
#[allow(unsafe_code)]
pub fn hostname() -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: one byte is kept back, so the name stays NUL-terminated.
    unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    CStr::from_bytes_until_nul(&buffer).unwrap_or_default().to_string_lossy().into_owned()
}
