//! `concord.set_context`.

use crate::log::lost_context;
use crate::pg_function;
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// The settings behind the arguments of `set_context`, in their order.
const SETTINGS: [&CStr; 6] = [
    c"concord.user_id",
    c"concord.request_id",
    c"concord.ip",
    c"concord.action",
    c"concord.metadata",
    c"concord.depends_on",
];

pg_function!(
    /// `concord.set_context(user_id, request_id, ip, action, metadata, depends_on) → void`: sets the
    /// context of this transaction's events. Null leaves a setting alone; 22023 for a bad value.
    set_context,
    |call| {
        let types = argument_types(call.function());
        let mut is_set = false;
        for (i, (setting, type_oid)) in SETTINGS.iter().zip(types).enumerate() {
            if let Some(datum) = call.datum(i) {
                // SAFETY: the argument is of the type that the function declares.
                set_local(setting, &unsafe { text_of(type_oid, datum) });
                is_set = true;
            }
        }
        if is_set {
            lost_context::note_call(call);
        }
        pg_sys::Datum::from(0)
    }
);

/// As a function declares them: who calls it past SQL has no expression that would know.
#[allow(unsafe_code)]
fn argument_types(function: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    let mut types = std::ptr::null_mut();
    let mut count = 0;
    // SAFETY: the array is palloc'ed, and as long as said.
    unsafe {
        pg_sys::get_func_signature(function, &mut types, &mut count);
        std::slice::from_raw_parts(types, count as usize).to_vec()
    }
}

/// An argument's text; an array without its braces.
#[allow(unsafe_code)]
unsafe fn text_of(type_oid: pg_sys::Oid, datum: pg_sys::Datum) -> CString {
    // SAFETY: by the caller's promise the value is of the type.
    unsafe {
        let mut function = pg_sys::Oid::INVALID;
        let mut is_varlena = false;
        pg_sys::getTypeOutputInfo(type_oid, &mut function, &mut is_varlena);
        let text = CStr::from_ptr(pg_sys::OidOutputFunctionCall(function, datum));
        match pg_sys::get_element_type(type_oid) {
            pg_sys::Oid::INVALID => text.to_owned(),
            _ => {
                let bytes = text.to_bytes();
                let inner = bytes.strip_prefix(b"{").and_then(|b| b.strip_suffix(b"}"));
                CString::new(inner.unwrap_or(bytes)).unwrap_or_default()
            }
        }
    }
}

#[allow(unsafe_code)]
fn set_local(name: &CStr, value: &CStr) {
    // SAFETY: the strings are copied.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
}
