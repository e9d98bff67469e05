//! What people have said of entries; it stands above the rules.

use std::collections::HashSet;

use crate::model::EntryId;

/// Merges and splits by hand.
#[derive(Debug, Clone, Default)]
pub struct Hands {
    /// These are one article.
    pub merged: Vec<(EntryId, EntryId)>,
    /// These are not.
    pub split: HashSet<(EntryId, EntryId)>,
}

impl Hands {
    /// Whether somebody has parted these two.
    pub fn forbid(&self, one: EntryId, other: EntryId) -> bool {
        self.split.contains(&(one, other)) || self.split.contains(&(other, one))
    }
}
