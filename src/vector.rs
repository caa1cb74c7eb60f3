//! The vector: what this node has taken in of each other node's events.

#![allow(unsafe_code)]

use crate::error::Result;
use crate::log::event::Varlena;
use crate::log::metadata;
use crate::pg::catalog;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;
use serde_json::{Map, Value};

const NODE_ID: usize = 0;
const APPLIED_SEQUENCE: usize = 8;

/// The vector under a snapshot taken now, as `jsonb`. The node's own entry is left out: its earlier
/// numbers are implied by the event's.
pub fn observed(node_id: Ulid) -> Result<Varlena> {
    let own = node_id.to_bytes();
    let mut entries = Map::new();
    for (other, sequence) in read(catalog::nodes()?) {
        if other != own && sequence > 0 {
            entries.insert(Ulid::from_bytes(other).to_string(), Value::from(sequence));
        }
    }
    if entries.is_empty() {
        return Ok(empty_object());
    }
    metadata::to_jsonb(&Value::Object(entries).to_string())
}

/// `'{}'::jsonb`: a container header that counts nothing.
fn empty_object() -> Varlena {
    Varlena::with_payload(&0x2000_0000_u32.to_ne_bytes())
}

/// Reads the table directly: this runs at every commit.
fn read(nodes: pg_sys::Oid) -> Vec<([u8; 16], i64)> {
    let mut vector = Vec::new();
    // SAFETY: an ordinary sequential scan; what it opens is closed below or by the abort.
    unsafe {
        let relation = pg_sys::table_open(nodes, pg_sys::AccessShareLock as i32);
        let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::Oid::INVALID,
            false,
            snapshot,
            0,
            std::ptr::null_mut(),
        );
        let descriptor = (*relation).rd_att;
        let mut values = vec![pg_sys::Datum::from(0); (*descriptor).natts as usize];
        let mut nulls = vec![false; values.len()];
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            pg_sys::heap_deform_tuple(tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            let id = values[NODE_ID].cast_mut_ptr::<[u8; 16]>();
            vector.push((*id, values[APPLIED_SEQUENCE].value() as i64));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::UnregisterSnapshot(snapshot);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    vector
}
