//! A node tells of itself: by an event, so that word travels as everything else does.

use crate::error::Result;
use crate::identity::{Attached, attach, describe};
use crate::log::event::Captured;
use crate::log::{append, context, control};
use crate::pg::owner::AsOwner;
use crate::pg::query::{self, parameter};
use crate::types::parameter::ulid;
use concord_core::operation::Operation;
use pgrx::JsonB;
use serde_json::Value;

/// The residue that this node's sequences keep to, once it has one.
fn key_space(node: Attached) -> Option<Value> {
    let _owner = AsOwner::of(node.log);
    let key_space = query::one(
        "SELECT key_space FROM concord.nodes WHERE node_id = $1",
        &[ulid(node.node_id)],
        |row| row.get::<JsonB>(1),
    )
    .flatten();
    key_space.map(|space| space.0)
}

/// Appends a NODE event to this transaction and notes the heartbeat in `concord.nodes`.
pub fn heartbeat() -> Result<()> {
    let node = attach()?;
    let description = describe::of_node(None, key_space(node));
    let context = context::current();
    append(&Captured {
        metadata: Some(description.as_bytes()),
        ..control(Operation::Node, &context)
    })?;
    let _owner = AsOwner::of(node.log);
    query::run(
        "UPDATE concord.nodes
         SET name = $2, hostname = $3, last_heartbeat = pg_catalog.clock_timestamp(),
             status = CASE status WHEN 'stale' THEN 'active' ELSE status END
         WHERE node_id = $1",
        &[
            ulid(node.node_id),
            parameter(crate::identity::name()),
            parameter(crate::identity::hostname()),
        ],
    );
    Ok(())
}
