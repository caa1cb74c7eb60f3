//! The clock's value in shared memory.

use crate::error::Result;
use crate::pg::shmem::shared;
use concord_core::hlc::Hlc;
use std::sync::atomic::Ordering;

/// The last HLC given out; no tick.
pub fn last() -> Result<Hlc> {
    Ok(from_shared(shared()?.clock.load(Ordering::SeqCst)))
}

/// Makes sure that the clock stands at `floor` at least. For HLCs that this node wrote itself, which
/// no drift bound may make it forget.
pub fn raise_to(floor: Hlc) -> Result<()> {
    shared()?.clock.fetch_max(floor.as_i64() as u64, Ordering::SeqCst);
    Ok(())
}

/// What shared memory holds was a valid HLC when it was stored.
pub fn from_shared(value: u64) -> Hlc {
    Hlc::try_from(value as i64).unwrap_or_default()
}
