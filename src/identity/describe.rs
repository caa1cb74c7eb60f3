//! What a NODE event says of this node.

use concord_core::ulid::Ulid;
use serde_json::{Map, Value};

/// What a NODE event says of this node, as JSON text.
pub fn of_node(predecessor: Option<Ulid>, key_space: Option<Value>) -> String {
    let mut fields = Map::new();
    fields.insert("name".into(), Value::String(crate::identity::name()));
    fields.insert("hostname".into(), Value::String(crate::identity::hostname()));
    if let Some(predecessor) = predecessor {
        fields.insert("predecessor_id".into(), Value::String(predecessor.to_string()));
    }
    if let Some(key_space) = key_space {
        fields.insert("key_space".into(), key_space);
    }
    Value::Object(fields).to_string()
}
