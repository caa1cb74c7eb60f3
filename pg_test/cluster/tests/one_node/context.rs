//! Context that is set where no write can have it: who is told, and who is not, by each way to send statements.

use crate::NOTE;
use concord_cluster::cluster::Cluster;
use concord_cluster::fast_path::{Argument, FastPath};

const SET: &str = "SELECT concord.set_context(user_id => 'ada')";
const CONFIG: &str = "SELECT set_config('concord.user_id', 'ada', true)";
const WRITE: &str = "UPDATE note SET body = body || '.' WHERE id = 1";
const NOTHING: &str = "UPDATE note SET body = '' WHERE id = 0";

struct Connection {
    protocol: FastPath,
}

impl Connection {
    #[track_caller]
    fn expect(&mut self, warned: &[&str], by: &str, outcome: Result<(), String>) {
        outcome.unwrap_or_else(|error| panic!("{by}: {error}"));
        let warnings = self.protocol.take_warnings();
        let expected: Vec<String> = warned
            .iter()
            .map(|what| format!("25P01 {what} can only be used in transaction blocks"))
            .collect();
        assert_eq!(warnings, expected, "{by}");
    }

    #[track_caller]
    fn simple(&mut self, warned: &[&str], sql: &str) {
        let outcome = self.protocol.run(sql);
        self.expect(warned, sql, outcome);
    }

    #[track_caller]
    fn pipeline(&mut self, warned: &[&str], statements: &[&str]) {
        let outcome = self.protocol.pipeline(statements);
        self.expect(warned, &statements.join("; "), outcome);
    }
}

const BY_CALL: &[&str] = &["concord.set_context()"];
const BY_CONFIG: &[&str] = &["set_config() of a concord setting with is_local"];

#[test]
fn context_that_no_write_can_have_is_warned_of() {
    let cluster = Cluster::start("lost-context", &[]);
    let mut session = cluster.node("cms");
    session.run(NOTE);
    session.run(
        "INSERT INTO note VALUES (1, 'first');
         CREATE FUNCTION hook() RETURNS void LANGUAGE plpgsql AS $$
             BEGIN PERFORM concord.set_context(user_id => 'ada'); END $$;
         CREATE FUNCTION sql_hook() RETURNS void LANGUAGE sql AS
             $$ SELECT concord.set_context(user_id => 'ada') $$;
         CREATE FUNCTION loop_hook() RETURNS void LANGUAGE plpgsql AS $$
             DECLARE r record;
             BEGIN
                 FOR r IN SELECT concord.set_context(user_id => 'ada') LOOP NULL; END LOOP;
             END $$;
         CREATE FUNCTION config_hook() RETURNS text LANGUAGE plpgsql AS $$
             BEGIN RETURN set_config('concord.user_id', 'ada', true); END $$;
         CREATE FUNCTION write() RETURNS void LANGUAGE sql AS
             $$ UPDATE note SET body = body || '!' WHERE id = 1 $$",
    );
    let protocol = FastPath::connect(cluster.sockets(), "postgres", "cms");
    let mut connection = Connection { protocol };
    assert_warned(&mut connection);
    assert_not_warned(&mut connection);
    let call: u32 = session.one("SELECT 'concord.set_context'::regproc::oid");
    let mut arguments = vec![Argument::Text(Some("ada"))];
    arguments.extend((0..5).map(|_| Argument::Text(None)));
    let outcome = connection.protocol.call(call, &arguments);
    connection.expect(BY_CALL, "the fast path", outcome);
    let who: Vec<Option<String>> = session.all(
        "SELECT user_id FROM concord.change_events WHERE operation = 'UPDATE' ORDER BY node_sequence",
    );
    assert_eq!(who.iter().filter(|who| who.as_deref() == Some("ada")).count(), 5, "{who:?}");
}

fn assert_warned(connection: &mut Connection) {
    connection.simple(BY_CALL, SET);
    connection.simple(BY_CONFIG, CONFIG);
    connection.simple(&["SET LOCAL"], "SET LOCAL concord.user_id = 'ada'");
    connection.simple(BY_CALL, "SELECT * FROM concord.set_context(user_id => 'ada')");
    connection.simple(&[], &format!("PREPARE p AS {SET}"));
    connection.simple(BY_CALL, "EXECUTE p");
    // PostgreSQL puts the body of such a function in the place of its call.
    connection.simple(BY_CALL, "SELECT sql_hook()");
    connection.pipeline(BY_CALL, &[SET]);
    connection.pipeline(BY_CONFIG, &[CONFIG]);
    // What an application behind a pool does: the hook, and the write in a transaction of its own.
    connection.pipeline(BY_CALL, &[SET]);
    connection.pipeline(&[], &[WRITE]);
}

fn assert_not_warned(connection: &mut Connection) {
    let mut write = |statements: &[&str]| {
        connection.simple(&[], &["BEGIN", &statements.join("; "), "COMMIT"].join("; "));
        connection.simple(&[], &statements.join("; "));
        connection.pipeline(&[], statements);
    };
    write(&[SET, WRITE]);
    write(&[SET, NOTHING]);
    write(&[CONFIG, NOTHING]);
    for quiet in [
        "SELECT hook()",
        "SELECT loop_hook()",
        "SELECT config_hook()",
        "DO $$ BEGIN PERFORM concord.set_context(user_id => 'ada'); END $$",
        "DO $$ BEGIN PERFORM set_config('concord.user_id', 'ada', true); END $$",
        "SELECT concord.set_context()",
        "SELECT set_config('concord.user_id', '', false)",
        "SET concord.user_id = ''",
        "RESET concord.user_id",
    ] {
        connection.simple(&[], quiet);
        connection.pipeline(&[], &[quiet]);
    }
    // One statement that sets and writes.
    connection.simple(&[], "SELECT concord.set_context(user_id => 'ada'), write()");
    connection.pipeline(&[], &["SELECT set_config('concord.user_id', 'ada', true), write()"]);
    // One that fails warns of nothing, then or later.
    connection.protocol.run(&format!("{SET}, 1 / (SELECT 0)")).expect_err("division by zero");
    connection.simple(&[], "SELECT 1");
}
