//! Every kind of code that an owner can tie to a table, noting who runs it.

use crate::session::Session;

/// The roles of a test. Roles are the server's, so each test has its own.
pub struct Cast {
    /// Owns the tables and all code that is tied to them.
    pub owner: String,
    /// Owns tables of its own.
    pub stranger: String,
}

/// What an owner can tie to a table. Each calls `note`, which says who runs it.
pub fn schema(cast: &Cast) -> String {
    let (owner, stranger) = (&cast.owner, &cast.stranger);
    format!(
        r#"
        DO $$ BEGIN
            CREATE ROLE {owner}; CREATE ROLE {stranger};
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
        CREATE SCHEMA shop AUTHORIZATION {owner};
        CREATE SCHEMA spy; GRANT USAGE ON SCHEMA spy TO PUBLIC;
        CREATE TABLE spy.seen (piece text, who text);
        GRANT INSERT ON spy.seen TO PUBLIC;
        CREATE FUNCTION spy.note(piece text) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO spy.seen VALUES (piece, current_user);
            -- What is set here must not reach anybody.
            PERFORM set_config('search_path', 'shop', true), set_config('DateStyle', 'SQL, DMY', true);
            RETURN true;
        END $$;
        CREATE FUNCTION spy.note_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM spy.note(TG_NAME);
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$;

        SET ROLE {owner};
        CREATE DOMAIN shop.name AS text CHECK (spy.note('domain'));
        CREATE TYPE shop.mood AS ENUM ('good', 'bad');
        CREATE FUNCTION shop.to_mood(text) RETURNS shop.mood LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN PERFORM spy.note('cast'); RETURN enum_first(NULL::shop.mood); END $$;
        CREATE CAST (text AS shop.mood) WITH FUNCTION shop.to_mood(text) AS ASSIGNMENT;
        CREATE FUNCTION shop.of(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN PERFORM spy.note($1); RETURN $1; END $$;
        CREATE TABLE shop.shelf (code shop.name PRIMARY KEY, place text);
        CREATE TABLE shop.thing (
            id shop.name PRIMARY KEY,
            shelf shop.name REFERENCES shop.shelf ON DELETE CASCADE,
            mood shop.mood,
            title text DEFAULT shop.of('default') CHECK (shop.of('check') IS NOT NULL),
            unshown text DEFAULT shop.of('default'),
            made text GENERATED ALWAYS AS (shop.of('generated')) STORED,
            slug shop.name);
        CREATE UNIQUE INDEX thing_slug ON shop.thing (slug, shop.of('index')) WHERE shop.of('predicate') IS NOT NULL;
        CREATE TABLE shop.local (thing shop.name REFERENCES shop.thing ON DELETE CASCADE, at timestamptz);
        CREATE TABLE shop.sink (piece text);
        CREATE RULE noting AS ON UPDATE TO shop.thing DO ALSO INSERT INTO shop.sink VALUES (shop.of('rule'));
        CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OR DELETE ON shop.thing
            FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON shop.thing
            FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        CREATE CONSTRAINT TRIGGER at_once AFTER INSERT OR UPDATE OR DELETE ON shop.thing
            FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        CREATE CONSTRAINT TRIGGER can_wait AFTER INSERT OR UPDATE OR DELETE ON shop.thing
            DEFERRABLE FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        CREATE CONSTRAINT TRIGGER deferred AFTER INSERT OR UPDATE OR DELETE ON shop.thing
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        CREATE CONSTRAINT TRIGGER local_deferred AFTER INSERT OR UPDATE OR DELETE ON shop.local
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note_trigger();
        ALTER TABLE shop.thing ENABLE ALWAYS RULE noting, ENABLE ALWAYS TRIGGER before_row,
            ENABLE ALWAYS TRIGGER after_row, ENABLE ALWAYS TRIGGER at_once, ENABLE ALWAYS TRIGGER can_wait,
            ENABLE ALWAYS TRIGGER deferred, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY seen ON shop.thing USING (shop.of('policy') IS NOT NULL);
        CREATE TABLE shop.plain (id shop.name PRIMARY KEY, n integer);
        -- Only what is declared so can be in an index; only what is not so can write.
        ALTER FUNCTION shop.of(text) VOLATILE; ALTER FUNCTION shop.to_mood(text) VOLATILE;
        RESET ROLE;
        -- An operator class takes a superuser; its functions can be anybody's.
        CREATE FUNCTION shop.alike(oid) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN RETURN spy.note('equal image'); END $$;
        ALTER FUNCTION shop.alike(oid) OWNER TO {owner};
        SELECT concord.track('shop.shelf', version_column => NULL),
               concord.track('shop.thing', version_column => NULL, conflict_policy => 'manual', exclude => '{{unshown}}'),
               concord.track('shop.plain', version_column => NULL);
        TRUNCATE spy.seen;
        "#
    )
}

/// Whoever was seen running an owner's code since the last look.
fn seen(session: &mut Session) -> Vec<String> {
    let rows = session.all("SELECT DISTINCT concat_ws(' ', piece, who) FROM spy.seen ORDER BY 1");
    session.run("TRUNCATE spy.seen");
    rows
}

/// Nobody ran it but the owner, and nothing that it set is left; at least these pieces were met.
#[track_caller]
pub fn assert_only_owner(session: &mut Session, cast: &Cast, door: &str, pieces: &[&str]) {
    let seen = seen(session);
    let others: Vec<&String> = seen
        .iter()
        .filter(|line| line.split(' ').next_back() != Some(cast.owner.as_str()))
        .collect();
    assert!(others.is_empty(), "{door}: run as somebody else: {others:#?}");
    for piece in pieces {
        assert!(
            seen.iter().any(|line| line.starts_with(piece)),
            "{door}: {piece} was not met, so this proves nothing: {seen:#?}"
        );
    }
    assert_eq!(session.one::<String>("SELECT current_user::text"), "postgres", "{door}");
    assert_eq!(
        session.one::<String>(
            "SELECT concat(current_setting('search_path'), ' ', current_setting('DateStyle'))"
        ),
        "\"$user\", public ISO, MDY",
        "{door}: settings of the owner's code stay"
    );
}

/// The cast is not among them: values come into being by their types' input functions.
pub const ALL: [&str; 11] = [
    "domain",
    "default",
    "check",
    "generated",
    "index",
    "predicate",
    "before_row",
    "after_row",
    "at_once",
    "can_wait",
    "deferred",
];

/// Writes as the owner, unseen.
pub fn as_owner(session: &mut Session, cast: &Cast, sql: &str) {
    // Each in a transaction of its own: what is deferred fires at the end of the owner's.
    for statement in [&format!("SET ROLE {}", cast.owner), sql, "RESET ROLE", "TRUNCATE spy.seen"] {
        session.run(statement);
    }
}
