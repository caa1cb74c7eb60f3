//! The version column of a table, and a version as it holds it.

use crate::clock;
use crate::error::Result;
use crate::types::hlc::Hlc as SqlHlc;
use crate::types::ulid::Ulid as SqlUlid;
use concord_core::hlc::Hlc;
use concord_core::ulid::Ulid;
use pgrx::{IntoDatum, pg_sys};

/// The version column of a relation.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// Its place in the row, from 0.
    pub index: usize,
    /// Which type it has.
    pub kind: VersionKind,
}

/// The types that can be a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// `concord.hlc`
    Hlc,
    /// `concord.ulid`
    Ulid,
}

impl VersionKind {
    /// The version as an HLC: a ULID's first 64 bits are one.
    ///
    /// # Safety
    /// The datum is of this type, not null.
    #[allow(unsafe_code)]
    pub unsafe fn hlc_of(self, datum: pg_sys::Datum) -> i64 {
        match self {
            VersionKind::Hlc => datum.value() as i64,
            VersionKind::Ulid => {
                // SAFETY: by the caller's promise.
                let bytes = unsafe { *datum.cast_mut_ptr::<[u8; 8]>() };
                i64::try_from(u64::from_be_bytes(bytes)).unwrap_or(i64::MAX)
            }
        }
    }
}

/// A version of either type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionStamp {
    /// Of type `hlc`.
    Hlc(Hlc),
    /// Of type `ulid`.
    Ulid(Ulid),
}

impl VersionStamp {
    /// A fresh version, greater than every one before.
    pub fn fresh(kind: VersionKind) -> Result<VersionStamp> {
        Ok(match kind {
            VersionKind::Hlc => VersionStamp::Hlc(clock::tick()?),
            VersionKind::Ulid => {
                crate::clock::seed::ensure_seeded()?;
                VersionStamp::Ulid(clock::functions::new_ulid()?)
            }
        })
    }

    /// Reads the version column's value.
    ///
    /// # Safety
    /// The datum is the value of that column, not null.
    #[allow(unsafe_code)]
    pub unsafe fn read(version: &Version, datum: pg_sys::Datum) -> VersionStamp {
        match version.kind {
            VersionKind::Hlc => {
                VersionStamp::Hlc(Hlc::try_from(datum.value() as i64).unwrap_or_default())
            }
            VersionKind::Ulid => {
                // SAFETY: by the caller's promise.
                VersionStamp::Ulid(Ulid::from_bytes(unsafe { *datum.cast_mut_ptr::<[u8; 16]>() }))
            }
        }
    }

    /// The value for the column, in the current memory context.
    pub fn datum(self) -> pg_sys::Datum {
        let datum = match self {
            VersionStamp::Hlc(hlc) => SqlHlc::from(hlc).into_datum(),
            VersionStamp::Ulid(ulid) => SqlUlid::from(ulid).into_datum(),
        };
        datum.unwrap_or(pg_sys::Datum::from(0))
    }

    /// The version's place in time.
    pub fn hlc(self) -> i64 {
        match self {
            VersionStamp::Hlc(hlc) => hlc.as_i64(),
            VersionStamp::Ulid(ulid) => {
                let (first, _) = ulid.as_bytes().split_at(8);
                let word = first.try_into().map(u64::from_be_bytes).unwrap_or(u64::MAX);
                i64::try_from(word).unwrap_or(i64::MAX)
            }
        }
    }
}

impl std::fmt::Display for VersionStamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            VersionStamp::Hlc(hlc) => hlc.fmt(f),
            VersionStamp::Ulid(ulid) => ulid.fmt(f),
        }
    }
}
