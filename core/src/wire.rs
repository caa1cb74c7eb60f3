//! Events as they travel: JSON objects keyed by the columns of the log. Whatever is not of that form
//! is refused by the name of the field.

use crate::context::is_inet;
use crate::hlc::Hlc;
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Ulid,
    Ulids,
    Hlc,
    Number,
    Text,
    Texts,
    Object,
    Inet,
    Vector,
}

/// Every field: its form, and whether it may be null.
const FIELDS: &[(&str, Form, bool)] = &[
    ("event_id", Form::Ulid, false),
    ("hlc", Form::Hlc, false),
    ("origin_node_id", Form::Ulid, false),
    ("node_sequence", Form::Number, false),
    ("group_sequence", Form::Number, false),
    ("group_size", Form::Number, false),
    ("table_schema", Form::Text, true),
    ("table_name", Form::Text, true),
    ("record_id", Form::Text, true),
    ("operation", Form::Text, false),
    ("touched", Form::Texts, true),
    ("silent", Form::Texts, true),
    ("action", Form::Text, true),
    ("session_user", Form::Text, false),
    ("user_id", Form::Text, true),
    ("request_id", Form::Text, true),
    ("ip", Form::Inet, true),
    ("old_values", Form::Object, true),
    ("new_values", Form::Object, true),
    ("base_version", Form::Hlc, true),
    ("observed", Form::Vector, true),
    ("depends_on_event_ids", Form::Ulids, true),
    ("metadata", Form::Object, true),
    ("wall_timestamp", Form::Text, false),
];

fn refuse<T>(message: String) -> Result<T, WireError> {
    Err(WireError { message })
}

/// Checks an event and returns what identifies it.
pub fn check(event: &Value) -> Result<Identity, WireError> {
    let Value::Object(fields) = event else {
        return refuse(format!("event {} is not a JSON object", shorten(event)));
    };
    if let Some(unknown) = fields.keys().find(|key| FIELDS.iter().all(|(name, ..)| name != key)) {
        return refuse(format!("event has an unknown field \"{unknown}\""));
    }
    for (name, form, nullable) in FIELDS {
        match fields.get(*name).unwrap_or(&Value::Null) {
            Value::Null if *nullable => {}
            Value::Null => return refuse(format!("event lacks the field \"{name}\"")),
            value if form.fits(value) => {}
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
    let number = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0);
    let given = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sequence, first, size) =
        (number("node_sequence"), number("group_sequence"), number("group_size"));
    if first < 1 || size < 1 || sequence < first || sequence - first >= size {
        return refuse(format!(
            "node_sequence {sequence} is not in the group of group_sequence {first}, group_size {size}"
        ));
    }
    if sequence == first && !given("observed") {
        return refuse(format!(
            "event {sequence} is the first of its group and lacks \"observed\""
        ));
    }
    let operation = text("operation");
    let Ok(said) = Operation::from_word(operation) else {
        return refuse(format!("field \"operation\" of an event cannot be \"{operation}\""));
    };
    let needed: &[&str] = match said {
        Operation::Insert => &["table_schema", "table_name", "record_id", "new_values"],
        Operation::Update | Operation::Stale => {
            &["table_schema", "table_name", "record_id", "old_values", "new_values"]
        }
        Operation::Delete | Operation::Truncate => {
            &["table_schema", "table_name", "record_id", "old_values"]
        }
        _ => &[],
    };
    if let Some(missing) = needed.iter().find(|name| !given(name)) {
        return refuse(format!("{operation} event lacks the field \"{missing}\""));
    }
    let ulid = |name: &str| Ulid::parse(text(name)).unwrap_or_else(|_| Ulid::from_bytes([0; 16]));
    Ok(Identity { origin: ulid("origin_node_id"), sequence, event_id: ulid("event_id") })
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Form::Ulid, Value::String(text)) => Ulid::parse(text).is_ok(),
            (Form::Ulids, Value::Array(items)) => items.iter().all(|item| Form::Ulid.fits(item)),
            (Form::Hlc, Value::String(text)) => text.parse::<Hlc>().is_ok(),
            (Form::Number, Value::Number(number)) => number.as_i64().is_some_and(|n| n >= 0),
            (Form::Text, Value::String(_)) | (Form::Object, Value::Object(_)) => true,
            (Form::Texts, Value::Array(items)) => items.iter().all(Value::is_string),
            (Form::Inet, Value::String(text)) => is_inet(text),
            (Form::Vector, Value::Object(entries)) => entries
                .iter()
                .all(|(node, number)| Ulid::parse(node).is_ok() && Form::Number.fits(number)),
            _ => false,
        }
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
