//! Text that PostgreSQL hands over is in the database's encoding, which need not be UTF-8.

use crate::error::Error;
use std::borrow::Cow;
use std::ffi::CString;
use std::fmt::Display;

/// The text for a parser that accepts ASCII only: what is not UTF-8 becomes characters it refuses.
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// 22P02 for a text that is not a value of `type_name`, and why.
pub fn refuse(
    type_name: &str,
    bytes: &[u8],
    reason: impl Display,
    hint: impl Into<String>,
) -> Error {
    let value = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.escape_ascii().to_string()),
    };
    Error::invalid_text(format!("invalid input syntax for type {type_name}: \"{value}\""))
        .detail(reason.to_string())
        .hint(hint)
}

/// What an output function returns.
pub fn output(text: &[u8]) -> CString {
    // Neither type has a zero byte in its text; if one had, nothing would be shown.
    CString::new(text).unwrap_or_default()
}
