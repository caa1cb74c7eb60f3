//! One history: random writes, random deliveries, and after each of them a look at the model.

use super::fold::{Rows, visible};
use super::read;
use crate::events::groups;
use crate::world::World;
use concord_cluster::random::Random;

/// Plays a history on some of the nodes, in a table of its own.
pub fn play(world: &mut World, table: &str, random: &mut Random) {
    let nodes = 2 + random.below(3);
    let policy = *random.pick(&["merge", "lww"]);
    for n in 0..world.len() {
        world.node(n).run(&format!(
            "CREATE TABLE {table} (id text PRIMARY KEY, t integer, slug integer UNIQUE,
                                   code integer UNIQUE, parent text REFERENCES {table},
                                   CHECK (coalesce(t, 0) + coalesce(code, 0) <= 8));
             SELECT concord.track('{table}', conflict_policy => '{policy}')"
        ));
    }
    for _ in 0..10 + random.below(50) {
        let at = random.below(nodes) as usize;
        if random.chance(60) {
            write(world, at, table, random);
        } else {
            let from = random.below(nodes) as usize;
            if from != at {
                deliver(world, at, from, random);
                assert_as_modelled(world, at, table);
            }
        }
    }
    world.settle();
    for n in 0..world.len() {
        assert_as_modelled(world, n, table);
    }
    world.assert_converged(&[table]);
}

/// One transaction. What the database refuses is no part of the history.
fn write(world: &mut World, at: usize, table: &str, random: &mut Random) {
    let count = if random.chance(20) { 2 + random.below(2) } else { 1 };
    let mut rows: Vec<String> = read::table(world.node(at), table).into_keys().collect();
    let sql: String = (0..count).map(|_| statement(table, &mut rows, random)).collect();
    world.try_write(at, &sql);
    if random.chance(50) {
        let before = read::table(world.node(at), table);
        world.retry(at);
        assert_as_modelled(world, at, table);
        assert_kept(&before, &read::table(world.node(at), table));
    }
}

/// A statement; `rows` are those that the table will have.
fn statement(table: &str, rows: &mut Vec<String>, random: &mut Random) -> String {
    let value = match random.below(4) {
        0 => "NULL".to_owned(),
        value => value.to_string(),
    };
    let choice = random.below(100);
    if choice < 45 || rows.is_empty() {
        let id = random.pick(&["a", "b", "c", "d", "e", "f", "g", "h"]).to_string();
        if rows.contains(&id) {
            return String::new();
        }
        let (t, code, parent) = (random.below(9), random.below(4), a_parent(rows, random));
        rows.push(id.clone());
        return format!(
            "INSERT INTO {table} VALUES ('{id}', {t}, {value}, nullif({code}, 0), {parent});"
        );
    }
    let id = random.pick(rows).clone();
    if choice < 80 {
        let column = *random.pick(&["t", "slug", "code", "parent"]);
        let value = if column == "parent" { a_parent(rows, random) } else { value };
        return format!("UPDATE {table} SET {column} = {value} WHERE id = '{id}';");
    }
    rows.retain(|row| *row != id);
    format!("DELETE FROM {table} WHERE id = '{id}';")
}

fn a_parent(rows: &[String], random: &mut Random) -> String {
    match random.below(rows.len() as u64 + 1) as usize {
        0 => "NULL".to_owned(),
        n => format!("'{}'", rows[n - 1]),
    }
}

/// Some of what is lacking, shuffled, some of it twice: what can enter is closed under causes, and
/// the rest waits.
fn deliver(world: &mut World, to: usize, from: usize, random: &mut Random) {
    let lacking = world.lacking(to, from, 1000);
    let mut parcel = Vec::new();
    for group in groups(&lacking) {
        if random.chance(10) {
            break;
        }
        parcel.extend(group);
    }
    for i in 0..parcel.len() {
        let other = random.below(parcel.len() as u64) as usize;
        parcel.swap(i, other);
        if random.chance(10) {
            parcel.push(parcel[i].clone());
        }
    }
    world.apply(to, &parcel);
}

#[track_caller]
fn assert_as_modelled(world: &mut World, n: usize, table: &str) {
    let log = read::log(world.node(n), table);
    let (shown, expected) = (read::table(world.node(n), table), visible(&log));
    if shown != expected {
        let mut log = log;
        log.sort_by(|x, y| x.stamp.cmp(&y.stamp));
        let events: Vec<String> = log.iter().map(|event| format!("\n{event:?}")).collect();
        let pending: Vec<String> = world
            .node(n)
            .all("SELECT concat_ws(' ', record_id, reason, detail) FROM concord.pending");
        panic!(
            "node{n} shows{}\nthe model{}\npending: {pending:#?}\nevents:{}",
            lines(&shown),
            lines(&expected),
            events.concat()
        );
    }
}

/// What a local transaction left is not taken back by what returns after it.
#[track_caller]
fn assert_kept(before: &Rows, after: &Rows) {
    for (key, row) in before {
        assert_eq!(after.get(key), Some(row), "row {key} did not stay as it was written");
    }
}

fn lines(rows: &Rows) -> String {
    rows.values().map(|row| format!("\n    {}", serde_json::Value::from(row.clone()))).collect()
}
