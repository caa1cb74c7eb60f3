//! The model: what the table shows, as a function of the set of events on it. It is written for
//! clearness from the design alone and shares nothing with the extension.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub type Image = Map<String, Value>;
/// Rows by their key.
pub type Rows = BTreeMap<String, Image>;
/// The place in the order of events: HLC, origin, number.
pub type Stamp = (i64, String, i64);

/// An event of one row.
#[derive(Debug, Clone)]
pub struct Event {
    pub stamp: Stamp,
    pub row: String,
    pub deletes: bool,
    /// The columns that it decides; `None` for all.
    pub touched: Option<BTreeSet<String>>,
    pub image: Image,
}

/// The columns that are each unique.
const UNIQUE: [&str; 2] = ["slug", "code"];

/// A row of the fold: each column's value with the stamp of the event that decided it.
type Decided = BTreeMap<String, (Stamp, Value)>;

/// What the table shows.
pub fn visible(events: &[Event]) -> Rows {
    let rows = existing(events);
    let owners = owners(&rows);
    let owns_all = |key: &String, row: &Decided| {
        UNIQUE.iter().all(|column| match claim(row, column) {
            None => true,
            Some((_, value)) => owners[&(*column, value.to_string())].1 == *key,
        })
    };
    let mut shown: BTreeSet<String> =
        rows.iter().filter(|(key, row)| owns_all(key, row)).map(|(key, _)| key.clone()).collect();
    // The greatest set in which every parent is shown.
    loop {
        let orphan =
            |key: &&String| parent(&rows[*key]).is_some_and(|parent| !shown.contains(&parent));
        let Some(orphan) = shown.iter().find(orphan).cloned() else { break };
        shown.remove(&orphan);
    }
    let image = |row: Decided| row.into_iter().map(|(name, (_, value))| (name, value)).collect();
    rows.into_iter()
        .filter(|(key, _)| shown.contains(key))
        .map(|(key, row)| (key, image(row)))
        .collect()
}

/// The rows that exist, each folded by itself.
fn existing(events: &[Event]) -> BTreeMap<String, Decided> {
    let mut by_row: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        by_row.entry(&event.row).or_default().push(event);
    }
    by_row
        .into_iter()
        .filter_map(|(key, mut events)| {
            events.sort_by(|x, y| x.stamp.cmp(&y.stamp));
            if events.last()?.deletes {
                return None;
            }
            Some((key.to_owned(), whole_where_broken(folded(&events), &events)))
        })
        .collect()
}

/// Events in their order.
fn folded(events: &[&Event]) -> Decided {
    let mut row = Decided::new();
    for event in events.iter().filter(|event| !event.deletes) {
        for (name, value) in &event.image {
            if event.touched.as_ref().is_none_or(|touched| touched.contains(name)) {
                row.insert(name.clone(), (event.stamp.clone(), value.clone()));
            }
        }
    }
    row
}

/// Where merged edits break the CHECK together, the whole image of the latest.
fn whole_where_broken(row: Decided, events: &[&Event]) -> Decided {
    let number = |name: &str| row.get(name).and_then(|(_, value)| number(value)).unwrap_or(0);
    if number("t") + number("code") <= 8 {
        return row;
    }
    let last = events.iter().rev().find(|event| !event.deletes).expect("something gave it values");
    let value =
        |(name, value): (&String, &Value)| (name.clone(), (last.stamp.clone(), value.clone()));
    last.image.iter().map(value).collect()
}

/// Who owns each unique value: the claim with the greatest stamp, then the greatest key.
fn owners(rows: &BTreeMap<String, Decided>) -> BTreeMap<(&'static str, String), (Stamp, String)> {
    let mut owners = BTreeMap::new();
    for (key, row) in rows {
        for column in UNIQUE {
            let Some((stamp, value)) = claim(row, column) else { continue };
            let claim = (stamp.clone(), key.clone());
            let owner = owners.entry((column, value.to_string())).or_insert_with(|| claim.clone());
            if claim > *owner {
                *owner = claim;
            }
        }
    }
    owners
}

fn claim<'a>(row: &'a Decided, column: &str) -> Option<&'a (Stamp, Value)> {
    row.get(column).filter(|(_, value)| !value.is_null())
}

fn parent(row: &Decided) -> Option<String> {
    row.get("parent").and_then(|(_, value)| value.as_str()).map(str::to_owned)
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(hlc: i64, row: &str, image: Value, touched: &[&str]) -> Event {
        let Value::Object(image) = image else { panic!("no image") };
        Event {
            stamp: (hlc, "n".into(), hlc),
            row: row.into(),
            deletes: image.is_empty(),
            touched: match touched {
                [] => None,
                names => Some(names.iter().map(|name| (*name).to_owned()).collect()),
            },
            image,
        }
    }

    fn row(slug: i64, code: i64, parent: Value) -> Value {
        json!({"t": 0, "slug": slug, "code": code, "parent": parent})
    }

    fn keys(events: &[Event]) -> Vec<String> {
        visible(events).into_keys().collect()
    }

    #[test]
    fn the_later_claim_stands_however_its_row_was_edited_since() {
        let mut events = vec![
            event(1, "a", row(1, 1, Value::Null), &[]),
            event(2, "b", row(1, 2, Value::Null), &[]),
        ];
        assert_eq!(keys(&events), ["b"]);
        events.push(event(3, "a", json!({"t": 5, "slug": 1, "code": 1}), &["t"]));
        assert_eq!(keys(&events), ["b"], "an edit of another column is no claim");
        events.push(event(4, "b", json!({}), &[]));
        assert_eq!(keys(&events), ["a"]);
    }

    #[test]
    fn a_row_that_is_set_aside_keeps_what_it_owns() {
        let events = [
            event(1, "a", row(1, 1, Value::Null), &[]),
            event(2, "b", row(1, 2, Value::Null), &[]),
            event(3, "c", row(3, 2, Value::Null), &[]),
        ];
        // b lost its code to c, and slug 1 is b's nevertheless.
        assert_eq!(keys(&events), ["c"]);
    }

    #[test]
    fn equal_stamps_are_decided_by_the_key() {
        let mut events = vec![
            event(1, "a", row(1, 1, Value::Null), &[]),
            event(1, "b", row(1, 2, Value::Null), &[]),
        ];
        assert_eq!(keys(&events), ["b"]);
        events.reverse();
        assert_eq!(keys(&events), ["b"]);
    }

    #[test]
    fn children_go_with_their_parents_and_circles_stand() {
        let events = [
            event(1, "a", row(1, 1, json!("gone")), &[]),
            event(2, "b", row(2, 2, json!("a")), &[]),
            event(3, "c", row(3, 3, json!("d")), &[]),
            event(4, "d", row(4, 4, json!("c")), &[]),
        ];
        assert_eq!(keys(&events), ["c", "d"]);
    }

    #[test]
    fn a_broken_check_shows_the_latest_image() {
        let events = [
            event(1, "a", json!({"t": 2, "slug": 1, "code": 1, "parent": null}), &[]),
            event(2, "a", json!({"t": 7, "slug": 1, "code": 1, "parent": null}), &["t"]),
            event(3, "a", json!({"t": 2, "slug": 1, "code": 3, "parent": null}), &["code"]),
        ];
        assert_eq!(visible(&events)["a"]["t"], 2);
    }
}
