//! PostgreSQL functions and variables whose headers the bindings leave out.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;

mod raw {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        pub fn datum_image_eq(
            value1: pg_sys::Datum,
            value2: pg_sys::Datum,
            by_value: bool,
            length: std::ffi::c_int,
        ) -> bool;
        pub fn get_partition_parent(relation: pg_sys::Oid, even_if_detached: bool) -> pg_sys::Oid;
        pub fn geterrcode() -> std::ffi::c_int;
    }
}

/// src/include/utils/datum.h
///
/// # Safety
/// Both values are of a type with these properties.
pub unsafe fn datum_image_eq(
    value1: pg_sys::Datum,
    value2: pg_sys::Datum,
    by_value: bool,
    length: std::ffi::c_int,
) -> bool {
    // SAFETY: by the caller's promise; errors become panics here.
    unsafe { pg_guard_ffi_boundary(|| raw::datum_image_eq(value1, value2, by_value, length)) }
}

/// src/include/catalog/partition.h
///
/// # Safety
/// The relation is a partition.
pub unsafe fn get_partition_parent(relation: pg_sys::Oid, even_if_detached: bool) -> pg_sys::Oid {
    // SAFETY: by the caller's promise; errors become panics here.
    unsafe { pg_guard_ffi_boundary(|| raw::get_partition_parent(relation, even_if_detached)) }
}

/// src/include/utils/elog.h; without a boundary for errors, as it raises none.
///
/// # Safety
/// PostgreSQL is reporting something.
pub unsafe fn geterrcode() -> std::ffi::c_int {
    // SAFETY: by the caller's promise.
    unsafe { raw::geterrcode() }
}

unsafe extern "C" {
    /// src/include/utils/bytea.h
    pub static mut bytea_output: std::ffi::c_int;
    /// src/include/utils/xml.h
    pub static mut xmloption: std::ffi::c_int;
}
