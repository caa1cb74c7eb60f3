//! Keys from sequences never meet.

use crate::net::{Net, QUIET};
use std::thread;

fn mint(net: &Net) {
    thread::scope(|scope| {
        for n in 0..net.len() {
            scope.spawn(move || {
                let mut session = net.at(n);
                for i in 0..100 {
                    session.run(&format!("INSERT INTO remark (body) VALUES ('{n}/{i}')"));
                }
            });
        }
    });
}

#[test]
fn nodes_that_write_at_once_never_mint_the_same_key() {
    let net = Net::new("keys", 3, &[QUIET]);
    net.connect(0, 1);
    net.connect(1, 2);
    mint(&net);
    net.settle();
    net.assert_alike();
    assert_eq!(net.agreed("SELECT count(*)::text FROM remark"), ["300"]);
    assert!(net.agreed("SELECT conflict_type FROM concord.conflicts").is_empty());
    // From now on by numbers, while the sequences are in use.
    for n in 0..3 {
        net.at(n).run("UPDATE concord.nodes SET key_space = NULL");
    }
    for n in 0..3 {
        net.at(n).run(&format!("SELECT concord.spread_sequences({}, 3)", n + 1));
        net.settle();
    }
    mint(&net);
    net.settle();
    net.assert_alike();
    assert_eq!(net.agreed("SELECT count(*)::text FROM remark"), ["600"]);
    net.at(0)
        .refusal("SELECT concord.spread_sequences(2, 3)")
        .expect("55000", &["place 2 of 3", "place of its own"]);
}

#[test]
fn of_two_nodes_with_one_key_space_the_greater_moves() {
    let net = Net::new("rivals", 2, &[QUIET]);
    let space = r#"{"place": 7, "places": 1048576, "small_places": 4096}"#;
    for n in 0..2 {
        net.at(n).run(&format!("SELECT concord._claim_key_space('{space}')"));
        net.at(n).run("SELECT concord.spread_sequences()");
    }
    net.connect(0, 1);
    net.settle();
    for n in 0..2 {
        assert!(net.at(n).one::<bool>("SELECT same_keys FROM concord.peers"));
        net.at(n).run("SELECT concord.tick()");
    }
    net.settle();
    for n in 0..2 {
        assert!(!net.at(n).one::<bool>("SELECT same_keys FROM concord.peers"));
        assert!(net.at(n).one::<bool>("SELECT bool_and(spread) FROM concord._key_sequences"));
    }
    mint(&net);
    net.settle();
    assert_eq!(net.agreed("SELECT count(*)::text FROM remark"), ["200"]);
}
