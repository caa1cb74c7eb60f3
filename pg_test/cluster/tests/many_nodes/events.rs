//! Events on their way, as JSON: taken apart, and changed where nodes cannot be made to write such.

use serde_json::Value;

/// The groups that these events are, in their order.
pub fn groups(events: &[String]) -> Vec<Vec<String>> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for event in events {
        let fields = parse(event);
        let name = format!("{} {}", fields["origin_node_id"], fields["group_sequence"]);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(event.clone()),
            None => groups.push((name, vec![event.clone()])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A field's text.
pub fn field(event: &str, name: &str) -> String {
    match &parse(event)[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The event with another value in a field.
pub fn with(event: &str, name: &str, value: &str) -> String {
    let mut fields = parse(event);
    fields[name] = Value::String(value.to_owned());
    fields.to_string()
}

fn parse(event: &str) -> Value {
    serde_json::from_str(event).expect("an event is JSON")
}

/// Every order of these.
pub fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let item = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, item.clone());
                order
            })
        })
        .collect()
}
