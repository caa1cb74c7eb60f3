//! Who is to blame for an error. What a row, its constraints and indexes or its owner's functions raise
//! makes that row pending, alone. What belongs to the server or the session is raised, changes nothing,
//! leaves nothing behind, and the call can be repeated.

use crate::world::World;
use concord_cluster::session::Session;

/// One of each class that the server knows, some of which only functions raise, and an application's own.
const OF_THE_DATA: [&str; 45] = [
    "02000", "03000", "08006", "09000", "0A000", "0B000", "0F001", "0L000", "0P000", "0Z000",
    "20000", "21000", "22003", "22012", "22023", "22P02", "23502", "23505", "23514", "24000",
    "25006", "26000", "27000", "28000", "2B000", "2D000", "2F000", "34000", "38000", "39000",
    "3B000", "3D000", "3F000", "42501", "42P01", "44000", "54000", "54001", "55000", "55006",
    "72000", "F0000", "HV000", "P0001", "U0042",
];
const OF_THE_SERVER: [&str; 14] = [
    "40001", "40P01", "40X42", "53000", "53100", "53200", "53400", "57000", "57014", "58000",
    "58030", "XX000", "XX001", "XX002",
];

const SCHEMA: &str = "
    CREATE TABLE page (id integer PRIMARY KEY, title text, body text);
    CREATE TABLE note (id integer PRIMARY KEY, body text);
    SELECT concord.track('page');
    SELECT concord.track('note');";

/// On the node that takes in: a title can ask for an error, unless all is forgiven.
const GUARD: &str = "
    CREATE TABLE forgiven ();
    CREATE FUNCTION guard(asked text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF asked LIKE 'raise _____' AND NOT EXISTS (SELECT FROM public.forgiven) THEN
            PERFORM set_config('search_path', 'nowhere', false), set_config('DateStyle', 'German', false);
            RAISE EXCEPTION 'as asked' USING ERRCODE = right(asked, 5);
        END IF;
        RETURN true;
    END $$;";
const FORGIVE: &str = "INSERT INTO forgiven DEFAULT VALUES";
const APPLY: &str = "SELECT * FROM concord.apply_events(ARRAY(SELECT e FROM public.inbox))";
const STATE: &str = "
    SELECT concat_ws(' ', concord.vector()::text, (SELECT count(*) FROM concord.change_events),
                     (SELECT count(*) FROM concord.received), (SELECT count(*) FROM concord.pending),
                     (SELECT count(*) FROM page), (SELECT count(*) FROM note))";
const SESSION: &str = "
    SELECT concat_ws(' ', current_user, current_setting('search_path'), current_setting('DateStyle'),
                     current_setting('session_replication_role'), current_setting('lock_timeout'),
                     current_setting('jit'), current_setting('enable_seqscan'))";

/// How `page.title` is guarded, and what raises when a row is written.
const PLACES: [(&str, &str); 6] = [
    ("check", "ALTER TABLE page ADD CHECK (guard(title))"),
    ("index", "ALTER FUNCTION guard(text) IMMUTABLE; CREATE INDEX ON page (guard(title))"),
    ("unique", "ALTER FUNCTION guard(text) IMMUTABLE; CREATE UNIQUE INDEX ON page (id, guard(title))"),
    (
        "generated",
        "ALTER FUNCTION guard(text) IMMUTABLE;
         ALTER TABLE page ADD guarded boolean GENERATED ALWAYS AS (guard(title)) STORED",
    ),
    ("domain", "CREATE DOMAIN title AS text CHECK (guard(VALUE)); ALTER TABLE page ALTER title TYPE title"),
    (
        "trigger",
        "CREATE FUNCTION on_page() RETURNS trigger LANGUAGE plpgsql
             AS 'BEGIN PERFORM public.guard(NEW.title); RETURN NEW; END';
         CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON page FOR EACH ROW EXECUTE FUNCTION on_page();
         ALTER TABLE page ENABLE ALWAYS TRIGGER guard",
    ),
];

fn guarded(label: &str, place: &str) -> World {
    let mut world = World::new(&format!("errors_{label}"), 2, SCHEMA);
    world.node(1).run(GUARD);
    world.node(1).run(place);
    world.node(1).run("CREATE TABLE inbox (e jsonb)");
    world
}

/// A transaction of node 0 with a row that asks for an error, between others that do not.
fn write(world: &mut World, id: usize, code: &str) {
    world.node(0).run(&format!(
        "BEGIN;
         INSERT INTO page VALUES ({id}, 'fine', 'a'), ({id} + 1000, 'raise {code}', 'b'), ({id} + 2000, 'fine', 'c');
         INSERT INTO note VALUES ({id}, 'note');
         COMMIT"
    ));
}

#[test]
fn what_a_row_raises_makes_it_pending_alone() {
    for (label, place) in PLACES {
        let mut world = guarded(label, place);
        // One call for all; every other transaction comes in a call of its own.
        for (id, code) in OF_THE_DATA.iter().enumerate() {
            write(&mut world, id, code);
            if id < 5 {
                world.pull(1, 0);
            }
        }
        let all = OF_THE_DATA.len();
        assert_eq!(world.pull(1, 0).pending as usize, all, "{label}");
        let rows: Vec<i32> = world.node(1).all("SELECT id FROM page ORDER BY id");
        let shown = (0..all as i32).chain(2000..2000 + all as i32);
        assert_eq!(rows, shown.collect::<Vec<_>>(), "{label}");
        assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM note") as usize, all);
        let asked = "SELECT count(*) FROM concord.pending WHERE detail = 'as asked'";
        assert_eq!(world.node(1).one::<i64>(asked) as usize, all, "{label}");
        let odd: Vec<String> = world.node(1).all(
            "SELECT DISTINCT reason FROM concord.pending p WHERE reason NOT IN ('constraint', 'schema_mismatch')",
        );
        assert!(odd.is_empty(), "{odd:?}");
        world.node(1).run(FORGIVE);
        world.settle();
        world.assert_converged(if label == "generated" { &["note"] } else { &["page", "note"] });
    }
}

#[test]
fn what_the_server_raises_changes_nothing_and_can_be_repeated() {
    for (label, place) in &PLACES[..2] {
        let mut world = guarded(&format!("server_{label}"), place);
        for (id, code) in OF_THE_SERVER.iter().enumerate() {
            write(&mut world, id, code);
            let events = world.lacking(1, 0, 1000);
            world.node(1).client().execute(
                "WITH gone AS (DELETE FROM inbox) INSERT INTO inbox SELECT unnest($1::text[])::jsonb",
                &[&events],
            ).expect("fills the inbox");
            world.node(1).run("TRUNCATE forgiven");
            let mut session = world.another_session(1);
            alone(&mut world, &mut session, code);
            within_savepoint(&mut world, &mut session, code, id);
            caught_in_a_block(&mut session, code);
            world.node(1).run(FORGIVE);
            session.run(APPLY);
        }
        world.settle();
        world.assert_converged(&["page", "note"]);
    }
}

/// The session is as it was: outside of a transaction, without locks.
fn alone(world: &mut World, session: &mut Session, code: &str) {
    let (before, as_it_was): (String, String) = (session.one(STATE), session.one(SESSION));
    session.refusal(APPLY).expect(code, &[if code.starts_with('X') { "" } else { "as asked" }]);
    let pid = session.pid();
    let locks = format!("SELECT count(*) FROM pg_locks WHERE pid = {pid}");
    assert_eq!(world.node(1).one::<i64>(&locks), 0, "{code}: locks are left");
    assert_eq!(session.one::<String>(SESSION), as_it_was, "{code}");
    assert_eq!(session.one::<String>(STATE), before, "{code}");
    // A second session can go about the same.
    world.another_session(1).refusal(APPLY).expect(code, &[]);
}

/// After ROLLBACK TO, the session's own writes are its own, and captured.
fn within_savepoint(world: &mut World, session: &mut Session, code: &str, id: usize) {
    let (before, as_it_was): (String, String) = (session.one(STATE), session.one(SESSION));
    session.run("BEGIN; SAVEPOINT before");
    session.refusal(APPLY).expect(code, &[]);
    session.run("ROLLBACK TO before");
    assert_eq!(session.one::<String>(SESSION), as_it_was, "{code}");
    assert_eq!(session.one::<String>(STATE), before, "{code}");
    session.run(&format!("INSERT INTO note VALUES (1000 + {id}, 'own'); COMMIT"));
    let captured =
        format!("SELECT count(*) FROM concord.change_events WHERE record_id = '{}'", 1000 + id);
    assert_eq!(world.node(1).one::<i64>(&captured), 1, "{code}: not captured");
    session.run(&format!("DELETE FROM note WHERE id = 1000 + {id}"));
}

/// A role with nothing but EXECUTE has no other rights afterwards.
fn caught_in_a_block(session: &mut Session, code: &str) {
    session.run(
        "DO $$ BEGIN CREATE ROLE test_courier; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         GRANT ALL ON inbox, note TO test_courier; GRANT USAGE ON SCHEMA concord TO test_courier;
         GRANT EXECUTE ON FUNCTION concord.apply_events(jsonb[]), concord.vector() TO test_courier",
    );
    let (before, as_it_was): (String, String) = (session.one(STATE), session.one(SESSION));
    session.run(&format!(
        "SET SESSION AUTHORIZATION test_courier;
         DO $$
         DECLARE before text := concat_ws(' ', current_user, current_setting('search_path'));
         BEGIN
             FOR i IN 1 .. 3 LOOP
                 BEGIN
                     {};
                     RAISE 'no error';
                 EXCEPTION WHEN query_canceled OR OTHERS THEN
                     IF sqlstate <> '{code}' THEN RAISE; END IF;
                 END;
                 ASSERT before = concat_ws(' ', current_user, current_setting('search_path'));
                 BEGIN
                     ALTER ROLE test_courier SUPERUSER;
                     RAISE 'has become superuser';
                 EXCEPTION WHEN insufficient_privilege THEN NULL;
                 END;
             END LOOP;
         END $$;
         RESET SESSION AUTHORIZATION",
        APPLY.replace("SELECT", "PERFORM").replacen("ARRAY(PERFORM", "ARRAY(SELECT", 1)
    ));
    assert_eq!(session.one::<String>(SESSION), as_it_was, "{code}");
    assert_eq!(session.one::<String>(STATE), before, "{code}");
}

#[test]
fn a_tick_does_its_other_work_whatever_a_row_raises() {
    for code in ["P0001", "U0042", "XX000", "53100", "40001"] {
        let mut world = guarded(&format!("tick_{}", code.to_lowercase()), PLACES[0].1);
        write(&mut world, 1, "P0001");
        assert_eq!(world.pull(1, 0).pending, 1);
        // From now on it raises something else.
        world.node(1).run(&format!(
            "CREATE OR REPLACE FUNCTION guard(asked text) RETURNS boolean LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'now this' USING ERRCODE = '{code}'; END $$;
             UPDATE concord.nodes SET last_heartbeat = NULL;
             DELETE FROM concord._retried"
        ));
        world.node(1).run("SELECT concord.tick()");
        let beats = "SELECT count(*) FROM concord.nodes WHERE last_heartbeat IS NOT NULL";
        assert_eq!(world.node(1).one::<i64>(beats), 1, "{code}");
        assert_eq!(world.node(1).one::<String>("SELECT current_user::text"), "postgres");
        world.node(1).run(
            "CREATE OR REPLACE FUNCTION guard(asked text) RETURNS boolean LANGUAGE sql RETURN true",
        );
        world.settle();
        world.assert_converged(&["page", "note"]);
    }
}

#[test]
fn a_row_whose_index_entry_is_too_large_is_pending() {
    let mut world = guarded("large", "CREATE INDEX ON page (body)");
    world.node(0).run(
        "INSERT INTO page SELECT i, 'fine', (SELECT string_agg(md5(j::text), '') FROM generate_series(1, i * 200) j)
         FROM generate_series(0, 1) i",
    );
    assert_eq!(world.pull(1, 0).pending, 1);
    assert_eq!(world.node(1).one::<i64>("SELECT count(*) FROM page"), 1);
    let detail: String = world.node(1).one("SELECT detail FROM concord.pending");
    assert!(detail.contains("index row size"), "{detail}");
}

/// Values that are only asked about, for a foreign key: their owner's operator raises.
#[test]
fn a_row_whose_parent_cannot_be_looked_for_is_pending() {
    let mut schema = "CREATE TYPE tag AS (v text);".to_owned();
    for (symbol, name) in [("<", "lt"), ("<=", "le"), ("=", "eq"), (">=", "ge"), (">", "gt")] {
        schema += &format!(
            "CREATE FUNCTION tag_{name}(a tag, b tag) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
             BEGIN
                 IF (a).v = 'bad' OR (b).v = 'bad' THEN RAISE EXCEPTION 'bad tag'; END IF;
                 RETURN (a).v {symbol} (b).v;
             END $$;
             CREATE OPERATOR {symbol} (LEFTARG = tag, RIGHTARG = tag, FUNCTION = tag_{name});"
        );
    }
    schema += "CREATE FUNCTION tag_cmp(a tag, b tag) RETURNS integer IMMUTABLE LANGUAGE sql
                   RETURN pg_catalog.bttextcmp((a).v, (b).v);
               CREATE OPERATOR CLASS tag_ops DEFAULT FOR TYPE tag USING btree AS
                   OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 tag_cmp(tag, tag);
               CREATE TABLE kind (id integer PRIMARY KEY, tag tag UNIQUE);
               SELECT concord.track('kind');
               CREATE TABLE page (id integer PRIMARY KEY, tag tag);
               SELECT concord.track('page');";
    let mut world = World::new("errors_parent", 2, &schema);
    world.node(1).run("ALTER TABLE page ADD FOREIGN KEY (tag) REFERENCES kind (tag)");
    world.node(0).run("INSERT INTO kind VALUES (1, '(good)'), (2, '(other)')");
    world
        .node(0)
        .run("INSERT INTO page VALUES (1, '(good)'), (2, '(bad)'), (3, '(other)'), (4, NULL)");
    world.pull(1, 0);
    let pending = "SELECT concat_ws(' ', record_id, reason, detail) FROM concord.pending";
    assert_eq!(world.node(1).all::<String>(pending), ["2 constraint bad tag"]);
    world.node(0).run("UPDATE page SET tag = '(good)' WHERE id = 2");
    assert_eq!(world.pull(1, 0).pending, 0);
    world.settle();
    world.assert_converged(&["kind", "page"]);
}
