//! The options of a tracked table as its triggers store them.

use crate::error::Result;
use concord_core::options::{DEFAULT_VERSION_COLUMN, Options, VersionColumn};
use concord_core::word::Word;
use serde_json::{Value, json};

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

/// Options as an object, defaults filled in.
pub fn describe(options: &Options) -> Value {
    let version_column = match &options.version_column {
        VersionColumn::Default => json!(DEFAULT_VERSION_COLUMN),
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

/// What options are now that they were not, as an object; `None` where nothing has changed.
pub fn changed_options(before: &Options, after: &Options) -> Option<Value> {
    let (Value::Object(before), Value::Object(mut after)) = (describe(before), describe(after))
    else {
        return None;
    };
    after.retain(|name, value| before.get(name) != Some(value));
    (!after.is_empty()).then_some(Value::Object(after))
}
