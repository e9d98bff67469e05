//! Which entries tell one story.
//!
//! In: finished entries. Out: a [`Fingerprint`] each (the costly half, outside the
//! transaction), and a verdict with its reason for an entry among its candidates (the
//! cheap half, inside the commit). Never here: I/O, a clock, the store.
//!
//! The road of an entry: [`fingerprint`] reads it once. [`Habits`] know what its feed
//! repeats. A [`Profile`] is the fingerprint seen through them: what is left to compare, and
//! the keys under which candidates are found. [`choose`] judges it among their articles.
//! `docs/DEDUPLICATION.md` gives the rules and their reasons in words.

mod address;
mod align;
mod choose;
mod edges;
mod fingerprint;
mod habits;
mod hands;
mod judge;
mod letters;
mod lexicon;
mod likeness;
mod profile;
mod regroup;
mod representative;
mod runs;
mod text;
mod title;
mod words;

pub use choose::{Candidate, Grouping, Join, NearMiss, choose};
pub use fingerprint::{Fingerprint, fingerprint};
pub use habits::Habits;
pub use hands::Hands;
pub use judge::Rule;
pub use profile::{Names, Profile, Standing};
pub use regroup::{Regrouped, Undated, regroup};
pub use representative::{Claim, representative};

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::model::{Entry, Html};

    /// An entry with an address, a title and a text; empty ones are missing.
    pub(super) fn entry(url: &str, title: &str, text: &str) -> Entry {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Entry {
            guid: url.to_owned(),
            url: Url::parse(url).ok(),
            title: some(title),
            authors: Vec::new(),
            published: None,
            updated: None,
            summary: None,
            content: some(text).map(Html::sanitized),
            categories: Vec::new(),
            enclosures: Vec::new(),
            language: None,
            origin: None,
            original_url: None,
            comments: None,
            raw_hash: 0,
        }
    }
}
