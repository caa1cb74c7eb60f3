//! Whatever connects the nodes, all end alike, and then there is silence.

use crate::net::{Net, QUIET};
use concord_cluster::wait::eventually;
use std::thread::sleep;
use std::time::Duration;

/// Rows put into tables of concord since the servers started.
fn traffic(net: &Net) -> Vec<i64> {
    let count = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables
                 WHERE schemaname = 'concord' AND relname IN ('change_events', 'received_events')";
    (0..net.len()).map(|n| net.at(n).one(count)).collect()
}

/// Writes at every node before it is connected and after, at the same rows, too.
fn play(label: &str, nodes: usize, connect: impl Fn(&Net)) {
    let net = Net::new(label, nodes, &[QUIET]);
    for n in 0..nodes {
        net.at(n).run(&format!(
            "INSERT INTO page VALUES ('own {n}', 't', 'b', {n}), ('common', 't{n}', 'b', {n});
             INSERT INTO note (body) VALUES ('at {n}');
             INSERT INTO remark (page_id, body) VALUES ('common', 'at {n}'), ('own {n}', 'at {n}')"
        ));
    }
    connect(&net);
    net.settle();
    net.assert_alike();
    assert_eq!(net.at(0).one::<i64>("SELECT count(*) FROM page"), nodes as i64 + 1);
    assert_eq!(net.at(0).one::<i64>("SELECT count(*) FROM remark"), 2 * nodes as i64);
    for n in 0..nodes {
        net.at(n).run(&format!(
            "UPDATE page SET title = 'again {n}' WHERE id = 'common';
             UPDATE page SET body = body || '{n}';
             DELETE FROM remark WHERE body = 'at {n}' AND page_id = 'common'"
        ));
    }
    net.settle();
    net.assert_alike();
    // Counters are shown within some seconds; what goes round does so without end.
    eventually("nothing goes round any more", || {
        let before = traffic(&net);
        sleep(Duration::from_secs(3));
        (traffic(&net) == before).then_some(())
    });
}

#[test]
fn a_pair() {
    play("pair", 2, |net| net.connect(0, 1));
}

#[test]
fn a_chain() {
    play("chain", 3, |net| {
        net.connect(0, 1);
        net.connect(1, 2);
    });
}

#[test]
fn a_ring_in_one_direction() {
    play("ring", 3, |net| {
        net.subscribe(1, 0);
        net.subscribe(2, 1);
        net.subscribe(0, 2);
    });
}

#[test]
fn a_star() {
    play("star", 4, |net| (1..4).for_each(|n| net.connect(0, n)));
}

#[test]
fn a_full_mesh() {
    play("mesh", 3, |net| {
        net.connect(0, 1);
        net.connect(1, 2);
        net.connect(2, 0);
    });
}

/// Of this node, the only one that tells: the part of the vector that is another's.
#[test]
fn listeners_hear_of_what_the_stream_brings() {
    use postgres::fallible_iterator::FallibleIterator;
    let net = Net::new("news", 2, &[QUIET]);
    net.connect(0, 1);
    net.settle();
    let mut listener = net.at(1);
    listener.run("LISTEN concord_events");
    net.at(0).run("INSERT INTO page VALUES ('one', 't', 'b', 1), ('two', 't', 'b', 2)");
    let sender: String = net.at(0).one("SELECT concord.node_id()::text");
    let heard = eventually("the listener hears", || {
        listener
            .client()
            .notifications()
            .timeout_iter(Duration::from_secs(1))
            .next()
            .expect("still connected")
    });
    assert_eq!(heard.channel(), "concord_events");
    let part: String = listener.one(&format!(
        "SELECT jsonb_build_object('{sender}', concord.vector() -> '{sender}')::text"
    ));
    assert_eq!(heard.payload(), part);
}
