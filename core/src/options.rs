//! The options of tracking, as the triggers carry them: `name=value` arguments. They are the only
//! place where options are kept, so a table whose triggers were made by hand is like any other.

use crate::names::{parse_list, quote_identifier, write_list};
use crate::word::{Unknown, Word};
use serde_json::{Map, Value};
use std::fmt;

/// What decides between versions that were written without knowledge of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The last writer's whole row.
    #[default]
    LastWriterWins,
    /// Each column by its last writer.
    Merge,
    /// As last writer wins for the moment; the conflict stays open.
    Manual,
}

/// What happens to a write made from a version that no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnStale {
    /// The row stays, the incoming image goes to the conflicts.
    #[default]
    Record,
    /// The write lands, what it overwrote goes to the conflicts.
    Overwrite,
    /// SQLSTATE 40001.
    Reject,
}

/// What happens to a child whose parent was deleted elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMissingParent {
    /// It is kept aside until the parent is back.
    #[default]
    SetAside,
    /// The parent comes back.
    ReviveParent,
}

/// The version column: the default name where such a column exists, a name, or none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VersionColumn {
    /// `row_version`, if the table has it.
    #[default]
    Default,
    /// This column.
    Named(String),
    /// No version column.
    None,
}

/// The name of the version column where none is given.
pub const DEFAULT_VERSION_COLUMN: &str = "row_version";

/// All options of one tracked table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `version_column`; empty for none.
    pub version_column: VersionColumn,
    /// `conflict_policy`: `lww`, `merge` or `manual`.
    pub conflict_policy: Policy,
    /// `on_stale`: `record`, `overwrite` or `reject`.
    pub on_stale: OnStale,
    /// `exclude`: columns that no image shows.
    pub exclude: Vec<String>,
    /// `redact`: columns that no image shows, but whose change is noted.
    pub redact: Vec<String>,
    /// `redact_default`: column to value, for rows inserted on other nodes.
    pub redact_default: Map<String, Value>,
    /// `merge_groups`: columns that change together.
    pub merge_groups: Vec<Vec<String>>,
    /// `merge_silently`: columns that never make a conflict.
    pub merge_silently: Vec<String>,
    /// `rename`: columns under whose changed value the loser of a unique collision is shown.
    pub rename: Vec<String>,
    /// `on_missing_parent`: `set_aside` or `revive_parent`.
    pub on_missing_parent: OnMissingParent,
    /// `record_key`: the columns that identify a record, where not the primary key.
    pub record_key: Option<Vec<String>>,
}

/// Why an argument is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// What is wrong, naming the value.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl OptionError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        OptionError { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Unknown> for OptionError {
    fn from(unknown: Unknown) -> Self {
        OptionError { message: unknown.message, hint: unknown.hint }
    }
}

impl Word for Policy {
    const NAME: &'static str = "conflict_policy";
    const WORDS: &'static [(Self, &'static str)] =
        &[(Policy::LastWriterWins, "lww"), (Policy::Merge, "merge"), (Policy::Manual, "manual")];
}

impl Word for OnStale {
    const NAME: &'static str = "on_stale";
    const WORDS: &'static [(Self, &'static str)] = &[
        (OnStale::Record, "record"),
        (OnStale::Overwrite, "overwrite"),
        (OnStale::Reject, "reject"),
    ];
}

impl Word for OnMissingParent {
    const NAME: &'static str = "on_missing_parent";
    const WORDS: &'static [(Self, &'static str)] = &[
        (OnMissingParent::SetAside, "set_aside"),
        (OnMissingParent::ReviveParent, "revive_parent"),
    ];
}

const KNOWN: &str = "version_column, conflict_policy, on_stale, exclude, redact, redact_default, \
                     merge_groups, merge_silently, rename, on_missing_parent, record_key";

impl Options {
    /// Reads `name=value` arguments.
    pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Options, OptionError> {
        let mut options = Options::default();
        for argument in arguments {
            let Some((name, value)) = argument.split_once('=') else {
                return Err(OptionError::new(
                    format!("trigger argument \"{argument}\" is not of the form name=value"),
                    format!("Valid options are: {KNOWN}."),
                ));
            };
            options.set(name.trim(), value.trim())?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        match name {
            "version_column" => {
                self.version_column = match parse_names(name, value)?.as_slice() {
                    [] => VersionColumn::None,
                    [column] => VersionColumn::Named(column.clone()),
                    _ => {
                        return Err(OptionError::new(
                            format!("version_column \"{value}\" names more than one column"),
                            "A table can have only one version column.",
                        ));
                    }
                }
            }
            "conflict_policy" => self.conflict_policy = Policy::from_word(value)?,
            "on_stale" => self.on_stale = OnStale::from_word(value)?,
            "exclude" => self.exclude = parse_names(name, value)?,
            "redact" => self.redact = parse_names(name, value)?,
            "redact_default" => self.redact_default = parse_redact_default(value)?,
            "merge_groups" => self.merge_groups = parse_merge_groups(value)?,
            "merge_silently" => self.merge_silently = parse_names(name, value)?,
            "rename" => self.rename = parse_names(name, value)?,
            "on_missing_parent" => self.on_missing_parent = OnMissingParent::from_word(value)?,
            "record_key" => self.record_key = Some(parse_names(name, value)?),
            _ => {
                return Err(OptionError::new(
                    format!("unrecognized option \"{name}\""),
                    format!("Valid options are: {KNOWN}."),
                ));
            }
        }
        Ok(())
    }

    /// The arguments that `parse` reads back to these options; defaults are left out.
    pub fn to_arguments(&self) -> Vec<String> {
        let default = Options::default();
        let mut arguments = Vec::new();
        match &self.version_column {
            VersionColumn::Default => {}
            VersionColumn::Named(column) => {
                arguments.push(format!("version_column={}", quote_identifier(column)));
            }
            VersionColumn::None => arguments.push("version_column=".to_owned()),
        }
        let mut add = |name: &str, value: String, is_default: bool| {
            if !is_default {
                arguments.push(format!("{name}={value}"));
            }
        };
        let policy = self.conflict_policy;
        add("conflict_policy", policy.word().into(), policy == default.conflict_policy);
        add("on_stale", self.on_stale.word().into(), self.on_stale == default.on_stale);
        add("exclude", write_list(&self.exclude), self.exclude.is_empty());
        add("redact", write_list(&self.redact), self.redact.is_empty());
        let redact_default = Value::Object(self.redact_default.clone()).to_string();
        add("redact_default", redact_default, self.redact_default.is_empty());
        let merge_groups = Value::from(self.merge_groups.clone()).to_string();
        add("merge_groups", merge_groups, self.merge_groups.is_empty());
        add("merge_silently", write_list(&self.merge_silently), self.merge_silently.is_empty());
        add("rename", write_list(&self.rename), self.rename.is_empty());
        let missing = self.on_missing_parent;
        add("on_missing_parent", missing.word().into(), missing == default.on_missing_parent);
        if let Some(key) = &self.record_key {
            arguments.push(format!("record_key={}", write_list(key)));
        }
        arguments
    }
}

fn parse_names(option: &str, text: &str) -> Result<Vec<String>, OptionError> {
    parse_list(text).ok_or_else(|| {
        OptionError::new(
            format!("{option} \"{text}\" is not a list of names"),
            "Separate names by commas, and double-quote names where SQL requires it.",
        )
    })
}

impl Options {
    /// The same with columns under their new names; those without one are gone.
    pub fn with_renamed_columns(mut self, changed: &[(&str, Option<&str>)]) -> Options {
        let rename = |name: String| match changed.iter().find(|(old, _)| *old == name) {
            None => Some(name),
            Some((_, new)) => new.map(str::to_owned),
        };
        let list = |names: Vec<String>| names.into_iter().filter_map(&rename).collect::<Vec<_>>();
        let default = VersionColumn::Named(DEFAULT_VERSION_COLUMN.to_owned());
        let is_default_changed = changed.iter().any(|(old, _)| *old == DEFAULT_VERSION_COLUMN);
        if self.version_column == VersionColumn::Default && is_default_changed {
            self.version_column = default;
        }
        if let VersionColumn::Named(name) = self.version_column {
            self.version_column = rename(name).map_or(VersionColumn::None, VersionColumn::Named);
        }
        self.exclude = list(self.exclude);
        self.redact = list(self.redact);
        self.merge_silently = list(self.merge_silently);
        self.rename = list(self.rename);
        self.record_key = self.record_key.map(&list).filter(|key| !key.is_empty());
        self.merge_groups = self.merge_groups.into_iter().map(&list).collect();
        self.redact_default = self
            .redact_default
            .into_iter()
            .filter_map(|(name, value)| Some((rename(name)?, value)))
            .collect();
        self
    }
}

/// Reads `redact_default`.
pub fn parse_redact_default(value: &str) -> Result<Map<String, Value>, OptionError> {
    match serde_json::from_str(value) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(OptionError::new(
            format!("redact_default \"{value}\" is not a JSON object"),
            "Specify columns and values, as in {\"password_hash\": \"!\"}.",
        )),
    }
}

/// Reads `merge_groups`.
pub fn parse_merge_groups(value: &str) -> Result<Vec<Vec<String>>, OptionError> {
    serde_json::from_str(value).map_err(|_| {
        OptionError::new(
            format!("merge_groups \"{value}\" is not a JSON array of arrays of column names"),
            "Specify groups of columns, as in [[\"parent_id\", \"next_sibling_id\"]].",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_values_are_named() {
        for (argument, part) in [
            ("conflict_policy=newest", "newest"),
            ("on_stale=ignore", "ignore"),
            ("on_missing_parent=x", "x"),
            ("colour=red", "colour"),
            ("exclude", "exclude"),
            ("version_column=a,b", "a,b"),
            ("redact_default=[]", "[]"),
            ("merge_groups=[1]", "[1]"),
        ] {
            let error = Options::parse([argument]).unwrap_err();
            assert!(error.message.contains(part), "{error}");
            assert!(!error.hint.is_empty());
        }
    }

    #[test]
    fn options_follow_their_columns() {
        let arguments = [
            "exclude=a,b",
            "redact=c",
            "redact_default={\"c\": 1}",
            "merge_groups=[[\"a\", \"d\"]]",
        ];
        let changed = [("a", Some("z")), ("b", None), ("c", Some("y")), ("row_version", None)];
        let after = Options::parse(arguments).unwrap().with_renamed_columns(&changed);
        assert_eq!(after.exclude, ["z"]);
        assert_eq!(after.redact, ["y"]);
        assert!(after.redact_default.contains_key("y"));
        assert_eq!(after.merge_groups, [["z", "d"]]);
        assert_eq!(after.version_column, VersionColumn::None);
    }

    proptest! {
        #[test]
        fn arguments_round_trip(
            exclude in proptest::collection::vec("[^\0]{1,8}", 0..4),
            key in proptest::option::of(proptest::collection::vec("[a-zA-Z ,\"=']{1,8}", 1..3)),
            groups in proptest::collection::vec(proptest::collection::vec(".{1,5}", 1..3), 0..3),
            version in proptest::option::of(proptest::option::of("[a-z\" ]{1,6}")),
            policy in 0..3usize, stale in 0..3usize,
        ) {
            let options = Options {
                version_column: match version {
                    None => VersionColumn::Default,
                    Some(None) => VersionColumn::None,
                    Some(Some(name)) => VersionColumn::Named(name),
                },
                conflict_policy: Policy::WORDS[policy].0,
                on_stale: OnStale::WORDS[stale].0,
                exclude,
                record_key: key,
                merge_groups: groups,
                ..Options::default()
            };
            let arguments = options.to_arguments();
            prop_assert_eq!(Options::parse(arguments.iter().map(String::as_str)).unwrap(), options);
        }

        #[test]
        fn no_input_panics(argument in ".*") {
            let _ = Options::parse([argument.as_str()]);
        }
    }
}
