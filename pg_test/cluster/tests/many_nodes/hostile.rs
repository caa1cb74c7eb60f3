//! Whatever a peer says in an event, it is refused, or every function that reads what came goes on to work.

use crate::world::World;
use concord_cluster::random::{Random, rounds};
use serde_json::{Value, json};

const SCHEMA: &str = "
    CREATE TABLE page (id serial PRIMARY KEY, title text, row_version concord.hlc);
    SELECT concord.track('page', conflict_policy => 'manual', on_stale => 'record');
    SELECT concord.spread_sequences();";

/// What reads what events say.
const READERS: [&str; 12] = [
    // Before what writes events of this node.
    "SELECT concord.retry_pending()",
    "SELECT concord.tick()",
    "SELECT length(concord.report())",
    "SELECT count(*) FROM concord.gaps()",
    "SELECT count(*) FROM concord.peers",
    "SELECT count(*) FROM concord.status",
    "SELECT concord.spread_sequences()",
    "SELECT concord.vector(), concord.received_vector()",
    "SELECT count(*) FROM concord.export_events()",
    "SELECT count(*) FROM concord.conflicts_plain",
    "SELECT count(*) FROM concord.history('page', '1')",
    "SELECT concord.row_at('page', '1', now())",
];

/// Values that some statement could stumble over.
fn hostile() -> Vec<Value> {
    let long = "x".repeat(100_000);
    let mut values = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(1e300),
        json!(0.5),
        json!([]),
        json!({}),
        json!([1, "a", null]),
        json!({"place": "x", "places": 0, "small_places": 0}),
        json!({"place": 0, "places": 0, "small_places": 0}),
        json!({"place": 1, "places": 8, "small_places": 8, "given": 1}),
        json!({"01M847TPEC000PY19TXN6YYH4S": i64::MAX, "x": 1}),
        json!({"01M847TPEC000PY19TXN6YYH4S": i64::MAX}),
    ];
    values.extend(
        [
            "",
            "infinity",
            "-infinity",
            "now",
            "294276-12-31T23:59:59Z",
            "4713-01-01 BC",
            "x'); DROP TABLE page; --",
            "\u{202e}\u{7}",
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "00000000000000000000000000",
            "9999-12-31T23:59:59.999999Z",
        ]
        .map(|text| json!(text)),
    );
    values.push(json!(long));
    values
}

/// The fields of an event, and those within its metadata and vector.
fn paths(event: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, value) in event.as_object().expect("an object") {
        paths.push(format!("/{name}"));
        if let ("metadata" | "observed", Some(fields)) = (name.as_str(), value.as_object()) {
            paths.extend(fields.keys().map(|key| format!("/{name}/{key}")));
        }
    }
    // What the event does not say, but could.
    for (name, key) in [
        ("metadata", "key_space"),
        ("metadata", "predecessor_id"),
        ("metadata", "unseen"),
        ("metadata", "renamed_from"),
    ] {
        paths.push(format!("/{name}/{key}"));
    }
    paths
}

fn set(event: &mut Value, path: &str, value: Value) -> bool {
    let (parent, key) = path.rsplit_once('/').expect("a path");
    match event.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(key.into(), value);
            true
        }
        _ => false,
    }
}

#[test]
fn what_a_peer_says_is_refused_or_does_no_harm() {
    let mut random = Random::for_test();
    let share = rounds(12);
    let mut world = World::new("said", 2, SCHEMA);
    world.node(0).run("INSERT INTO page (title) VALUES ('a'), ('b')");
    world.settle();
    // One of each kind: rows, a stale write, a decision, DDL, what a node tells of itself.
    world.node(1).run("UPDATE page SET title = 'there'");
    world.node(0).run("UPDATE page SET title = 'here'");
    world.node(0).run("UPDATE page SET title = 'stale', row_version = '1' WHERE title = 'here'");
    world.pull(0, 1);
    let events = world.lacking(1, 0, 1000);
    world.apply(1, &events);
    world.node(0).run(
        "SELECT concord.resolve_conflict(conflict_id, 'remote') FROM concord.conflicts
         WHERE resolved_at IS NULL AND conflict_type <> 'stale_write' LIMIT 1",
    );
    world.node(0).run("ALTER TABLE page ADD COLUMN more text; SELECT concord.heartbeat()");
    let mut rest = world.lacking(1, 0, 1000);
    rest.extend(events);
    let mut kinds = Vec::new();
    let (mut refused, mut taken) = (0, 0);
    for text in &rest {
        let event: Value = serde_json::from_str(text).expect("an event is JSON");
        let kind = event["operation"].as_str().unwrap_or_default().to_owned();
        if kinds.contains(&kind) {
            continue;
        }
        kinds.push(kind.clone());
        for path in paths(&event) {
            for value in hostile() {
                // Of so many some each time.
                if !random.chance(share) {
                    continue;
                }
                let mut bad = event.clone();
                // A number of its own, so that it is the next of a node that is new.
                bad["origin_node_id"] = json!("01M847TPEC000PY19TXN6YYH4S");
                bad["event_id"] = json!("01M847TPEC000PY19TXN6YYH4T");
                for (name, number) in
                    [("node_sequence", 1), ("group_sequence", 1), ("group_size", 1)]
                {
                    bad[name] = json!(number);
                }
                bad["observed"] = json!({});
                bad["depends_on_event_ids"] = Value::Null;
                if !set(&mut bad, &path, value.clone()) {
                    continue;
                }
                let node = world.node(1);
                node.run("BEGIN");
                let applied = node.client().query_one(
                    "SELECT applied FROM concord.apply_events(ARRAY[$1::text::jsonb])",
                    &[&bad.to_string()],
                );
                match applied {
                    Err(error) => {
                        let code = error.code().map_or("", |code| code.code()).to_owned();
                        assert!(
                            !code.is_empty() && !code.starts_with("XX"),
                            "{kind} {path} {value}: {error:?}"
                        );
                        refused += 1;
                    }
                    Ok(_) => {
                        taken += 1;
                        for reader in READERS {
                            if let Err(error) = node.client().batch_execute(reader) {
                                panic!("{kind} {path} = {value}: {reader}: {error:?}");
                            }
                        }
                    }
                }
                node.run("ROLLBACK");
            }
        }
    }
    let told = rest.iter().find(|event| event.contains("\"NODE\"")).expect("a NODE event");
    let mut told: Value = serde_json::from_str(told).expect("an event is JSON");
    told["metadata"]["key_space"] = json!({"place": "somewhere"});
    told["origin_node_id"] = json!("01M847TPEC000PY19TXN6YYH4S");
    told["event_id"] = json!("01M847TPEC000PY19TXN6YYH4T");
    told["node_sequence"] = json!(1);
    told["group_sequence"] = json!(1);
    told["group_size"] = json!(1);
    told["observed"] = json!({});
    let refusal = world
        .node(1)
        .refusal(&format!("SELECT concord.apply_events(ARRAY[$event${told}$event$::jsonb])"));
    refusal.expect(
        "22023",
        &[
            r#"field "metadata.key_space" of event 1 of node "01M847TPEC000PY19TXN6YYH4S" cannot be {"place": "somewhere"}"#,
            "No version of concord writes such an event; ask who runs the node.",
        ],
    );
    assert!(refused > 20 && taken > 20, "{refused} refused, {taken} taken");
    for kind in ["INSERT", "UPDATE", "STALE", "RESOLVE", "DDL", "NODE"] {
        assert!(kinds.iter().any(|k| k == kind) || kind == "INSERT", "no {kind} among {kinds:?}");
    }
}
