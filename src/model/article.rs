//! An article: what a reader sees. One story, told by one or more entries.

use serde::Serialize;
use url::Url;

use super::{Enclosure, EntryId, FeedId, Html, Origin, Time};

/// A row of `articles`. Stays inside the store file; the public id is [`Article::id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ArticleId(pub i64);

/// An article as it is published: its representative's fields, and everyone who carried it.
#[derive(Debug, Clone, Serialize)]
pub struct Article {
    #[serde(skip)]
    pub row: ArticleId,
    /// The public id: an IRI, the same for ever (the origin's id, or made from feed and guid).
    pub id: String,
    /// Short name in page addresses: hex, made from `id`.
    pub slug: String,
    pub url: Option<Url>,
    pub title: Option<String>,
    pub authors: Vec<String>,
    /// The representative feed's claim.
    pub published: Option<Time>,
    pub updated: Option<Time>,
    /// Our clock, when the first of its entries was first seen.
    pub first_seen: Time,
    /// Where the article stands in the river: `published`, else `updated` as it was at first
    /// sight, never later than `first_seen`, so
    /// that neither an edit nor a future date lifts it; `first_seen` where no date is given,
    /// less an hour for each entry before it if it came with its feed's first document.
    pub position: Time,
    /// When anything that an output shows of it last changed (our clock).
    ///
    /// Grows strictly from commit to commit, to the microsecond: an output's ETag carries the
    /// newest one, and "changed since that ETag" (RFC 3229) has to mean just that.
    pub changed: Time,
    pub summary: Option<Html>,
    pub content: Option<Html>,
    pub categories: Vec<String>,
    pub enclosures: Vec<Enclosure>,
    pub language: Option<String>,
    /// Who carries it: the representative's feed first, then the others by first sight.
    pub sources: Vec<Source>,
}

/// One entry of an article, named by the feed that carried it.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// The feed's title, else its name.
    pub feed: String,
    /// The feed's configured name.
    pub name: String,
    /// The entry's address in that feed.
    pub url: Option<Url>,
    pub guid: String,
    #[serde(skip)]
    pub about: FeedRef,
    /// `atom:source` of the entry itself, where that feed is a planet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What `atom:source` wants to know of a feed.
#[derive(Debug, Clone)]
pub struct FeedRef {
    pub id: FeedId,
    /// `atom:id` of the feed, where it has one.
    pub atom_id: Option<String>,
    /// Its address, without credentials.
    pub url: Url,
    pub home_page: Option<Url>,
    /// The feed's own word, as it stood when it last said something new: a feed that stamps
    /// each answer with the time of day must not change our documents.
    pub updated: Option<Time>,
    pub tags: Vec<String>,
}

/// One entry inside `merganser explain` and the article page.
#[derive(Debug, Clone, Serialize)]
pub struct ArticleMember {
    pub entry: EntryId,
    pub feed: String,
    pub name: String,
    pub guid: String,
    pub url: Option<Url>,
    pub title: Option<String>,
    pub published: Option<Time>,
    pub first_seen: Time,
    pub representative: bool,
    pub grouping: GroupingReason,
}

/// Why an entry is in its article, in words that a person understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupingReason {
    /// A short name: `first`, `id`, `address`, `title`, `text`, `hand` …
    pub rule: String,
    /// "same address after removing utm_source"
    pub reason: String,
    /// The entry it was joined with; `None` for the first.
    pub with: Option<EntryId>,
}

/// Which articles, how many, from where on. Newest first, by `(position, row)`; by row alone
/// where [`arrived`](Self::arrived) is asked for.
#[derive(Debug, Clone, Default)]
pub struct ArticleQuery {
    pub filter: OutputFilter,
    /// Words for full-text search; plain words, never FTS5 syntax.
    pub search: Option<String>,
    /// Only articles at or after this position.
    pub since: Option<Time>,
    /// Only articles strictly older than this place in the order.
    pub before: Option<(Time, ArticleId)>,
    /// Only articles strictly newer than this place: the `limit` nearest to it, newest first.
    pub after: Option<(Time, ArticleId)>,
    /// Only articles that changed after this instant, strictly: see [`Article::changed`].
    pub changed_after: Option<Time>,
    /// Only articles whose rows are among these, latest arrival first.
    pub arrived: Option<Arrived>,
    pub limit: u32,
}

/// A stretch of the order of arrival, which is the order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    pub from: ArticleId,
    /// The first row that is not among them.
    pub before: ArticleId,
}

impl Arrived {
    /// Everything that has arrived.
    pub const ALL: Self = Self { from: ArticleId(i64::MIN), before: ArticleId(i64::MAX) };
}

/// What an output takes in. Empty lists take in everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputFilter {
    pub tags: Vec<String>,
    /// Feed names.
    pub feeds: Vec<String>,
    /// Words, phrases, `field:word` or `/regex/`: one of them must match.
    pub include: Vec<String>,
    /// The same, none may match.
    pub exclude: Vec<String>,
    /// At most so many articles of one feed among those returned.
    pub max_per_feed: Option<u32>,
}
