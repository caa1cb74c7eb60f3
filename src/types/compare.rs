//! The comparison operators' functions. PostgreSQL's own for `int8` and `uuid` would do as well, but a
//! function of another name that is declared LANGUAGE internal is looked for among all of PostgreSQL's
//! built-in ones, one by one, whenever a plan that uses it starts (`fmgr_lookupByName`,
//! src/backend/utils/fmgr/fmgr.c): some ten microseconds each time.

use pgrx::pg_sys;

/// Declares a version-1 C function that compares its two arguments. Nothing in it can fail, so it
/// needs no guard.
macro_rules! comparison {
    ($name:ident, $read:ident, $operator:tt) => {
        $crate::pg_finfo!($name);

        /// Compares two values.
        ///
        /// # Safety
        /// To be called by PostgreSQL's function manager only.
        #[allow(unsafe_code)]
        #[unsafe(export_name = concat!("concord_", stringify!($name)))]
        pub unsafe extern "C" fn $name(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
            // SAFETY: declared STRICT with two arguments of the type.
            unsafe { pg_sys::Datum::from($read(fcinfo, 0) $operator $read(fcinfo, 1)) }
        }
    };
}

#[allow(unsafe_code)]
unsafe fn hlc(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> i64 {
    // SAFETY: by the caller's promise; the type is passed by value.
    unsafe { (*fcinfo).args.as_slice(n + 1)[n].value.value() as i64 }
}

#[allow(unsafe_code)]
unsafe fn ulid<'a>(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> &'a [u8; 16] {
    // SAFETY: by the caller's promise; the type is passed by reference and has 16 bytes.
    unsafe { &*(*fcinfo).args.as_slice(n + 1)[n].value.cast_mut_ptr::<[u8; 16]>() }
}

comparison!(hlc_lt, hlc, <);
comparison!(hlc_le, hlc, <=);
comparison!(hlc_eq, hlc, ==);
comparison!(hlc_ne, hlc, !=);
comparison!(hlc_ge, hlc, >=);
comparison!(hlc_gt, hlc, >);
comparison!(ulid_lt, ulid, <);
comparison!(ulid_le, ulid, <=);
comparison!(ulid_eq, ulid, ==);
comparison!(ulid_ne, ulid, !=);
comparison!(ulid_ge, ulid, >=);
comparison!(ulid_gt, ulid, >);
