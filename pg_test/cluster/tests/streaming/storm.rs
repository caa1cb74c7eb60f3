//! Cancels, terminations, time-outs, DDL, deadlocks and too little room, over capture, apply and streaming at once.
//! Nothing crashes, no lock is left, numbers are dense, and in the end the nodes are equal.

use crate::net::{LIVELY, Net, TABLES};
use concord_cluster::numbers;
use concord_cluster::random::Random;
use concord_cluster::session::{Session, changed};
use concord_cluster::wait::eventually;
use postgres::types::ToSql;
use postgres::{Client, Error, NoTls};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Two nodes stream to each other; a courier carries events between the second and this one.
const BY_COURIER: usize = 2;

/// What a statement may end with while the storm goes on.
const EXPECTED: [&str; 13] = [
    "57014", // cancelled, or out of time
    "57P01", // terminated
    "55P03", // lock_timeout
    "53400", // temp_file_limit
    "40P01", // deadlock
    "40001", // serialization failure
    "25P02", // an earlier statement of the transaction failed
    "25P03", // idle in the transaction for too long
    "23505", "42P07", "42704", "42P01", // the other thread's DDL was faster
    "XX000", // only "tuple concurrently updated" and the like, see `is_expected`
];

/// What PostgreSQL itself raises as an internal error when DDL and maintenance of several sessions meet.
const CONCURRENT: [&str; 3] =
    ["tuple concurrently updated", "tuple concurrently deleted", "cache lookup failed for index"];

fn is_expected(error: &Error) -> bool {
    let Some(error) = error.as_db_error() else { return false };
    let code = error.code().code();
    EXPECTED.contains(&code)
        && (code != "XX000" || CONCURRENT.iter().any(|text| error.message().contains(text)))
}

/// A connection that the storm may take away.
struct Boat<'a> {
    net: &'a Net,
    node: usize,
    client: Option<Client>,
}

impl Boat<'_> {
    fn client(&mut self) -> &mut Client {
        let (net, node) = (self.net, self.node);
        self.client.get_or_insert_with(|| {
            let config = net.cluster(node).config("cms");
            eventually("a connection", || match config.connect(NoTls) {
                Ok(client) => Some(client),
                Err(error) => {
                    assert!(is_expected(&error), "{error:?}");
                    None
                }
            })
        })
    }

    /// Runs statements; a failure that the storm explains ends the transaction.
    fn run(&mut self, sql: &str) -> bool {
        let Err(error) = changed(self.client(), sql) else { return true };
        self.assess(&error, sql);
        false
    }

    /// The texts that a query returns; none if it fails.
    fn all(&mut self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<String> {
        match self.client().query(sql, parameters) {
            Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
            Err(error) => {
                self.assess(&error, sql);
                Vec::new()
            }
        }
    }

    fn assess(&mut self, error: &Error, sql: &str) {
        // A connection that goes without a word was terminated between two statements, or the server crashed: its log
        // will tell.
        let went = error.as_db_error().is_none() || self.client().is_closed();
        assert!(went || is_expected(error), "{error:?}\n{sql}");
        let client = self.client();
        if went || ["ROLLBACK", "DISCARD ALL"].iter().any(|end| client.batch_execute(end).is_err())
        {
            self.client = None;
        }
    }
}

/// Settings that make a transaction fail where it stands.
fn hardships(random: &mut Random) -> String {
    match random.below(8) {
        0 | 1 => format!("SET LOCAL statement_timeout = {}", 1 + random.below(60)),
        2 => "SET LOCAL work_mem = '64kB'; SET LOCAL temp_file_limit = '128kB'".into(),
        3 => format!("SET LOCAL lock_timeout = {}", 1 + random.below(20)),
        4 => {
            format!("SET LOCAL idle_in_transaction_session_timeout = {}", 100 + random.below(200))
        }
        5 => "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE".into(),
        _ => "SET LOCAL work_mem = '64kB'".into(),
    }
}

fn change(random: &mut Random) -> String {
    let (page, value) = (random.below(60), random.below(1000));
    match random.below(10) {
        0 | 1 => format!(
            "INSERT INTO page VALUES ('p{page}', 't{value}', 'b', {value})
             ON CONFLICT (id) DO UPDATE SET title = excluded.title"
        ),
        2 | 3 => format!("UPDATE page SET title = 't{value}' WHERE id = 'p{page}'"),
        4 => format!("UPDATE page SET body = 'b{value}', stars = {value} WHERE id = 'p{page}'"),
        5 => format!("DELETE FROM page WHERE id = 'p{page}'"),
        // Now and then more than fits into `work_mem`.
        6 => format!(
            "INSERT INTO note (body) SELECT repeat(md5(i::text), 30) FROM generate_series(1, {}) i",
            if random.chance(15) { 200 } else { 1 + random.below(5) }
        ),
        7 => format!("DELETE FROM note WHERE body < md5('{value}') OR random() < 0.2"),
        8 => format!("INSERT INTO remark (page_id, body) VALUES ('p{page}', 'r{value}')"),
        _ => format!(
            "UPDATE remark SET body = 'r{value}' WHERE id = (SELECT id FROM remark ORDER BY id LIMIT 1 OFFSET {page})"
        ),
    }
}

fn write(boat: &mut Boat, random: &mut Random) {
    let mut steps = vec!["BEGIN".to_owned(), hardships(random)];
    for i in 0..1 + random.below(5) {
        steps.push(change(random));
        if random.chance(15) {
            steps.push(format!(
                "SAVEPOINT s{i}; {}; ROLLBACK TO s{i}; RELEASE s{i}",
                change(random)
            ));
        }
    }
    if random.chance(5) {
        steps.push("SELECT concord.flush()".into());
    }
    steps.push(if random.chance(15) { "ROLLBACK" } else { "COMMIT" }.into());
    if random.chance(50) {
        // In one message: the backend meets what comes at any place of it.
        steps = vec![steps.join("; ")];
    }
    for step in steps {
        if !boat.run(&step) {
            return;
        }
    }
}

/// Another session's DDL, and what administrators run beside it. None of it leaves a change that the nodes must share.
fn maintain(boat: &mut Boat, random: &mut Random) {
    let table = random.pick(&TABLES);
    let n = random.below(3);
    boat.run(match random.below(10) {
        0 => "SET lock_timeout = 200; SELECT concord.tick()",
        1 => "SELECT concord.retry_pending()",
        2 => "SELECT count(*) FROM concord.consume('storm', 50)",
        3 => "SELECT length(concord.report())",
        _ => "SELECT 1",
    });
    boat.run(&match random.below(8) {
        0 => format!("CREATE INDEX IF NOT EXISTS storm_{table}_{n} ON {table} (body)"),
        1 => format!("DROP INDEX IF EXISTS storm_{table}_{n}"),
        2 => format!("ALTER TABLE {table} ALTER body SET STATISTICS {}", 10 + n),
        3 => format!("BEGIN; ALTER TABLE {table} ADD COLUMN storm{n} text; ROLLBACK"),
        4 => format!("REINDEX TABLE {table}"),
        5 => format!("CLUSTER {table} USING {table}_pkey"),
        6 => format!("ANALYZE {table}"),
        _ => format!("BEGIN; LOCK TABLE {table}; SELECT pg_sleep(0.05); COMMIT"),
    });
}

/// Carries what one node lacks of the other.
fn carry(random: &mut Random, boats: &mut [Boat; 2], until: Instant) {
    while Instant::now() < until {
        let (from, to) = if random.chance(50) { (0, 1) } else { (1, 0) };
        let Some(vector) = boats[to].all("SELECT concord.vector()::text", &[]).pop() else {
            continue;
        };
        let most = 1 + random.below(200) as i32;
        let events = boats[from].all(
            "SELECT e::text FROM concord.export_events($1::text::jsonb, $2) e",
            &[&vector, &most],
        );
        if random.chance(30) {
            boats[to].run(&format!("SET statement_timeout = {}", 1 + random.below(50)));
        }
        boats[to].all(
            "SELECT applied::text FROM concord.apply_events(ARRAY(SELECT unnest($1::text[])::jsonb))",
            &[&events],
        );
        boats[to].run("SET statement_timeout = '100s'");
    }
}

/// Ends statements and processes of all kinds, the apply workers and the background worker among them.
fn strike(net: &Net, random: &mut Random, until: Instant) {
    let mut sessions: Vec<Session> =
        (0..net.len()).map(|n| net.cluster(n).connect("postgres")).collect();
    while Instant::now() < until {
        sleep(Duration::from_millis(20 + random.below(150)));
        let n = random.below(net.len() as u64) as usize;
        let session = &mut sessions[n];
        let victims: Vec<i32> = session.all(
            "SELECT pid FROM pg_stat_activity
             WHERE pid <> pg_backend_pid() AND datname = 'cms' ORDER BY pid",
        );
        if victims.is_empty() {
            continue;
        }
        let end = if random.chance(70) { "pg_cancel_backend" } else { "pg_terminate_backend" };
        session.run(&format!("SELECT {end}({})", random.pick(&victims)));
    }
}

/// Nobody holds anything.
fn assert_quiet(session: &mut Session) {
    let held = "SELECT concat_ws(' ', l.locktype, l.relation::regclass, l.mode, a.backend_type, a.state, a.query)
                FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE l.locktype IN ('advisory', 'transactionid', 'tuple', 'object') AND a.pid <> pg_backend_pid()
                  AND a.backend_type = 'client backend'";
    eventually("no lock is left", || session.all::<String>(held).is_empty().then_some(()));
}

/// No process of the server died, and no part of concord met what it excludes.
fn assert_sound(log: &str) {
    for sign in [
        "was terminated by signal",
        "PANIC:",
        "panicked",
        "already borrowed",
        "already mutably borrowed",
        "TRAP:",
    ] {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(sign)).collect();
        assert!(lines.is_empty(), "the server's log says: {lines:#?}");
    }
}

#[test]
fn a_storm_leaves_no_damage() {
    let mut random = Random::for_test();
    let seconds = std::env::var("CONCORD_STORM_SECONDS")
        .map_or(120, |text| text.parse().expect("CONCORD_STORM_SECONDS is a number"));
    let settings = [LIVELY, "deadlock_timeout=50ms", "max_connections=60"];
    let net = Net::new("storm", 3, &settings);
    net.connect(0, 1);
    // PostgreSQL's table synchronization loses what is committed while an apply worker ends that waits for it.
    for n in 0..BY_COURIER {
        let mut session = net.at(n);
        let ready = "SELECT count(*) > 0 AND bool_and(srsubstate = 'r') FROM pg_subscription_rel";
        eventually("the first copy is there", || session.one::<bool>(ready).then_some(()));
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let net = &net;
        for node in [0, 0, 1, BY_COURIER] {
            let mut random = random.fork();
            scope.spawn(move || {
                let mut boat = Boat { net, node, client: None };
                while Instant::now() < until {
                    sleep(Duration::from_millis(random.below(100)));
                    write(&mut boat, &mut random);
                }
            });
        }
        for node in 0..net.len() {
            let mut random = random.fork();
            scope.spawn(move || {
                let mut boat = Boat { net, node, client: None };
                while Instant::now() < until {
                    sleep(Duration::from_millis(random.below(300)));
                    maintain(&mut boat, &mut random);
                }
            });
        }
        let mut carrier = random.fork();
        scope.spawn(move || {
            let mut boats = [1, BY_COURIER].map(|node| Boat { net, node, client: None });
            carry(&mut carrier, &mut boats, until);
        });
        let mut striker = random.fork();
        scope.spawn(move || strike(net, &mut striker, until));
    });
    for n in 0..net.len() {
        let mut session = net.at(n);
        // What is compared in the end must not grow any more.
        session.run("ALTER SYSTEM SET concord.heartbeat_interval = '600s'");
        session.run("SELECT pg_reload_conf()");
        numbers::settle(&mut session);
        assert_quiet(&mut session);
        assert_sound(&net.cluster(n).log());
    }
    net.connect(1, BY_COURIER);
    net.settle();
    net.assert_alike();
    (0..net.len()).for_each(|n| assert_sound(&net.cluster(n).log()));
    println!("{:?}", net.agreed("SELECT count(*)::text FROM concord.change_events"));
}
