//! An owner's code runs with the owner's rights in the apply worker, which is a superuser, and in the tick.

use crate::net::{LIVELY, Net};
use concord_cluster::owned_code::{ALL, Cast, as_owner, assert_only_owner, schema};

#[test]
fn an_owners_code_runs_as_the_owner_in_the_apply_worker() {
    let cast = Cast { owner: "streamed_owner".into(), stranger: "streamed_stranger".into() };
    let net = Net::new("rights", 2, &[LIVELY]);
    let (mut here, mut there) = (net.at(0), net.at(1));
    as_owner_before(&mut here, &cast);
    there.run(&schema(&cast));
    net.connect(0, 1);
    // What was there before comes by the initial copy, what follows by the stream.
    net.settle();
    assert_only_owner(&mut there, &cast, "initial copy", &ALL);
    as_owner(&mut here, &cast, "UPDATE shop.thing SET title = 'new', slug = 'z' WHERE id = 'a'");
    net.settle();
    assert_only_owner(&mut there, &cast, "stream, an UPDATE", &["rule", "deferred", "index"]);
    as_owner(
        &mut here,
        &cast,
        "INSERT INTO shop.thing (id, shelf) VALUES ('b', 's'); DELETE FROM shop.thing WHERE id = 'a'",
    );
    net.settle();
    assert_only_owner(
        &mut there,
        &cast,
        "stream, INSERT and DELETE",
        &["default", "before_row", "deferred"],
    );
}

fn as_owner_before(session: &mut concord_cluster::session::Session, cast: &Cast) {
    session.run(&schema(cast));
    as_owner(
        session,
        cast,
        "INSERT INTO shop.shelf VALUES ('s', 'here');
         INSERT INTO shop.thing (id, shelf, mood, slug) VALUES ('a', 's', 'good', 'x'), ('c', 's', 'bad', 'y')",
    );
}
