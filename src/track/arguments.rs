//! The arguments of `concord.track`, as options.

use crate::error::Result;
use concord_core::options::{
    OnMissingParent, OnStale, OptionError, Options, Policy, VersionColumn, parse_merge_groups,
    parse_redact_default,
};
use concord_core::word::Word;
use serde_json::Value;

/// What `track` was called with, null arguments as `None`.
pub struct Arguments {
    /// `version_column`
    pub version_column: Option<String>,
    /// `conflict_policy`
    pub conflict_policy: Option<String>,
    /// `on_stale`
    pub on_stale: Option<String>,
    /// `exclude`
    pub exclude: Option<Vec<String>>,
    /// `redact`
    pub redact: Option<Vec<String>>,
    /// `redact_default`
    pub redact_default: Option<Value>,
    /// `merge_groups`
    pub merge_groups: Option<Value>,
    /// `merge_silently`
    pub merge_silently: Option<Vec<String>>,
    /// `rename`
    pub rename: Option<Vec<String>>,
    /// `on_missing_parent`
    pub on_missing_parent: Option<String>,
    /// `record_key`
    pub record_key: Option<Vec<String>>,
}

impl Arguments {
    /// The options; 22023 for a value that makes no sense.
    pub fn into_options(self) -> Result<Options> {
        let json = |value: Value| value.to_string();
        Ok(Options {
            version_column: match self.version_column {
                Some(name) if !name.is_empty() => VersionColumn::Named(name),
                _ => VersionColumn::None,
            },
            conflict_policy: word::<Policy>(self.conflict_policy)?,
            on_stale: word::<OnStale>(self.on_stale)?,
            exclude: self.exclude.unwrap_or_default(),
            redact: self.redact.unwrap_or_default(),
            redact_default: self
                .redact_default
                .map_or(Ok(Default::default()), |value| parse_redact_default(&json(value)))?,
            merge_groups: self
                .merge_groups
                .map_or(Ok(Vec::new()), |value| parse_merge_groups(&json(value)))?,
            merge_silently: self.merge_silently.unwrap_or_default(),
            rename: self.rename.unwrap_or_default(),
            on_missing_parent: word::<OnMissingParent>(self.on_missing_parent)?,
            record_key: self.record_key.filter(|key| !key.is_empty()),
        })
    }
}

fn word<T: Word + Default>(text: Option<String>) -> std::result::Result<T, OptionError> {
    text.map_or(Ok(T::default()), |text| Ok(T::from_word(&text)?))
}
