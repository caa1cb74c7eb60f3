//! What functions are called with: by type, as SQL. The first that is not null is a sensible one.

/// Things that are there to be meant, rightly or wrongly.
pub const SCENE: &str = r#"
    CREATE TABLE page (id integer PRIMARY KEY, slug text UNIQUE, title text, parent_id integer REFERENCES page,
                       next_id integer, data jsonb, secret text);
    SELECT concord.track('page', conflict_policy => 'merge', exclude => '{secret}');
    SELECT concord.track_tree('page', 'parent_id', 'next_id');
    CREATE TABLE pair (a integer, b text, c numeric, v concord.ulid, PRIMARY KEY (a, b));
    SELECT concord.track('pair', version_column => 'v', on_stale => 'reject');
    CREATE TABLE part (id bigint GENERATED ALWAYS AS IDENTITY, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE part_old PARTITION OF part FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
    CREATE TABLE part_new PARTITION OF part DEFAULT;
    SELECT concord.track('part');
    CREATE TABLE "it's a ""table""; --" ("id'" text PRIMARY KEY, "%s" text);
    SELECT concord.track('"it''s a ""table""; --"');
    CREATE TABLE untracked (id integer PRIMARY KEY, body text);
    CREATE TABLE keyless (body text);
    CREATE TEMP TABLE passing (id integer PRIMARY KEY);
    CREATE TYPE composite AS (a integer, b text);
    CREATE VIEW page_view AS SELECT * FROM page;
    CREATE MATERIALIZED VIEW page_copy AS SELECT * FROM page;
    CREATE SEQUENCE free_sequence AS smallint;
    CREATE ROLE nobody_special;
    INSERT INTO page VALUES (1, 'home', 'Home', NULL, NULL, '{"a": 1}', 'x'), (2, 'about', 'About', 1, NULL, '[]', 'y');
    UPDATE page SET title = 'Start' WHERE id = 1;
    INSERT INTO pair VALUES (1, 'x', 1.50), (2, '', 'NaN');
    INSERT INTO part (at) VALUES ('1999-12-31'), ('2024-01-24');
    INSERT INTO "it's a ""table""; --" VALUES ('"', '\');
    INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy,
                                   local_values, remote_values, base_values)
    SELECT concord.gen_ulid(), 'public', 'page', '1', kind, 'manual', concord.row_image('page', p), '{"id": 1, "title": "?"}', '{}'
    FROM page p, unnest('{update_origin_differs,unique_key,foreign_key,tree,stale_write,insert_exists}'::text[]) kind
    WHERE p.id = 1;
    SELECT concord.consume('reader', 10);"#;

/// What makes sense for an argument of this name.
pub fn named(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "record_id" => "'1'",
        "version_column" => "'row_version'",
        "conflict_policy" => "'merge'",
        "on_stale" => "'record'",
        "on_missing_parent" => "'set_aside'",
        "exclude" | "redact" | "merge_silently" => "'{}'",
        "redact_default" => "'{}'",
        "merge_groups" => "'[]'",
        "rename" => "'{slug}'",
        "record_key" => "'{id}'",
        "consumer" => "'reader'",
        "keep" => "'remote'",
        "row_values" => "'{\"title\": \"x\"}'",
        "parent" | "parent_column" => "'parent_id'",
        "since" => "'{}'",
        _ => return None,
    })
}

/// Values of a type, as SQL expressions.
pub fn of(type_name: &str) -> Vec<String> {
    let list: &[&str] = match type_name {
        "text" | "cstring" | "name" => TEXTS,
        "regclass" => RELATIONS,
        "oid" => &[
            "'page'::regclass::oid",
            "0",
            "1",
            "4294967295",
            "'free_sequence'::regclass::oid",
            "'page'::regtype::oid",
        ],
        "smallint" => &["1", "0", "-1", "-32768", "32767"],
        "integer" => &["1", "0", "-1", "2", "-2147483648", "2147483647"],
        "bigint" => &["1", "0", "-1", "65536", "-9223372036854775808", "9223372036854775807"],
        "boolean" => &["true", "false"],
        "jsonb" => JSON,
        "jsonb[]" => &[
            "ARRAY(SELECT e FROM concord.export_events() e)",
            "'{}'",
            "'{NULL}'",
            "ARRAY['{}', 'null', '1', '\"x\"', '[]']::jsonb[]",
            "ARRAY[ARRAY(SELECT e FROM concord.export_events() e LIMIT 1)]",
            "ARRAY(SELECT e || jsonb_build_object('origin_node_id', concord.gen_ulid()) FROM concord.export_events() e)",
            "ARRAY(SELECT e - 'observed' FROM concord.export_events() e)",
        ],
        "concord.ulid" => &[
            "(SELECT min(event_id) FROM concord.change_events)",
            "'00000000000000000000000000'",
            "'7ZZZZZZZZZZZZZZZZZZZZZZZZZ'",
            "(SELECT node_id FROM concord.identity)",
            "(SELECT conflict_id FROM concord.conflicts WHERE conflict_type = 'update_origin_differs')",
            "(SELECT conflict_id FROM concord.conflicts WHERE conflict_type = 'unique_key')",
            "(SELECT conflict_id FROM concord.conflicts WHERE conflict_type = 'foreign_key')",
            "(SELECT conflict_id FROM concord.conflicts WHERE conflict_type = 'tree')",
            "(SELECT max(event_id) FROM concord.change_events)",
            "concord.gen_ulid()",
        ],
        "concord.hlc" => &[
            "concord.hlc_now()",
            "0::bigint::concord.hlc",
            "9223372036854775807::concord.hlc",
            "1::bigint::concord.hlc",
        ],
        "timestamp with time zone" => &[
            "now()",
            "'infinity'",
            "'-infinity'",
            "'4713-01-01 BC'",
            "'294276-12-31'",
            "'epoch'",
            "'1969-12-31 23:59:59.999999'",
        ],
        "bytea" => &[
            "'conflict_policy=merge\\000'",
            "''",
            "'\\000'",
            "'\\xff'",
            "'x=y\\000\\000exclude=a'",
            "decode(repeat('ff', 100000), 'hex')",
        ],
        "inet" => &[
            "'127.0.0.1'",
            "'::1/128'",
            "'0.0.0.0/0'",
            "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
        ],
        "interval" => &[
            "'1 day'",
            "'0'",
            "'-1 year'",
            "'178000000 years'",
            "'-178000000 years'",
            "'00:00:00.000001'",
        ],
        "uuid" => &["gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'"],
        "record" => &[
            "(SELECT p FROM page p LIMIT 1)",
            "ROW()",
            "ROW(1, 'x')",
            "(SELECT p FROM pair p LIMIT 1)",
            "ROW(1, 'x')::composite",
            "(SELECT c FROM pg_class c LIMIT 1)",
        ],
        "internal" => &[],
        _ => return others(type_name),
    };
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// Arrays of what there is, and for any other type what is hardly one of its values.
fn others(type_name: &str) -> Vec<String> {
    let Some(element) = type_name.strip_suffix("[]") else {
        return ["''", "'0'", "'-1'", "'infinity'", "'1 day'", "'{}'", "'x'"]
            .map(str::to_owned)
            .into();
    };
    let elements = of(element);
    let mut arrays: Vec<String> =
        elements.iter().take(12).map(|one| format!("ARRAY[{one}]")).collect();
    arrays.extend(["'{}'".to_owned(), "'{NULL}'".to_owned()]);
    arrays.extend(
        elements.first().map(|one| format!("ARRAY[ARRAY[{one}, {one}], ARRAY[{one}, NULL]]")),
    );
    arrays.extend(
        elements.first().map(|one| format!("array_fill(({one})::{element}, ARRAY[2], ARRAY[-5])")),
    );
    arrays.push(format!("array_fill(NULL::{element}, ARRAY[3000])"));
    if type_name == "name[]" || type_name == "text[]" {
        arrays.extend(
            ["'{id}'", "'{title,slug}'", "'{secret}'", "'{parent_id,parent_id}'", "'{a,b}'"]
                .map(str::to_owned),
        );
    }
    arrays
}

const TEXTS: &[&str] = &[
    "'title'",
    "''",
    "' '",
    "'1'",
    "'2'",
    "'id'",
    "'parent_id'",
    "'slug'",
    "'no such thing'",
    "'public.page'",
    "'[1, \"x\"]'",
    "'[1, null]'",
    "'[[1], {\"a\": 2}]'",
    "'{\"a\": 1}'",
    "'[1'",
    "'lww'",
    "'merge'",
    "'manual'",
    "'record'",
    "'reject'",
    "'local'",
    "'remote'",
    "'merged'",
    "'set_aside'",
    "'revive_parent'",
    "'row_version'",
    "'reader'",
    "'concord'",
    "'\"'",
    "'\\'",
    "E'\\x01\\n\\t\\x7f'",
    "'%s%n%1$s {} $1 $$'",
    "'''; DROP TABLE page; --'",
    "'dbname=postgres host=''/tmp'' password=x'",
    "'<script>alert(1)</script>'",
    "'éß漢字😀' || chr(8238) || chr(65279)",
    "repeat('x', 64)",
    "repeat('é', 40)",
    "repeat('x', 100000)",
    "repeat('[', 100000)",
    "repeat('9', 5000)",
    "'9223372036854775808'",
    "'1e400'",
    "'NaN'",
    "'infinity'",
    "(SELECT node_id::text FROM concord.identity)",
    "'80000000000000000000000000'",
    "'2024-01-24T12:40:00.000Z/5'",
    "'10889-08-02T05:31:50.655Z/65536'",
];

const RELATIONS: &[&str] = &[
    "'page'",
    "'0'",
    "'4294967295'",
    "'pair'",
    "'part'",
    "'part_old'",
    "'\"it''s a \"\"table\"\"; --\"'",
    "'untracked'",
    "'keyless'",
    "'composite'",
    "'page_view'",
    "'page_copy'",
    "'page_pkey'",
    "'free_sequence'",
    "'part_id_seq'",
    "'pg_class'",
    "'pg_authid'",
    "'pg_toast.pg_toast_1255'",
    "'information_schema.tables'",
    "'concord.change_events'",
    "'concord.identity'",
    "'concord.status'",
];

const JSON: &[&str] = &[
    "'{\"title\": \"x\"}'",
    "'{}'",
    "'[]'",
    "'null'",
    "'true'",
    "'1'",
    "'\"x\"'",
    "'{\"id\": 1}'",
    "'{\"no such column\": 1}'",
    "'{\"parent_id\": \"x\", \"title\": {\"a\": [1]}}'",
    "'[[\"parent_id\", \"next_id\"]]'",
    "'[[], [1], null]'",
    "'{\"secret\": \"-\"}'",
    "'{\"offset\": 0, \"nodes\": 1}'",
    "'{\"offset\": -1, \"nodes\": 0}'",
    "'{\"offset\": 1e400, \"nodes\": \"x\"}'",
    "'{\"place\": 1, \"of\": 2, \"given\": true}'",
    "'{\"\": null, \"\\\"\": {}}'",
    "'{\"$serde_json::private::Number\": \"1\"}'",
    "'{\"$serde_json::private::RawValue\": \"1\"}'",
    "(repeat('[', 100) || repeat(']', 100))::jsonb",
    "(repeat('{\"a\":', 100) || '1' || repeat('}', 100))::jsonb",
    "('{\"n\": ' || repeat('9', 2000) || '.' || repeat('9', 2000) || '}')::jsonb",
    "jsonb_build_object('x', repeat('x', 100000))",
    "jsonb_build_object(repeat('k', 5000), 1)",
    "concord.vector()",
    "jsonb_build_object((SELECT node_id FROM concord.identity)::text, -1)",
    "jsonb_build_object((SELECT node_id FROM concord.identity)::text, 1.5)",
    "jsonb_build_object((SELECT node_id FROM concord.identity)::text, '9223372036854775808'::jsonb)",
    "jsonb_build_object((SELECT node_id FROM concord.identity)::text, 9223372036854775807)",
    "jsonb_build_object((SELECT node_id FROM concord.identity)::text, NULL)",
    "jsonb_build_object('80000000000000000000000000', 1)",
    "jsonb_build_object(lower((SELECT node_id FROM concord.identity)::text), 1)",
    "(SELECT jsonb_object_agg(concord.gen_ulid()::text, i) FROM generate_series(1, 2000) i)",
];
