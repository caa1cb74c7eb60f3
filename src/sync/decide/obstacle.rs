//! What stands in the way of a row.

use crate::pg::attempt::Failure;

/// What a table shows of a row instead of its fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole image of the latest event.
    Whole,
    /// The fold with a unique value renamed.
    Renamed,
}

impl Form {
    pub fn word(self) -> &'static str {
        match self {
            Form::Whole => "whole",
            Form::Renamed => "renamed",
        }
    }
}

/// Why a row is not shown.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// As `pending.reason` shows it.
    pub reason: &'static str,
    /// As `pending.detail` shows it.
    pub detail: String,
}

impl Obstacle {
    /// From an error of a statement.
    pub fn of(failure: &Failure) -> Obstacle {
        let reason = match failure.class() {
            _ if failure.is_lock_timeout() => "row_locked",
            "22" | "42" => "schema_mismatch",
            // Constraints, and functions of the table's owner, which raise what they like.
            _ => "constraint",
        };
        Obstacle { reason, detail: failure.message.clone() }
    }

    /// A constraint stands in the way.
    pub fn constraint(detail: String) -> Obstacle {
        Obstacle { reason: "constraint", detail }
    }

    /// There is no such tracked table here.
    pub fn missing_table(name: &str) -> Obstacle {
        let detail = format!("{name} is not a tracked table here");
        Obstacle { reason: "missing_table", detail }
    }

    /// The table lacks a column.
    pub fn missing_column(column: &str) -> Obstacle {
        let detail = format!("column \"{column}\" does not exist");
        Obstacle { reason: "schema_mismatch", detail }
    }
}
