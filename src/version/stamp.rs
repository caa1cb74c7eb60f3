//! A version as the column holds it.

use crate::capture::shape::Tracked;
use crate::capture::version::VersionStamp;
use crate::error::Result;
use serde_json::Value;

/// The version column of a table with a fresh version, as images hold it.
pub fn fresh(tracked: &Tracked) -> Result<Option<(String, Value)>> {
    let Some(version) = &tracked.version else { return Ok(None) };
    let stamp = VersionStamp::fresh(version.kind)?;
    Ok(Some((version.name.clone(), Value::String(stamp.to_string()))))
}
