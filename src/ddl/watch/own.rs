//! concord's own triggers: a loader that disables and enables all triggers of all tables leaves them otherwise
//! than they were made.

use crate::pg::query;
use crate::pg::relation::try_lock;
use concord_core::names::quote_identifier;
use pgrx::pg_sys;

/// What fires in replication alone is set back to that at once, unless somebody else holds the tables.
pub fn restore() {
    for (relation, table, trigger, state) in altered() {
        if try_lock(relation, pg_sys::ShareRowExclusiveLock) {
            enable(&table, &trigger, &state);
        }
    }
}

fn enable(table: &str, trigger: &str, state: &str) {
    let trigger = quote_identifier(trigger);
    query::execute(&format!("ALTER TABLE {table} ENABLE {state} TRIGGER {trigger}"));
}

/// Triggers of concord's tables that are not as they were made: table, names, and what to enable them as.
fn altered() -> Vec<(pg_sys::Oid, String, String, String)> {
    query::all(
        "SELECT t.tgrelid, pg_catalog.format('%I.%I', 'concord', c.relname), t.tgname::text,
                CASE w.state WHEN 'R' THEN 'REPLICA' ELSE 'ALWAYS' END
         FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid
         JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
         CROSS JOIN LATERAL (SELECT CASE WHEN f.proname IN ('_receive_trigger', '_enter_trigger')
                                         THEN 'R' ELSE 'A' END AS state) w
         WHERE c.relnamespace = 'concord'::pg_catalog.regnamespace AND NOT t.tgisinternal
           AND f.pronamespace = c.relnamespace AND t.tgenabled::text <> w.state",
        &[],
        |row| (row.required(1), row.required(2), row.required(3), row.required(4)),
    )
}
