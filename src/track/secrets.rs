//! Columns whose names suggest a secret that images would show.

use crate::pg::catalog::qualified_name;
use crate::pg::query::{self, parameter};
use concord_core::options::Options;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_sys};

const WORDS: [&str; 9] =
    ["password", "passwd", "pwd", "secret", "token", "api_key", "apikey", "private_key", "salt"];

fn is_suspicious(column: &str) -> bool {
    let column = column.to_lowercase();
    WORDS.iter().any(|word| column.contains(word))
}

/// Points out to who tracks a table which columns to leave out.
pub fn point_out(relation: pg_sys::Oid, options: &Options) {
    let columns = query::all(
        "SELECT attname::text FROM pg_catalog.pg_attribute
         WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        &[parameter(relation)],
        |row| row.required::<String>(1),
    );
    for column in columns {
        if is_suspicious(&column)
            && !options.exclude.contains(&column)
            && !options.redact.contains(&column)
        {
            say(
                PgLogLevel::NOTICE,
                relation,
                &column,
                format!("Leave it out with redact => '{{{column}}}' or exclude => '{{{column}}}'."),
            );
        }
    }
}

/// Warns of columns of a tracked table that were not there, by these names, when it was last looked at: of whoever
/// adds one, nobody has asked whether images shall show it.
pub fn warn_of_new(relation: pg_sys::Oid, known: &[String]) {
    let shown = query::all(
        "SELECT a.attname::text
         FROM concord.tracked_tables t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relation
         WHERE t.relation = $1 AND a.attnum > 0 AND NOT a.attisdropped
           AND NOT t.exclude ? a.attname::text AND NOT t.redact ? a.attname::text
         ORDER BY a.attnum",
        &[parameter(relation)],
        |row| row.required::<String>(1),
    );
    for column in shown.iter().filter(|column| is_suspicious(column) && !known.contains(column)) {
        let hint = format!(
            "Call concord.track() again, with its options and redact => '{{{column}}}' or exclude => '{{{column}}}', \
             before the column is filled."
        );
        say(PgLogLevel::WARNING, relation, column, hint);
    }
}

fn say(level: PgLogLevel, relation: pg_sys::Oid, column: &str, hint: String) {
    let table = qualified_name(relation);
    let code = match level {
        PgLogLevel::WARNING => PgSqlErrorCode::ERRCODE_WARNING,
        _ => PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
    };
    let message =
        format!("column \"{column}\" of {table} looks like a secret and is included in images");
    ErrorReport::new(code, message, "track").set_hint(hint).report(level);
}
