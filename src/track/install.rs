//! The triggers themselves: made, replaced, taken away.

use crate::ddl::options::stored_options;
use crate::error::Result;
use crate::pg::catalog::qualified_name;
use crate::pg::query::{self, parameter};
use concord_core::names::{quote_identifier, quote_literal};
use concord_core::options::VersionColumn;
use pgrx::pg_sys;

const CAPTURE: &str = "concord_capture";
const TRUNCATE: &str = "concord_truncate";
/// BEFORE triggers fire by name: the version is stamped when the row is as it will be.
const VERSION: &str = "zz_concord_version";

/// Adds the version column. Nullable, and without a default: rows get a version when they are written,
/// and the table goes on working should the triggers go.
pub fn add_version_column(table: &str, column: &str) {
    query::execute(&format!(
        "ALTER TABLE {table} ADD COLUMN {} concord.hlc",
        quote_identifier(column)
    ));
}

/// Makes or replaces all triggers of a table.
pub fn create(relation: pg_sys::Oid, arguments: &[String], has_version: bool) {
    let table = qualified_name(relation);
    drop_others(relation);
    let arguments: Vec<String> = arguments.iter().map(|argument| quote_literal(argument)).collect();
    let arguments = arguments.join(", ");
    let make = |name: &str, timing: &str, function: &str| {
        query::execute(&format!(
            "CREATE OR REPLACE TRIGGER {name} {timing} ON {table}
             FOR EACH ROW EXECUTE FUNCTION concord.{function}({arguments})"
        ));
        always(&table, name);
    };
    make(CAPTURE, "AFTER INSERT OR UPDATE OR DELETE", "capture_trigger");
    if has_version {
        make(VERSION, "BEFORE INSERT OR UPDATE", "version_trigger");
    }
    for leaf in leaves(relation) {
        make_truncate(leaf);
    }
}

fn make_truncate(relation: pg_sys::Oid) {
    let table = qualified_name(relation);
    query::execute(&format!(
        "CREATE OR REPLACE TRIGGER {TRUNCATE} BEFORE TRUNCATE ON {table}
         FOR EACH STATEMENT EXECUTE FUNCTION concord.truncate_trigger()"
    ));
    always(&table, TRUNCATE);
}

/// Has a trigger fire whatever `session_replication_role` is.
fn always(table: &str, trigger: &str) {
    let trigger = quote_identifier(trigger);
    query::execute(&format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"));
}

/// Has all of concord's triggers on a table fire always that were just made, and those that are off if `disabled`
/// says so.
pub fn fire_always(relation: pg_sys::Oid, disabled: bool) {
    let table = qualified_name(relation);
    let condition = if disabled { "t.tgenabled IN ('O', 'D')" } else { "t.tgenabled = 'O'" };
    for trigger in all_triggers(relation, condition) {
        always(&table, &trigger);
    }
}

/// Switches all of concord's triggers on a table off.
pub fn suspend(relation: pg_sys::Oid) {
    let table = qualified_name(relation);
    for trigger in all_triggers(relation, "t.tgenabled <> 'D'") {
        let trigger = quote_identifier(&trigger);
        query::execute(&format!("ALTER TABLE {table} DISABLE TRIGGER {trigger}"));
    }
}

/// Gives partitions that came since their truncate trigger, where the others have one: statement
/// triggers of the root do not fire for a leaf.
pub fn equip_partitions(relation: pg_sys::Oid) {
    let wanted = query::exists(
        "SELECT FROM pg_catalog.pg_partition_tree($1) p
         JOIN pg_catalog.pg_trigger t ON t.tgrelid = p.relid
         WHERE t.tgfoid = 'concord.truncate_trigger()'::pg_catalog.regprocedure LIMIT 1",
        &[parameter(relation)],
    );
    if !wanted {
        return;
    }
    for leaf in leaves(relation) {
        if triggers(leaf, "t.tgfoid = 'concord.truncate_trigger()'::pg_catalog.regprocedure")
            .is_empty()
        {
            make_truncate(leaf);
        }
    }
}

/// The leaf partitions of a table; an ordinary table is its own leaf.
fn leaves(relation: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    query::all(
        "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = $1 AND c.relkind = 'r'
         UNION ALL
         SELECT p.relid::oid FROM pg_catalog.pg_partition_tree($1) p WHERE p.isleaf AND p.relid <> $1",
        &[parameter(relation)],
        |row| row.required(1),
    )
}

/// Names of concord's own triggers on a relation (not clones of a parent's) that satisfy a condition.
fn triggers(relation: pg_sys::Oid, condition: &str) -> Vec<String> {
    all_triggers(relation, &format!("t.tgparentid = 0 AND {condition}"))
}

/// The same, clones included.
fn all_triggers(relation: pg_sys::Oid, condition: &str) -> Vec<String> {
    query::all(
        &format!(
            "SELECT t.tgname::text FROM pg_catalog.pg_trigger t
             JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
             WHERE t.tgrelid = $1
               AND f.pronamespace = 'concord'::pg_catalog.regnamespace
               AND f.proname IN ('capture_trigger', 'version_trigger', 'truncate_trigger')
               AND {condition}"
        ),
        &[parameter(relation)],
        |row| row.required(1),
    )
}

/// Drops concord's triggers that `create` would not replace: made by hand under other names, or a
/// version trigger that is not wanted any more.
fn drop_others(relation: pg_sys::Oid) {
    let table = qualified_name(relation);
    for trigger in triggers(relation, &format!("t.tgname NOT IN ('{CAPTURE}', '{TRUNCATE}')")) {
        query::execute(&format!("DROP TRIGGER {} ON {table}", quote_identifier(&trigger)));
    }
}

/// Has the triggers of a table name columns as they are called now; a dropped one (no new name) is
/// named no more.
pub fn rename_columns(relation: pg_sys::Oid, changed: &[(&str, Option<&str>)]) -> Result<()> {
    let arguments: Vec<Vec<u8>> = query::all(
        "SELECT t.tgargs FROM pg_catalog.pg_trigger t
         WHERE t.tgrelid = $1 AND t.tgparentid = 0
           AND t.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                            'concord.version_trigger()'::pg_catalog.regprocedure)
         ORDER BY t.tgfoid = 'concord.version_trigger()'::pg_catalog.regprocedure",
        &[parameter(relation)],
        |row| row.required(1),
    );
    let before = stored_options(&arguments.concat())?;
    let after = before.clone().with_renamed_columns(changed);
    if after != before {
        let condition = "t.tgfoid = 'concord.version_trigger()'::pg_catalog.regprocedure";
        let has_version = !triggers(relation, condition).is_empty()
            && after.version_column != VersionColumn::None;
        create(relation, &after.to_arguments(), has_version);
    }
    Ok(())
}

/// Drops all triggers of a table; whether there were any.
pub fn remove(relation: pg_sys::Oid) -> bool {
    let mut any = false;
    let own = [relation];
    for leaf in leaves(relation).into_iter().filter(|leaf| *leaf != relation).chain(own) {
        let table = qualified_name(leaf);
        for trigger in triggers(leaf, "true") {
            any = true;
            query::execute(&format!("DROP TRIGGER {} ON {table}", quote_identifier(&trigger)));
        }
    }
    any
}
