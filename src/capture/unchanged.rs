//! What an update changed.

use super::shape::Tracked;
use crate::pg::tuple::RowValues;

/// The changed columns; the version column does not count.
pub struct Changed<'a> {
    /// Changed columns that images show, as indexes into the relation's columns.
    pub columns: Vec<usize>,
    /// Names of changed columns that images must not show.
    pub redacted: Vec<&'a str>,
}

impl Changed<'_> {
    /// Nothing changed that an event would tell.
    pub fn is_nothing(&self) -> bool {
        self.columns.is_empty() && self.redacted.is_empty()
    }
}

/// Compares a row with what a BEFORE trigger is given, whose generated columns are not computed yet.
pub fn compare_before<'a>(tracked: &'a Tracked, old: &RowValues, new: &RowValues) -> Changed<'a> {
    let mut change = compare(tracked, old, new);
    change.columns.retain(|&i| !tracked.columns[i].generated);
    change
}

/// Compares two versions of a row.
pub fn compare<'a>(tracked: &'a Tracked, old: &RowValues, new: &RowValues) -> Changed<'a> {
    let version = tracked.version.as_ref().map(|version| version.index);
    let columns = tracked
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| Some(column.index) != version && !column.same_in(old, new))
        .map(|(i, _)| i)
        .collect();
    let redacted = tracked
        .redacted
        .iter()
        .filter(|column| !column.same_in(old, new))
        .map(|column| column.name.as_str())
        .collect();
    Changed { columns, redacted }
}
