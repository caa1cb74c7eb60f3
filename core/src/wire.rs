//! Events as they travel: JSON objects keyed by the columns of the log. Whatever is not of that form
//! is refused by the name of the field.

use crate::context::is_inet;
use crate::hlc::Hlc;
use crate::log_column::{Kind, LogColumn};
use crate::operation::Operation;
use crate::ulid::Ulid;
use crate::word::Word;
use serde_json::{Map, Value};

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// What is wrong, naming the field and the value.
    pub message: String,
}

/// What identifies an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The origin.
    pub origin: Ulid,
    /// Its number there.
    pub sequence: i64,
    /// The event's id.
    pub event_id: Ulid,
}

fn refuse<T>(message: String) -> Result<T, WireError> {
    Err(WireError { message })
}

/// Checks an event and returns what identifies it.
pub fn check(event: &Value) -> Result<Identity, WireError> {
    let Value::Object(fields) = event else {
        return refuse(format!("event {} is not a JSON object", shorten(event)));
    };
    if let Some(unknown) = fields.keys().find(|key| LogColumn::of(key).is_none()) {
        return refuse(format!("event has an unknown field \"{unknown}\""));
    }
    for column in LogColumn::ALL {
        let name = column.name();
        match fields.get(name).unwrap_or(&Value::Null) {
            Value::Null if column.is_nullable() => {}
            Value::Null => return refuse(format!("event lacks the field \"{name}\"")),
            value if fits(column.kind(), value) => {}
            value => {
                return refuse(format!(
                    "field \"{name}\" of an event cannot be {}",
                    shorten(value)
                ));
            }
        }
    }
    check_whole(fields)
}

/// What fields must say together.
fn check_whole(fields: &Map<String, Value>) -> Result<Identity, WireError> {
    use LogColumn as Column;
    let value = |column: Column| fields.get(column.name()).filter(|value| !value.is_null());
    let number = |column| value(column).and_then(Value::as_i64).unwrap_or(0);
    let text = |column| value(column).and_then(Value::as_str).unwrap_or_default();
    let (sequence, first, size) =
        (number(Column::NodeSequence), number(Column::GroupSequence), number(Column::GroupSize));
    if first < 1 || size < 1 || sequence < first || sequence - first >= size {
        return refuse(format!(
            "node_sequence {sequence} is not in the group of group_sequence {first}, group_size {size}"
        ));
    }
    if sequence == first && value(Column::Observed).is_none() {
        return refuse(format!(
            "event {sequence} is the first of its group and lacks \"observed\""
        ));
    }
    let word = text(Column::Operation);
    let Ok(operation) = Operation::from_word(word) else {
        return refuse(format!("field \"operation\" of an event cannot be \"{word}\""));
    };
    let needed: &[Column] = match operation {
        Operation::Insert => {
            &[Column::TableSchema, Column::TableName, Column::RecordId, Column::NewValues]
        }
        Operation::Update | Operation::Stale => &[
            Column::TableSchema,
            Column::TableName,
            Column::RecordId,
            Column::OldValues,
            Column::NewValues,
        ],
        Operation::Delete | Operation::Truncate => {
            &[Column::TableSchema, Column::TableName, Column::RecordId, Column::OldValues]
        }
        _ => &[],
    };
    if let Some(missing) = needed.iter().find(|column| value(**column).is_none()) {
        return refuse(format!("{word} event lacks the field \"{}\"", missing.name()));
    }
    let ulid = |column| Ulid::parse(text(column)).unwrap_or_else(|_| Ulid::from_bytes([0; 16]));
    Ok(Identity { origin: ulid(Column::OriginNodeId), sequence, event_id: ulid(Column::EventId) })
}

/// Whether a value is of the form in which such a column travels.
fn fits(kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Ulid, Value::String(text)) => Ulid::parse(text).is_ok(),
        (Kind::Ulids, Value::Array(items)) => items.iter().all(|item| fits(Kind::Ulid, item)),
        (Kind::Hlc, Value::String(text)) => text.parse::<Hlc>().is_ok(),
        (Kind::Bigint | Kind::Integer, Value::Number(number)) => {
            number.as_i64().is_some_and(|n| n >= 0)
        }
        (Kind::Text | Kind::Time, Value::String(_)) | (Kind::Object, Value::Object(_)) => true,
        (Kind::Texts, Value::Array(items)) => items.iter().all(Value::is_string),
        (Kind::Inet, Value::String(text)) => is_inet(text),
        (Kind::Vector, Value::Object(entries)) => entries
            .iter()
            .all(|(node, number)| Ulid::parse(node).is_ok() && fits(Kind::Bigint, number)),
        _ => false,
    }
}

/// The value for a message, cut where it is long.
fn shorten(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        None => text,
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "event_id": "01M847TPEC000PY19TXN6YYH4S", "hlc": "2026-11-23T12:59:22.444Z/1",
            "origin_node_id": "01M847TPE50002K5SCB6S7DDH2", "node_sequence": 9,
            "group_sequence": 9, "group_size": 1, "table_schema": "public", "table_name": "page",
            "record_id": "1", "operation": "UPDATE", "session_user": "postgres",
            "old_values": {}, "new_values": {}, "observed": {}, "metadata": null,
            "wall_timestamp": "2026-11-23T12:59:22.44415+00:00"
        })
    }

    #[test]
    fn a_good_event_passes() {
        let identity = check(&event()).unwrap();
        assert_eq!(identity.sequence, 9);
        assert_eq!(identity.event_id.to_string(), "01M847TPEC000PY19TXN6YYH4S");
    }

    #[test]
    fn bad_fields_are_named() {
        for (field, value) in [
            ("event_id", json!("x")),
            ("hlc", json!(7.5)),
            ("node_sequence", json!("9")),
            ("node_sequence", json!(-1)),
            ("group_size", json!(0)),
            ("operation", json!("EXPLODE")),
            ("touched", json!([1])),
            ("ip", json!("1.2.3")),
            ("observed", json!({"x": 1})),
            ("observed", Value::Null),
            ("old_values", json!([])),
            ("new_values", Value::Null),
            ("depends_on_event_ids", json!(["y"])),
            ("session_user", Value::Null),
            ("colour", json!("red")),
        ] {
            let mut bad = event();
            bad[field] = value;
            let error = check(&bad).unwrap_err();
            assert!(error.message.contains(field), "{field}: {}", error.message);
        }
        assert!(check(&json!([])).is_err());
    }
}
