//! What an event says.

use crate::event::Change;
use crate::word::Word;

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Operation {
    /// A row came.
    Insert,
    /// A row changed.
    Update,
    /// A row went.
    Delete,
    /// A row went with all others of its table.
    Truncate,
    /// A write was made from a version that no longer stood.
    Stale,
    /// A node tells of itself.
    Node,
    /// A number whose transaction died.
    Void,
    /// The shape or the capture of a tracked table changed.
    Ddl,
    /// Changes were not captured.
    Gap,
    /// Somebody decided a conflict, or opened it again.
    Resolve,
}

impl Word for Operation {
    const NAME: &'static str = "operation";
    /// As `change_events.operation` shows it; in the order of the codes.
    const WORDS: &'static [(Self, &'static str)] = &[
        (Operation::Insert, "INSERT"),
        (Operation::Update, "UPDATE"),
        (Operation::Delete, "DELETE"),
        (Operation::Truncate, "TRUNCATE"),
        (Operation::Stale, "STALE"),
        (Operation::Node, "NODE"),
        (Operation::Void, "VOID"),
        (Operation::Ddl, "DDL"),
        (Operation::Gap, "GAP"),
        (Operation::Resolve, "RESOLVE"),
    ];
}

impl Operation {
    /// The operation of a code that `as u8` gave.
    pub fn from_code(code: u8) -> Option<Operation> {
        Self::WORDS.get(code as usize).map(|(operation, _)| *operation)
    }

    /// What the event makes of its row; `None` for an event that is not one of a row.
    pub fn change(self) -> Option<Change> {
        match self {
            Operation::Insert => Some(Change::Insert),
            Operation::Update => Some(Change::Update),
            Operation::Delete | Operation::Truncate => Some(Change::Delete),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_places_among_the_words() {
        for (operation, word) in Operation::WORDS {
            assert_eq!(Operation::from_code(*operation as u8), Some(*operation));
            assert_eq!(Operation::from_word(word), Ok(*operation));
        }
        assert_eq!(Operation::from_code(Operation::WORDS.len() as u8), None);
    }
}
