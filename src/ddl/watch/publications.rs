//! Publications of the log. `pg_dump` leaves out that an extension's table belongs to one, so a restored publication
//! publishes nothing, and whoever subscribes to it receives nothing, without an error.

use crate::pg::query;
use concord_core::names::quote_identifier;

/// Remembers which publications publish the log, and adds it to one that a restore has made without it.
pub fn follow(command: &str) {
    match command {
        "CREATE PUBLICATION" => {
            restore();
            remember();
        }
        "ALTER PUBLICATION" => {
            forget("EXISTS (SELECT FROM pg_catalog.pg_publication p WHERE p.pubname = o.name)");
            remember();
        }
        "DROP PUBLICATION" | "DROP OWNED" => forget("true"),
        _ => {}
    }
}

/// Adds the log to publications that had it, and were restored without it. The name alone is no right to it: their
/// owners must be those who can add it.
pub fn restore() {
    let empty: Vec<String> = query::all(
        "SELECT p.pubname::text FROM concord._publications o
         JOIN pg_catalog.pg_publication p ON p.pubname = o.name
         JOIN pg_catalog.pg_class c ON c.oid = 'concord.change_events'::pg_catalog.regclass
         WHERE NOT p.puballtables AND pg_catalog.pg_has_role(p.pubowner, c.relowner, 'USAGE')
           AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_publication_rel r
             WHERE r.prpubid = p.oid
               AND r.prrelid = 'concord.change_events'::pg_catalog.regclass)",
        &[],
        |row| row.required(1),
    );
    for publication in empty {
        let publication = quote_identifier(&publication);
        query::execute(&format!("ALTER PUBLICATION {publication} ADD TABLE concord.change_events"));
    }
}

/// Publications of the log by name, as a dump keeps them.
fn remember() {
    query::run(
        "INSERT INTO concord._publications (name)
         SELECT p.pubname FROM pg_catalog.pg_publication p
         JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
         WHERE r.prrelid = 'concord.change_events'::pg_catalog.regclass
         ON CONFLICT DO NOTHING",
        &[],
    );
}

/// Forgets those that do not publish the log any more.
fn forget(condition: &str) {
    query::run(
        &format!(
            "DELETE FROM concord._publications o
             WHERE {condition} AND NOT EXISTS (
                 SELECT FROM pg_catalog.pg_publication p
                 JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
                 WHERE p.pubname = o.name
                   AND r.prrelid = 'concord.change_events'::pg_catalog.regclass)"
        ),
        &[],
    );
}
