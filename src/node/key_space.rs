//! Key spaces: each node's sequences keep to a residue of their own (`sql/87_sequences.sql`).

use crate::error::{OrRaise, Result};
use crate::identity::{self, Attached};
use crate::node::heartbeat;
use crate::pg::catalog;
use crate::pg::owner::{AsOwner, limit_lock_waits};
use crate::pg::query::{self, parameter};
use crate::types::parameter::ulid;
use pgrx::{JsonB, pg_extern};

/// `concord._claim_key_space(jsonb)`: notes this node's key space, and tells the others.
#[pg_extern(sql = false)]
fn concord_claim_key_space(key_space: JsonB) {
    claim(key_space).or_raise();
}

fn claim(key_space: JsonB) -> Result<()> {
    let node = identity::attach()?;
    {
        let _owner = AsOwner::of(node.log);
        query::run(
            "UPDATE concord.nodes SET key_space = $2 WHERE node_id = $1",
            &[ulid(node.node_id), parameter(key_space)],
        );
    }
    heartbeat::heartbeat()
}

/// Sequences that can give the keys of other nodes: none where there is no other, as long as none was ever spread.
#[pg_extern(sql = false)]
fn concord_unspread_sequences() -> JsonB {
    unspread().or_raise()
}

fn unspread() -> Result<JsonB> {
    let _owner = AsOwner::of(catalog::log()?);
    let found = query::one(
        "SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                    'sequence', k.sequence::text, 'table', k.relation::text, 'column', k.column_name)
                    ORDER BY k.sequence::text, k.relation::text, k.column_name), '[]')
         FROM concord._key_sequences k
         WHERE NOT k.spread
           AND (k.place IS NOT NULL OR EXISTS (SELECT FROM concord._other_nodes)
                OR EXISTS (SELECT FROM concord.identity i JOIN concord.nodes n USING (node_id)
                           WHERE n.key_space IS NOT NULL))",
        &[],
        |row| row.required(1),
    );
    Ok(found.unwrap_or_else(|| JsonB(serde_json::json!([]))))
}

/// Two nodes that did not know of each other can have chosen the same key space. The one with the
/// greater id chooses again as soon as it learns of it. Sequences that are not in the space are moved into it.
pub fn keep_key_space(node: Attached) {
    let shared = query::exists(
        "SELECT FROM concord.nodes n JOIN concord.nodes o ON o.node_id < n.node_id
         WHERE n.node_id = $1 AND NOT n.key_space ? 'given' AND o.status <> 'retired'
           AND concord._key_spaces_meet(n.key_space, o.key_space)
         LIMIT 1",
        &[ulid(node.node_id)],
    );
    let _owner = AsOwner::of(node.log);
    limit_lock_waits(c"1s");
    if shared {
        query::run("SELECT concord.spread_sequences()", &[]);
    }
    query::run("SELECT concord._repair_sequences()", &[]);
}
