//! What somebody decides of a conflict.

use crate::word::Word;

/// What a decision keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The side that stands.
    Local,
    /// The side that lost.
    Remote,
    /// The row as it is shown, with other values in some columns.
    Merged,
}

impl Word for Keep {
    const NAME: &'static str = "decision";
    const WORDS: &'static [(Self, &'static str)] =
        &[(Keep::Local, "local"), (Keep::Remote, "remote"), (Keep::Merged, "merged")];
}

/// What a RESOLVE event says of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is decided.
    Decided(Keep),
    /// It is open again.
    Reopened,
}

impl Verdict {
    /// As `metadata.keep` shows it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Decided(keep) => keep.word(),
            Verdict::Reopened => REOPEN,
        }
    }
}

const REOPEN: &str = "reopen";
