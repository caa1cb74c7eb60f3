//! The vector: what this node has taken in of each other node's events.

use crate::error::{Error, Result};
use crate::pg::layout::{self, Expected};
use crate::pg::relation::Open;
use crate::pg::scan::each_row;
use crate::pg::tuple::RowValues;
use crate::pg::varlena::{Varlena, to_jsonb};
use crate::pg::{catalog, query};
use crate::types::{hlc::Hlc as SqlHlc, ulid::Ulid as SqlUlid};
use concord_core::event::Vector;
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
    for (other, sequence) in read(catalog::nodes()?)? {
        if other != own && sequence > 0 {
            entries.insert(Ulid::from_bytes(other).to_string(), Value::from(sequence));
        }
    }
    if entries.is_empty() {
        return Ok(empty_object());
    }
    to_jsonb(&Value::Object(entries).to_string())
}

/// `'{}'::jsonb`: a container header that counts nothing.
fn empty_object() -> Varlena {
    Varlena::with_payload(&0x2000_0000_u32.to_ne_bytes())
}

/// Numbers applied of each node. Reads the table directly: this runs at every commit.
#[allow(unsafe_code)]
pub fn read(nodes: pg_sys::Oid) -> Result<Vec<([u8; 16], i64)>> {
    let mut vector = Vec::new();
    // SAFETY: the table is open and locked; its columns are those expected.
    unsafe {
        let open = Open::briefly(nodes);
        let relation = open.as_ptr();
        require(relation)?;
        let descriptor = (*relation).rd_att;
        each_row(relation, |tuple| {
            let row = RowValues::of(tuple, descriptor);
            if let (Some(id), Some(sequence)) = (row.get(NODE_ID), row.get(APPLIED_SEQUENCE)) {
                vector.push((*id.cast_mut_ptr::<[u8; 16]>(), sequence.value() as i64));
            }
            Ok(())
        })?;
    }
    Ok(vector)
}

/// Refuses a table whose columns are not those of sql/20_identity.sql as far as they are read.
#[allow(unsafe_code)]
unsafe fn require(nodes: pg_sys::Relation) -> Result<()> {
    let expected: [Expected<'_>; APPLIED_SEQUENCE + 1] = [
        ("node_id", SqlUlid::oid()),
        ("name", pg_sys::TEXTOID),
        ("hostname", pg_sys::TEXTOID),
        ("status", pg_sys::TEXTOID),
        ("predecessor_id", SqlUlid::oid()),
        ("registered_at", pg_sys::TIMESTAMPTZOID),
        ("last_heartbeat", pg_sys::TIMESTAMPTZOID),
        ("hlc_high_water_mark", SqlHlc::oid()),
        ("applied_sequence", pg_sys::INT8OID),
    ];
    // SAFETY: the caller has the relation open.
    unsafe { layout::require_first(nodes, &expected) }
}

/// A JSON object of node ids and numbers.
pub fn parse_vector(text: &str) -> Result<Vector> {
    let malformed = || Error::internal(format!("not a vector: {text}"));
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| malformed())?;
    let entries = value.as_object().ok_or_else(malformed)?;
    entries
        .iter()
        .map(|(node, sequence)| {
            let node = Ulid::parse(node).map_err(|_| malformed())?;
            Ok((node, sequence.as_i64().ok_or_else(malformed)?))
        })
        .collect()
}

/// The vector of this node.
pub fn read_vector() -> Result<Vector> {
    let text: String =
        query::one("SELECT concord.vector()::text", &[], |row| row.required(1)).unwrap_or_default();
    parse_vector(&text)
}
