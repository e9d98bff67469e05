//! Subscription lists: the OPML that feed readers exchange.
//!
//! In: the bytes of a list, or subscriptions. Out: subscriptions, or OPML 2.0. Never here:
//! the config that they go into or come from.

mod read;
mod write;

use url::Url;

pub use read::read;
pub use write::write;

/// One subscribed feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// http or https.
    pub url: Url,
    /// What the list calls it, plain text.
    pub title: Option<String>,
    /// The page that the feed belongs to.
    pub home_page: Option<Url>,
    /// The folders that it lies in, outermost first, and its categories.
    pub tags: Vec<String>,
}

/// Why no list could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    #[error("list is empty")]
    Empty,
    #[error("not OPML: neither an opml nor an outline element in it")]
    NotOpml,
}

#[cfg(test)]
mod tests;
