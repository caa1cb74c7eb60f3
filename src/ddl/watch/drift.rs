//! What happened to tracked tables while nobody watched: a restore that brings things in its own order, event
//! triggers that were off, locks that somebody else held.

use super::touched::Touched;
use super::{follow, own, publications};
use crate::ddl::note::Quiet;
use crate::ddl::registry::{self, Pair};
use crate::error::Result;
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use crate::pg::relation::try_lock;
use pgrx::pg_sys;

/// Notes and repairs what can be had without waiting; the rest has its turn with the next tick.
pub fn check_drift() -> Result<()> {
    let Some(_quiet) = Quiet::enter() else { return Ok(()) };
    let _owner = AsOwner::of(catalog::log()?);
    own::restore();
    publications::restore();
    let touched = Touched::by_tick();
    for pair in registry::pairs().iter().filter(|pair| !pair.is_settled()) {
        if is_free(pair) {
            // As it is now that it is locked.
            follow(&registry::pair(pair.relation()), &touched)?;
        }
    }
    Ok(())
}

fn is_free(pair: &Pair) -> bool {
    let members = pair.now.as_ref().map(|now| now.members.as_slice()).unwrap_or_default();
    let own = [pair.relation()];
    own.iter().chain(members).all(|member| try_lock(*member, pg_sys::ShareRowExclusiveLock))
}
