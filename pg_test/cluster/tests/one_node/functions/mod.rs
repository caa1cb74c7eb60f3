//! Every function of the schema, whatever it is called with: it answers or refuses, but never finds itself in a
//! state that cannot be (SQLSTATE class XX), hangs, or takes its backend along. The functions come from the catalog,
//! so that a new one is called as well.

mod values;

use concord_cluster::cluster::Cluster;
use concord_cluster::fast_path::{Argument, FastPath};
use concord_cluster::random::{Random, rounds};
use concord_cluster::session::Session;
use std::collections::HashMap;

/// A function of the schema.
struct Function {
    oid: u32,
    name: String,
    types: Vec<String>,
    /// Of its arguments; empty without one.
    names: Vec<String>,
}

const FUNCTIONS: &str = "
    SELECT p.oid, p.proname::text,
           ARRAY(SELECT CASE WHEN t.typnamespace = 'concord'::regnamespace OR e.typnamespace = 'concord'::regnamespace
                             THEN 'concord.' || t.typname ELSE format_type(t.oid, NULL) END
                 FROM unnest(p.proargtypes) WITH ORDINALITY a(type, i)
                 JOIN pg_type t ON t.oid = a.type LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
                 ORDER BY i),
           ARRAY(SELECT COALESCE(p.proargnames[i], '') FROM generate_series(1, p.pronargs) i)
    FROM pg_proc p WHERE p.pronamespace = 'concord'::regnamespace AND p.prokind = 'f'
    ORDER BY p.proname, p.oid";

/// How a transaction begins that the function is called in.
const BEGINNINGS: [&str; 7] = [
    "BEGIN",
    "BEGIN READ ONLY",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "BEGIN; SAVEPOINT s",
    "BEGIN; UPDATE page SET title = title || '!'",
    "BEGIN; SET LOCAL search_path = 'nowhere'; SET LOCAL DateStyle = 'German'",
    "BEGIN; SET LOCAL ROLE nobody_special",
];

const SETTINGS: [&str; 2] = ["max_worker_processes=0", "max_connections=30"];

struct Scene {
    cluster: Cluster,
    session: Session,
    functions: Vec<Function>,
    /// By type, as SQL.
    values: HashMap<String, Vec<String>>,
    texts: HashMap<String, Option<String>>,
    wrong: Vec<String>,
}

impl Scene {
    fn new(label: &str) -> Scene {
        let cluster = Cluster::start(label, &SETTINGS);
        let mut session = cluster.node("scene");
        session.run(values::SCENE);
        session.run(
            "SET statement_timeout = '20s'; GRANT USAGE ON SCHEMA concord TO nobody_special;
                     GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA concord TO nobody_special",
        );
        let rows = session.client().query(FUNCTIONS, &[]).expect("reads pg_proc");
        let functions: Vec<Function> = rows
            .iter()
            .map(|row| Function {
                oid: row.get(0),
                name: row.get(1),
                types: row.get::<_, Vec<String>>(2).into_iter().map(|t| array_name(&t)).collect(),
                names: row.get(3),
            })
            .collect();
        assert!(functions.len() > 80, "not all functions are there");
        let mut values = HashMap::new();
        for type_name in functions.iter().flat_map(|function| &function.types) {
            values.entry(type_name.clone()).or_insert_with(|| literals(&mut session, type_name));
        }
        Scene { cluster, session, functions, values, texts: HashMap::new(), wrong: Vec::new() }
    }

    /// Arguments that make sense, as SQL.
    fn sensible(&self, function: &Function) -> Vec<String> {
        let pairs = function.types.iter().zip(&function.names);
        pairs
            .map(|(type_name, name)| match values::named(name) {
                Some(value) => format!("{value}::{type_name}"),
                None => self.sql(type_name).get(1).unwrap_or(&self.sql(type_name)[0]).clone(),
            })
            .collect()
    }

    fn sql(&self, type_name: &str) -> &[String] {
        &self.values[type_name]
    }

    /// A value's text; none where it has no input function.
    fn text(&mut self, type_name: &str, sql: &str) -> Option<String> {
        if matches!(type_name, "record" | "internal") {
            return None;
        }
        if let Some(text) = self.texts.get(sql) {
            return text.clone();
        }
        let text: Option<String> = self.session.one(&format!("SELECT ({sql})::text"));
        self.texts.insert(sql.to_owned(), text.clone());
        text
    }

    /// Calls a function in a transaction that is undone.
    fn call(&mut self, beginning: &str, statement: &str) {
        let client = self.session.client();
        let outcome = client.batch_execute(&format!("{beginning}; {statement}"));
        if let Err(error) = &outcome {
            let Some(reported) = error.as_db_error() else {
                panic!(
                    "the connection is lost ({error}) after\n{beginning}; {}",
                    shorten(statement)
                );
            };
            let code = reported.code().code();
            if code.starts_with("XX") || code == "57014" {
                self.wrong.push(format!(
                    "{code} {} -- {beginning}; {}",
                    reported.message(),
                    shorten(statement)
                ));
            }
        }
        client.batch_execute("ROLLBACK").expect("can roll back");
    }

    /// Whatever happened to the backends, the database is as it was.
    fn finish(mut self) {
        let log = self.cluster.log();
        for bad in ["panicked", "PANIC: ", "was terminated by signal", "TRAP: "] {
            assert!(!log.contains(bad), "the server's log says \"{bad}\"");
        }
        assert!(
            self.wrong.is_empty(),
            "{} wrong answers:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
        self.session.run("INSERT INTO page VALUES (3, 'new', 'New')");
        let dense = "SELECT count(*) = max(node_sequence) FROM concord.change_events WHERE origin_node_id = concord.node_id()";
        assert!(self.session.one::<bool>(dense), "numbers are missing");
    }
}

/// `concord._ulid` is an array.
fn array_name(type_name: &str) -> String {
    match type_name.strip_prefix("concord._") {
        Some(element) => format!("concord.{element}[]"),
        None => type_name.to_owned(),
    }
}

/// The values as literals, made once: what they are computed from can change. Rows stay as they are.
fn literals(session: &mut Session, type_name: &str) -> Vec<String> {
    let mut values = vec![format!("NULL::{type_name}")];
    for value in values::of(type_name) {
        if type_name == "record" {
            values.push(value);
            continue;
        }
        let literal =
            format!("SELECT format('%L::%s', ({value})::{type_name}::text, '{type_name}')");
        match session.client().query_one(&literal, &[]) {
            Ok(row) => values.push(row.get(0)),
            Err(error) => assert!(
                error.as_db_error().is_some_and(|e| e.code().code() == "22P02"),
                "{literal}: {error}"
            ),
        }
    }
    values
}

fn shorten(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect()
}

/// Each argument with each value, the others sensible; then anything with anything.
#[test]
fn every_function_answers_or_refuses() {
    let mut random = Random::for_test();
    let mut scene = Scene::new("functions");
    for n in 0..scene.functions.len() {
        let types = scene.functions[n].types.clone();
        let sensible = scene.sensible(&scene.functions[n]);
        let mut calls = vec![("BEGIN", sensible.clone())];
        for (i, type_name) in types.iter().enumerate() {
            for value in scene.sql(type_name) {
                let mut arguments = sensible.clone();
                arguments[i] = value.clone();
                calls.push(("BEGIN", arguments));
            }
        }
        for _ in 0..rounds(if types.is_empty() { 7 } else { 25 }) {
            let mut arguments = sensible.clone();
            for (argument, type_name) in arguments.iter_mut().zip(&types) {
                if random.chance(60) {
                    *argument = random.pick(scene.sql(type_name)).clone();
                }
            }
            calls.push((*random.pick(&BEGINNINGS), arguments));
        }
        let name = scene.functions[n].name.clone();
        for (beginning, arguments) in calls {
            scene.call(
                beginning,
                &format!("SELECT x FROM concord.{name}({}) x", arguments.join(", ")),
            );
        }
    }
    scene.finish();
}

/// The same past SQL: functions cannot ask what their arguments are, and binary ones can be anything.
#[test]
fn every_function_answers_or_refuses_by_the_fast_path() {
    let mut random = Random::for_test();
    let mut scene = Scene::new("functions-fast");
    let mut fast = FastPath::connect(scene.cluster.sockets(), "postgres", "scene");
    fast.run("SET statement_timeout = '20s'").expect("can be set");
    for n in 0..scene.functions.len() {
        let function = &scene.functions[n];
        let (oid, name, types) = (function.oid, function.name.clone(), function.types.clone());
        let sensible = scene.sensible(function);
        let sensible: Vec<_> =
            types.iter().zip(&sensible).map(|(t, sql)| scene.text(t, sql)).collect();
        let texts: Vec<Vec<Option<String>>> = types
            .iter()
            .map(|t| scene.sql(t).to_vec().iter().map(|sql| scene.text(t, sql)).collect())
            .collect();
        let mut calls = vec![sensible.clone()];
        for (i, some) in texts.iter().enumerate() {
            for text in some {
                let mut arguments = sensible.clone();
                arguments[i] = text.clone();
                calls.push(arguments);
            }
        }
        for _ in 0..rounds(20) {
            calls.push(texts.iter().map(|some| random.pick(some).clone()).collect());
        }
        for texts in calls {
            let binary = random.chance(30);
            let bytes: Vec<Vec<u8>> = types
                .iter()
                .zip(&texts)
                .map(|(t, text)| binary_of(t, text.as_deref().unwrap_or_default()))
                .collect();
            let arguments: Vec<Argument<'_>> = texts
                .iter()
                .zip(&bytes)
                .map(|(text, bytes)| match binary && random.chance(50) {
                    true => Argument::Binary(bytes),
                    false => Argument::Text(text.as_deref()),
                })
                .collect();
            fast.run("BEGIN").expect("can begin");
            if let Err(error) = fast.call(oid, &arguments)
                && (error.starts_with("XX") || error.starts_with("57014"))
            {
                scene.wrong.push(format!("{error} -- {name}({})", shorten(&format!("{texts:?}"))));
            }
            fast.run("ROLLBACK").expect("can roll back");
        }
    }
    scene.finish();
}

/// Some bytes; PostgreSQL's own `jsonb` finds that a version other than 1 cannot be.
fn binary_of(type_name: &str, text: &str) -> Vec<u8> {
    let version: &[u8] = if type_name == "jsonb" { &[1] } else { &[] };
    let text = &text.as_bytes()[..text.len().min(200)];
    [version, text].concat()
}

/// Each field of an event of each kind with each value: another node's events are another's input, too.
#[test]
fn an_event_is_taken_in_or_refused_whatever_it_says() {
    let mut random = Random::for_test();
    let mut scene = Scene::new("functions-events");
    scene.session.run(
        "ALTER TABLE page ADD extra text; SELECT concord.heartbeat();
         SELECT concord.resolve_conflict(conflict_id, 'local') FROM concord.conflicts
         WHERE conflict_type = 'update_origin_differs'",
    );
    // As another node's, in a group of its own.
    let events: Vec<String> = scene.session.all(
        "SELECT DISTINCT ON (e ->> 'operation')
                (e || jsonb_build_object('origin_node_id', '01000000000000000000000000', 'event_id', concord.gen_ulid(),
                    'node_sequence', 1, 'group_sequence', 1, 'group_size', 1, 'observed', '{}'::jsonb,
                    'record_id', '7', 'new_values', e -> 'new_values' || '{\"id\": 7}'))::text
         FROM concord.export_events() e ORDER BY e ->> 'operation'",
    );
    let fields: Vec<String> = scene.session.all(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'concord.change_events'::regclass AND attnum > 0",
    );
    let mut values = scene.sql("jsonb").to_vec();
    for text in scene.sql("text").to_vec().iter().chain(scene.sql("concord.ulid").to_vec().iter()) {
        values.push(format!("COALESCE(to_jsonb(({text})::text), 'null')"));
    }
    values.extend(
        ["'9223372036854775807'::jsonb", "'-1'::jsonb", "'1.5'::jsonb", "'2147483648'::jsonb"]
            .map(str::to_owned),
    );
    values.extend(
        ["'[\"id\", null]'::jsonb", "'[\"01000000000000000000000000\"]'::jsonb"].map(str::to_owned),
    );
    for event in &events {
        for field in fields.iter().map(String::as_str).chain(["no such field"]) {
            for value in &values {
                if rounds(1) == 1 && !random.chance(20) {
                    continue;
                }
                let changed = format!(
                    "'{}'::jsonb || jsonb_build_object('{field}', {value})",
                    event.replace('\'', "''")
                );
                scene.call("BEGIN", &format!(
                    "SELECT concord.apply_events(ARRAY[{changed}]); SELECT concord.retry_pending(); SELECT concord.report();
                     SELECT count(*) FROM concord.status; SELECT count(*) FROM concord.gaps();
                     SELECT concord.tick(); SELECT count(*) FROM concord.export_events()"
                ));
            }
        }
    }
    scene.finish();
}
