//! `concord.node_id`: what it may pin.

use crate::error::{Error, Result};
use crate::identity::known::{Identity, last_number};
use crate::pg::backend::my_database;
use crate::pg::query;
use crate::pg::shmem::Guarded;
use crate::types::parameter::ulid;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;

/// Whether `concord.node_id` may stand: it is this node, or nobody yet.
pub fn check_pin(pin: Ulid, own: Option<&Identity>, elsewhere: Option<&Identity>) -> Result<()> {
    if own.is_some_and(|own| own.node_id == pin) {
        return Ok(());
    }
    if elsewhere.is_some_and(|old| old.node_id == pin) {
        return Err(Error::wrong_state(format!(
            "concord.node_id is set to \"{pin}\", but this database is not in the place of that node"
        ))
        .detail("The database was restored, copied or promoted, and two databases must not write as one node.")
        .hint(
            "Use ALTER DATABASE ... RESET concord.node_id to give this database an identity of its own, \
             or set it to a new value made by concord.gen_ulid().",
        ));
    }
    let known = query::exists("SELECT FROM concord.nodes WHERE node_id = $1", &[ulid(pin)]);
    if known {
        return Err(Error::invalid_argument(format!(
            "concord.node_id \"{pin}\" belongs to another node"
        ))
        .hint("Every node needs an id of its own. Reset concord.node_id, or set it to a value made by concord.gen_ulid()."));
    }
    match own {
        Some(own) if last_number(own.node_id) > 0 => Err(Error::wrong_state(format!(
            "concord.node_id is set to \"{pin}\", but this database is node \"{}\"",
            own.node_id
        ))
        .detail("The log already contains events of this node.")
        .hint(format!(
            "Use ALTER DATABASE ... RESET concord.node_id, or set it to '{}'.",
            own.node_id
        ))),
        _ => Ok(()),
    }
}

/// 55000 when another database of this server is the same node: `concord.node_id` was set for all.
pub fn refuse_shared_pin(node_id: Ulid) -> Result<()> {
    let bytes = node_id.to_bytes();
    // A copy: PostgreSQL must not be asked anything while the lock is held.
    let slots = *Guarded::lock()?.slots();
    let taken = slots
        .iter()
        .filter(|slot| slot.database != pg_sys::Oid::INVALID && slot.database != my_database())
        .any(|slot| slot.node_id == bytes && exists(slot.database));
    if taken {
        return Err(Error::wrong_state(format!(
            "another database of this server is node \"{node_id}\" already"
        ))
        .hint(
            "Set it for one database only, with ALTER DATABASE ... SET concord.node_id = '...'.",
        ));
    }
    Ok(())
}

/// Whether a database is still there: the slot of a dropped one is freed a little later.
#[allow(unsafe_code)]
fn exists(database: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up by object id.
    unsafe { !pg_sys::get_database_name(database).is_null() }
}
