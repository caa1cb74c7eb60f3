//! The SQL that resolves a conflict, ready to be copied.

use super::html::is_directional;
use super::phrases::Phrases;
use crate::conflict::ConflictType;
use crate::names::quote_literal;
use crate::report::conflict::{Cell, Column, ConflictShown};
use crate::resolution::Keep;
use crate::word::Word;
use serde_json::Value;
use std::fmt::Write;

/// A value whose JSON is longer is taken from the conflict instead of being written out.
const LONG: usize = 200;

/// What a statement does, and the statement.
pub type Command = (&'static str, String);

/// The ways to resolve a conflict. None for a tree's, which closes by itself.
pub fn commands(conflict: &ConflictShown, phrases: &Phrases) -> Vec<Command> {
    if conflict.kind == ConflictType::Tree {
        return Vec::new();
    }
    let keep = |keep: Keep| {
        let id = quote_literal(&conflict.id);
        format!("SELECT concord.resolve_conflict({id}, '{}');", keep.word())
    };
    let mut commands =
        vec![(phrases.keep_local, keep(Keep::Local)), (phrases.keep_remote, keep(Keep::Remote))];
    if let Some(sql) = merged(conflict) {
        commands.push(("Write something else: edit the values", sql));
    }
    commands
}

/// `keep => 'merged'` with the columns that differ, as the side that lost has them.
fn merged(conflict: &ConflictShown) -> Option<String> {
    let (side, image): (fn(&Column) -> &Cell, _) = match conflict.remote.exists {
        true => (|column| &column.remote, "remote_values"),
        false if conflict.local.exists => (|column| &column.local, "local_values"),
        false => return None,
    };
    let values: Vec<(&str, Option<Value>)> = conflict
        .differing()
        .filter(|column| column.settable && !matches!(side(column), Cell::Absent))
        .map(|column| (column.name.as_str(), side(column).short_json(LONG)))
        .collect();
    if values.is_empty() {
        return None;
    }
    let id = quote_literal(&conflict.id);
    if values.iter().all(|(_, value)| value.is_some()) {
        let object = object(values.iter().filter_map(|(n, v)| v.as_ref().map(|v| (*n, v))));
        return Some(format!(
            "SELECT concord.resolve_conflict({id}, '{}',\n    {});",
            Keep::Merged.word(),
            quote_literal(&object)
        ));
    }
    let pairs: Vec<String> = values
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{}, {}::jsonb", literal(name), literal(&json(value))),
            None => format!("{name}, c.{image} -> {name}", name = literal(name)),
        })
        .collect();
    Some(format!(
        "SELECT concord.resolve_conflict(c.conflict_id, '{}', jsonb_build_object(\n    {}))\n\
         FROM concord.conflicts c WHERE c.conflict_id = {id};",
        Keep::Merged.word(),
        pairs.join(",\n    ")
    ))
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}: {}", json(&Value::from(name)), json(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// JSON in which every character can be seen.
fn json(value: &Value) -> String {
    escape_unseen(&value.to_string(), |text, unit| write!(text, "\\u{unit:04x}"))
}

/// A string literal in which every character can be seen.
fn literal(text: &str) -> String {
    if !text.chars().any(unseen) {
        return quote_literal(text);
    }
    let doubled = text.replace('\\', "\\\\").replace('\'', "''");
    format!("E'{}'", escape_unseen(&doubled, |text, unit| write!(text, "\\u{unit:04x}")))
}

fn unseen(c: char) -> bool {
    c.is_control() || is_directional(c) || matches!(c, '\u{200b}' | '\u{feff}')
}

fn escape_unseen(text: &str, escape: impl Fn(&mut String, u32) -> std::fmt::Result) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        // All such characters are below U+10000, and writing to a string does not fail.
        if !(unseen(c) && escape(&mut seen, c as u32).is_ok()) {
            seen.push(c);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::card::tests::{conflict, text};
    use super::super::phrases;
    use super::*;

    fn last(conflict: &ConflictShown) -> String {
        commands(conflict, &phrases::of(conflict.kind)).pop().map_or(String::new(), |c| c.1)
    }

    #[test]
    fn quoting_is_for_json_and_then_for_sql() {
        let found = conflict("t'itle", text("old"), text("a"), text("it's \"b\" \\ \u{202e}"));
        assert_eq!(
            last(&found),
            "SELECT concord.resolve_conflict('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'merged',\n    \
             E'{\"t''itle\": \"it''s \\\\\"b\\\\\" \\\\\\\\ \\\\u202e\"}');"
        );
    }

    #[test]
    fn long_values_are_not_written_out() {
        let found = conflict("bo\u{202e}dy", text("old"), text("a"), text(&"b".repeat(500)));
        assert_eq!(
            last(&found),
            "SELECT concord.resolve_conflict(c.conflict_id, 'merged', jsonb_build_object(\n    \
             E'bo\\u202edy', c.remote_values -> E'bo\\u202edy'))\n\
             FROM concord.conflicts c WHERE c.conflict_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV';"
        );
    }

    #[test]
    fn a_side_without_a_row_gives_no_values() {
        let mut found = conflict("title", text("old"), text("a"), Cell::Absent);
        found.remote.exists = false;
        assert!(last(&found).contains("{\"title\": \"a\"}"));
        found.local.exists = false;
        assert!(last(&found).ends_with("'remote');"));
        found.kind = ConflictType::Tree;
        assert!(last(&found).is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_left_out() {
        let mut found = conflict("sum", text("1"), text("2"), text("3"));
        found.columns[0].settable = false;
        assert!(last(&found).ends_with("'remote');"));
    }

    #[test]
    fn other_values_than_texts_stay_what_they_are() {
        let number = Cell::Value { text: "12.50".to_owned(), length: 5, is_text: false };
        assert!(last(&conflict("n", text("1"), Cell::Null, number)).contains("{\"n\": 12.50}"));
        assert!(last(&conflict("n", text("1"), text("2"), Cell::Null)).contains("{\"n\": null}"));
    }
}
