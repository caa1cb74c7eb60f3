//! What stands in the way of a row.

use crate::pg::attempt::Failure;
use concord_core::names::TableName;
use concord_core::word::Word;

/// What a table shows of a row instead of its fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole image of the latest event.
    Whole,
    /// The fold with a unique value renamed.
    Renamed,
}

impl Word for Form {
    const NAME: &'static str = "form";
    const WORDS: &'static [(Self, &'static str)] =
        &[(Form::Whole, "whole"), (Form::Renamed, "renamed")];
}

/// Why a row is not shown, as `pending.reason` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingReason {
    /// A constraint, a parent that is missing, or what the owner's functions raise.
    Constraint,
    /// There is no such tracked table here.
    MissingTable,
    /// Somebody keeps it locked.
    RowLocked,
    /// The table is not of the shape of the event.
    SchemaMismatch,
}

impl Word for PendingReason {
    const NAME: &'static str = "reason";
    const WORDS: &'static [(Self, &'static str)] = &[
        (PendingReason::Constraint, "constraint"),
        (PendingReason::MissingTable, "missing_table"),
        (PendingReason::RowLocked, "row_locked"),
        (PendingReason::SchemaMismatch, "schema_mismatch"),
    ];
}

/// Why a row is not shown.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// `pending.reason`
    pub reason: PendingReason,
    /// As `pending.detail` shows it.
    pub detail: String,
}

impl Obstacle {
    /// From an error of a statement.
    pub fn of(failure: &Failure) -> Obstacle {
        let reason = match failure.class() {
            _ if failure.is_lock_timeout() => PendingReason::RowLocked,
            "22" | "42" => PendingReason::SchemaMismatch,
            // Constraints, and functions of the table's owner, which raise what they like.
            _ => PendingReason::Constraint,
        };
        Obstacle { reason, detail: failure.message.clone() }
    }

    /// A constraint stands in the way.
    pub fn constraint(detail: String) -> Obstacle {
        Obstacle { reason: PendingReason::Constraint, detail }
    }

    /// There is no such tracked table here.
    pub fn missing_table(name: &TableName) -> Obstacle {
        let detail = format!("{name} is not a tracked table on this node");
        Obstacle { reason: PendingReason::MissingTable, detail }
    }

    /// The table lacks a column.
    pub fn missing_column(column: &str) -> Obstacle {
        let detail = format!("column \"{column}\" does not exist");
        Obstacle { reason: PendingReason::SchemaMismatch, detail }
    }
}
