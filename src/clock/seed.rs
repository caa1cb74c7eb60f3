//! Where the clock starts: beyond everything that is in this database's log.

use crate::clock::value;
use crate::error::{Error, Result};
use crate::pg::backend::{in_recovery, my_database};
use crate::pg::owner::AsOwner;
use crate::pg::shmem::Guarded;
use crate::pg::{catalog, query};
use concord_core::hlc::Hlc;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::cell::Cell;

thread_local! {
    static SEEDED: Cell<bool> = const { Cell::new(false) };
}

/// Makes sure that the clock stands beyond everything in this database's log, and that this server
/// may tick at all: 25006 in recovery.
pub fn ensure_seeded() -> Result<()> {
    if SEEDED.get() {
        return Ok(());
    }
    refuse_in_recovery()?;
    let log = catalog::log()?;
    let attached = Guarded::lock()?.slot(my_database()).is_some_and(|slot| slot.log == log);
    if !attached {
        seed(log)?;
    }
    SEEDED.set(true);
    Ok(())
}

/// Raises the clock to the log's maximum. Identities whose clock was reset do not count: their
/// events carry the very HLCs that the reset was to get rid of. Returns the maximum.
pub fn seed(log: pg_sys::Oid) -> Result<u64> {
    let _owner = AsOwner::of(log);
    let highest = query::one(
        "SELECT pg_catalog.max(last.hlc)::bigint
         FROM concord.nodes n
         CROSS JOIN LATERAL (SELECT e.hlc FROM concord.change_events e
                             WHERE e.origin_node_id = n.node_id
                             ORDER BY e.node_sequence DESC LIMIT 1) last
         WHERE NOT EXISTS (SELECT FROM concord.identity i
                           WHERE i.node_id = n.node_id AND i.clock_reset)",
        &[],
        |row| row.get::<i64>(1),
    )
    .flatten();
    let highest = highest.and_then(|hlc| Hlc::try_from(hlc).ok()).unwrap_or_default();
    value::raise_to(highest)?;
    Ok(highest.as_i64() as u64)
}

pub fn refuse_in_recovery() -> Result<()> {
    if in_recovery() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            "cannot advance the hybrid logical clock during recovery",
        )
        .hint("A standby has no clock of its own; use the primary server, or promote this one."));
    }
    Ok(())
}
