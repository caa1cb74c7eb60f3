//! The record key in SQL over a tracked table.

use crate::capture::column::Column;
use crate::capture::shape::Tracked;
use crate::error::{Error, Result};
use crate::pg::catalog::cast;
use crate::pg::query::{Parameter, parameter};
use concord_core::names::quote_identifier;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::ffi::CStr;

/// The condition that picks a record by its key, whose values are parameters from `$first` on.
/// Operators are named with their schema, as `search_path` is fixed.
pub fn key_condition(tracked: &Tracked, first: usize) -> String {
    let conditions: Vec<String> = tracked
        .key_columns()
        .enumerate()
        .map(|(i, column)| {
            let name = quote_identifier(&column.name);
            format!("{ROW}.{name} {} ${}{}", equality(column), first + i, cast(column.base_type))
        })
        .collect();
    conditions.join(" AND ")
}

/// The condition that picks the record whose `record_id` is the SQL expression `text`.
pub fn key_of_text(tracked: &Tracked, text: &str) -> String {
    let single = tracked.record_key.len() == 1;
    let conditions: Vec<String> = tracked
        .key_columns()
        .enumerate()
        .map(|(i, column)| {
            let value = match single {
                true => format!("({text})"),
                false => format!("({text}::pg_catalog.jsonb OPERATOR(pg_catalog.->>) {i})"),
            };
            let (name, equal) = (quote_identifier(&column.name), equality(column));
            format!("{ROW}.{name} {equal} {value}{}", cast(column.base_type))
        })
        .collect();
    conditions.join(" AND ")
}

/// The key's values as parameters.
pub fn key_parameters(keys: &[String]) -> Vec<Parameter> {
    keys.iter().map(|key| parameter(key.as_str())).collect()
}

/// The equality operator of a column's type, with its schema.
#[allow(unsafe_code)]
pub fn equality(column: &Column) -> String {
    // SAFETY: catalog look-ups by object id; names are palloc'ed.
    unsafe {
        let entry = pg_sys::lookup_type_cache(column.base_type, pg_sys::TYPECACHE_EQ_OPR as i32);
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::OPEROID as i32,
            pg_sys::Datum::from((*entry).eq_opr),
        );
        if tuple.is_null() {
            return "OPERATOR(pg_catalog.=)".to_owned();
        }
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_operator>(tuple);
        let schema = CStr::from_ptr(pg_sys::get_namespace_name((*form).oprnamespace));
        let name = CStr::from_ptr((*form).oprname.data.as_ptr());
        let text = format!(
            "OPERATOR({}.{})",
            quote_identifier(&schema.to_string_lossy()),
            name.to_string_lossy()
        );
        pg_sys::ReleaseSysCache(tuple);
        text
    }
}

/// The texts of the key's values: 22023 where `record_id` is not of that form.
pub fn key_values(tracked: &Tracked, record_id: &str) -> Result<Vec<String>> {
    let count = tracked.record_key.len();
    if count == 1 {
        return Ok(vec![record_id.to_owned()]);
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(record_id).unwrap_or_default();
    if values.len() != count {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("record_id \"{record_id}\" is not a JSON array of {count} key values"),
        )
        .hint("Write composite keys as in change_events.record_id."));
    }
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(values.into_iter().map(text).collect())
}

/// What statements call the row that they are about: a plain name could be a column's as well, and a
/// bare `SELECT t` would mean the column.
pub const ROW: &str = "\"concord row\"";

/// That row as one value, for a table of this qualified name: `"concord row"` alone would be the column, where there
/// is one of this name.
pub fn whole_row(table: &str) -> String {
    format!("{ROW}.*::{table}")
}
