//! Values of PostgreSQL's variable-length types: `text`, `jsonb`, arrays.

#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::pg::function;
use pgrx::pg_sys;
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};

/// A value in PostgreSQL's variable-length form, owned by Rust: a complete, uncompressed varlena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varlena(Box<[u64]>);

impl Varlena {
    /// A `text` value.
    pub fn text(text: &str) -> Varlena {
        Varlena::with_payload(text.as_bytes())
    }

    /// A varlena of these bytes.
    pub fn with_payload(payload: &[u8]) -> Varlena {
        let size = payload.len() + 4;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&concord_core::jsonb::varlena_header(size).to_ne_bytes());
        bytes.extend_from_slice(payload);
        Varlena::complete(&bytes)
    }

    /// A copy of a complete varlena.
    pub fn complete(bytes: &[u8]) -> Varlena {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_ne_bytes(padded);
        }
        Varlena(words.into_boxed_slice())
    }

    /// All its bytes, the header included.
    pub fn as_bytes(&self) -> &[u8] {
        let bytes = self.0.as_ptr().cast::<u8>();
        // SAFETY: the header, which every value has, says how many of the words' bytes count.
        unsafe {
            let size = pgrx::varsize_any(bytes.cast::<pg_sys::varlena>());
            std::slice::from_raw_parts(bytes, size)
        }
    }

    /// The text of a `text` value.
    pub fn as_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.as_bytes()[4..])
    }

    /// The datum; valid as long as this value.
    pub fn datum(&self) -> pg_sys::Datum {
        pg_sys::Datum::from(self.0.as_ptr())
    }
}

/// JSON text as a `jsonb` value.
pub fn to_jsonb(text: &str) -> Result<Varlena> {
    let text = CString::new(text).map_err(|_| Error::internal("NUL byte in JSON text"))?;
    // SAFETY: jsonb_in takes a C string and returns a plain varlena in the current context.
    unsafe {
        let datum = function::call(pg_sys::jsonb_in, &[pg_sys::Datum::from(text.as_ptr())]);
        Ok(copy_varlena(datum))
    }
}

/// Copies an uncompressed varlena out of PostgreSQL's memory.
///
/// # Safety
/// `datum` points to a four-byte-header varlena that is neither compressed nor toasted.
pub unsafe fn copy_varlena(datum: pg_sys::Datum) -> Varlena {
    // SAFETY: by the caller's promise.
    unsafe {
        let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
        let size = pgrx::varsize_any(pointer);
        Varlena::complete(std::slice::from_raw_parts(pointer.cast::<u8>(), size))
    }
}

/// The text of a complete `jsonb` value.
pub fn jsonb_text(jsonb: &[u8]) -> String {
    let copy = crate::pg::varlena::Varlena::complete(jsonb);
    // SAFETY: jsonb_out takes the value and returns a palloc'ed C string.
    unsafe {
        let text = super::function::call(pg_sys::jsonb_out, &[copy.datum()]);
        CStr::from_ptr(text.cast_mut_ptr::<c_char>()).to_string_lossy().into_owned()
    }
}

/// `text[]` of these names.
pub fn text_array(names: &[&str]) -> Vec<u8> {
    let header: [i32; 5] = [1, 0, pg_sys::TEXTOID.to_u32() as i32, names.len() as i32, 1];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_ne_bytes()).collect();
    for name in names {
        let size = name.len() + 4;
        bytes.extend_from_slice(&concord_core::jsonb::varlena_header(size).to_ne_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let header = concord_core::jsonb::varlena_header(bytes.len() + 4).to_ne_bytes();
    [&header[..], &bytes].concat()
}
