//! What the types of conflicts mean, in words.

use crate::conflict::ConflictType;

/// The words for one type of conflict.
pub struct Phrases {
    /// What happened, in a few words.
    pub title: &'static str,
    /// What happened, in a sentence or two.
    pub story: &'static str,
    /// What the local image is.
    pub local: &'static str,
    /// What the remote image is.
    pub remote: &'static str,
    /// What `keep => 'local'` does.
    pub keep_local: &'static str,
    /// What `keep => 'remote'` does.
    pub keep_remote: &'static str,
}

const PAIR: Phrases = Phrases {
    title: "Edited on two nodes",
    story: "Two nodes edited this row without knowing of each other. The later edit stands.",
    local: "stands",
    remote: "lost",
    keep_local: "Keep the side that stands",
    keep_remote: "Take the side that lost",
};

/// The words for a type.
pub fn of(conflict_type: ConflictType) -> Phrases {
    match conflict_type {
        ConflictType::InsertExists => Phrases {
            title: "Created on two nodes",
            story: "Two nodes created this record without knowing of each other. The later row stands.",
            ..PAIR
        },
        ConflictType::UpdateDeleted => Phrases {
            title: "Edited, and deleted elsewhere",
            story: "One node edited this row while another deleted it. The deletion is later and stands.",
            keep_local: "Leave it deleted",
            keep_remote: "Restore the row",
            ..PAIR
        },
        ConflictType::DeleteOriginDiffers => Phrases {
            title: "Deleted, and edited elsewhere",
            story: "One node deleted this row while another edited it. The edit is later, and the row stands.",
            keep_local: "Keep the row",
            keep_remote: "Delete the row",
            ..PAIR
        },
        ConflictType::StaleWrite => Phrases {
            title: "Saved over a newer version",
            story: "A row was saved by somebody who had not read its newest version. The row stayed as it was.",
            remote: "came too late",
            keep_remote: "Take the write that came too late",
            ..PAIR
        },
        ConflictType::UniqueKey => Phrases {
            title: "Two records, one unique value",
            story: "Two records were given the same value of a unique key. The other record owns it; this one waits.",
            local: "the other record",
            remote: "this record",
            keep_local: "Delete this record",
            keep_remote: "Give the value to this record",
        },
        ConflictType::ForeignKey => Phrases {
            title: "The parent was deleted",
            story: "The row that this one refers to was deleted. This row waits until its parent is back.",
            local: "the parent's deletion",
            remote: "this record",
            keep_local: "Delete the row",
            keep_remote: "Restore the row and its parent",
        },
        ConflictType::Tree => Phrases {
            title: "The tree is inconsistent",
            story: "Edits that were each correct have together broken the tree. The conflict closes automatically when \
                    the rows are repaired.",
            ..PAIR
        },
        ConflictType::UpdateOriginDiffers => PAIR,
    }
}
