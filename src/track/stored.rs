//! The options of a tracked table as its trigger stores them.

use crate::error::{OrRaise, Result};
use concord_core::options::{Options, VersionColumn};
use concord_core::word::Word;
use pgrx::{JsonB, pg_extern};
use serde_json::{Value, json};

/// `concord._trigger_options(bytea) → jsonb`: the arguments of a trigger (`pg_trigger.tgargs`) as
/// options, defaults filled in. 22023 for arguments that the trigger would refuse.
#[pg_extern(sql = false)]
pub fn concord_trigger_options(arguments: &[u8]) -> JsonB {
    let options = stored_options(arguments).or_raise();
    JsonB(describe(&options))
}

/// The options in `pg_trigger.tgargs`, where each argument ends with a NUL byte: 22023 for arguments
/// that the trigger would refuse.
pub fn stored_options(arguments: &[u8]) -> Result<Options> {
    let texts: Vec<String> = arguments
        .split(|&byte| byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect();
    Ok(Options::parse(texts.iter().map(String::as_str))?)
}

pub fn describe(options: &Options) -> Value {
    let version_column = match &options.version_column {
        VersionColumn::Default => json!(concord_core::options::DEFAULT_VERSION_COLUMN),
        VersionColumn::Named(name) => json!(name),
        VersionColumn::None => Value::Null,
    };
    json!({
        "version_column": version_column,
        "conflict_policy": options.conflict_policy.word(),
        "on_stale": options.on_stale.word(),
        "exclude": options.exclude,
        "redact": options.redact,
        "redact_default": options.redact_default,
        "merge_groups": options.merge_groups,
        "merge_silently": options.merge_silently,
        "rename": options.rename,
        "on_missing_parent": options.on_missing_parent.word(),
        "record_key": options.record_key,
    })
}
