//! `kill -9` in the middle of load.

use concord_cluster::check;
use concord_cluster::cluster::Cluster;
use concord_cluster::events;
use concord_cluster::load::{self, Attempt, Fate, Load, Mix, Reader, Seen};
use concord_cluster::numbers::settle;
use concord_cluster::random::Random;
use concord_cluster::session::Session;
use std::thread::sleep;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Victim {
    Backend,
    Postmaster,
}

#[test]
fn nothing_is_lost_or_invented_by_kill_9() {
    let mut random = Random::for_test();
    let cluster = Cluster::start("crashes", &["deadlock_timeout=100ms"]);
    let mut session = cluster.node("cms");
    let first_rows = load::create(&mut session);
    let node: String = session.one("SELECT concord.node_id()::text");
    let (mut attempts, mut seen) = (Vec::new(), Seen::new());

    let all = [Victim::Backend, Victim::Postmaster];
    let more = [*random.pick(&all), *random.pick(&all)];
    for (round, victim) in all.into_iter().chain(more).enumerate() {
        println!("round {round}: {victim:?}");
        attempts.extend(load_until_killed(&cluster, round, victim, &mut seen, &mut random));
        session = cluster.connect("cms");
        // Before anything is written: what the crash left is the start of the clock.
        let greatest: i64 = session.one("SELECT max(hlc)::bigint FROM concord.change_events");
        assert!(session.one::<i64>("SELECT concord.hlc_now()::bigint") > greatest);
        settle(&mut session);
        assert_eq!(session.one::<String>("SELECT concord.node_id()::text"), node);
        let events = check::whole_log(&mut session, first_rows, &attempts);
        check::seen_is_in(&events, &seen);
        goes_on(&mut session, round, greatest);
        attempts.push(written_alone(round));
    }
    let committed = attempts.iter().filter(|attempt| attempt.fate == Fate::Committed).count();
    let in_doubt = attempts.iter().filter(|attempt| attempt.fate == Fate::InDoubt).count();
    println!("{committed} committed, {in_doubt} in doubt");
    assert!(committed > 200, "hardly any load");
}

/// Load until the server dies; every writer ends with it.
fn load_until_killed(
    cluster: &Cluster,
    round: usize,
    victim: Victim,
    seen: &mut Seen,
    random: &mut Random,
) -> Vec<Attempt> {
    let reader = Reader::start(cluster, "cms", &format!("reader {round}"), random);
    let load = Load::start(cluster, "cms", &format!("w{round}"), 8, Mix::Wide, random);
    sleep(Duration::from_millis(700 + random.below(800)));
    match victim {
        Victim::Backend => cluster.crash(*random.pick(&writing_backends(cluster))),
        Victim::Postmaster => {
            cluster.kill_postmaster();
            cluster.launch();
        }
    }
    let attempts = load.finish();
    let ended = attempts.iter().filter(|a| matches!(a.fate, Fate::Lost | Fate::InDoubt)).count();
    assert_eq!(ended, 8, "writers that noticed the crash");
    for (number, id) in reader.finish() {
        let before = seen.insert(number, id.clone());
        assert!(before.is_none_or(|before| before == id), "{number} is another event now");
    }
    attempts
}

fn writing_backends(cluster: &Cluster) -> Vec<i32> {
    let pids = cluster.connect("postgres").all(
        "SELECT pid FROM pg_stat_activity
         WHERE datname = 'cms' AND backend_type = 'client backend' AND query !~ 'consume'",
    );
    assert!(!pids.is_empty(), "nobody writes");
    pids
}

/// The next transaction has the next number and a greater HLC.
fn goes_on(session: &mut Session, round: usize, greatest: i64) {
    let last = events::read(session).len() as i64;
    session.run(&format!(
        "BEGIN; SET LOCAL concord.request_id = 'alone {round}';
         INSERT INTO page (title) VALUES ('after the crash'); COMMIT"
    ));
    let events = events::read(session);
    let new = events.last().expect("the log is not empty");
    assert_eq!((events.len() as i64, new.sequence), (last + 1, last + 1));
    assert!(new.hlc > greatest);
}

fn written_alone(round: usize) -> Attempt {
    let now = std::time::Instant::now();
    let request = format!("alone {round}");
    Attempt { request, changes: 1, fate: Fate::Committed, asked: now, answered: now }
}
