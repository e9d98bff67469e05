//! A feed: a URL that we poll, and what we know of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{PaceHints, RetryAfter, Time, Timing, Validators};

/// A row of `feeds`. Stays inside the store file: nothing published is made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedId(pub i64);

/// A row of `entries`. Stays inside the store file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub i64);

/// A feed that was claimed for a poll, with all that the poll needs to know.
#[derive(Debug, Clone)]
pub struct DueFeed {
    pub id: FeedId,
    pub name: String,
    /// As configured.
    pub url: Url,
    /// Where to ask: the learnt target of a permanent redirect, else `url`.
    pub poll_url: Url,
    /// Of `poll_url`.
    pub validators: Validators,
    /// xxh3 of the last document that was read.
    pub body_hash: Option<u64>,
    pub timing: Timing,
    pub memory: PollMemory,
    /// When this poll was due.
    pub next_poll: Time,
    pub last_fetch: Option<Time>,
    pub last_success: Option<Time>,
    /// Entries stored of this feed.
    pub entries: u64,
    /// Joins no article of other feeds (`dedup = false`).
    pub stands_alone: bool,
}

/// What the next decision needs to know of the polls before. Kept as JSON in `feeds.memory`,
/// without what is as ever: each poll writes and reads it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollMemory {
    #[serde(skip_serializing_if = "is_default")]
    pub consecutive_failures: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub failing_since: Option<Time>,
    /// The document's own wishes, as last read.
    #[serde(skip_serializing_if = "is_default")]
    pub hints: PaceHints,
    /// Freshness lifetime of the last answer, in seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub fresh_for_seconds: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub retry_after: Option<RetryAfter>,
    /// The usual gap between two new entries, in seconds: a running mean.
    #[serde(skip_serializing_if = "is_default")]
    pub entry_gap_seconds: Option<f64>,
    /// When an entry was last new.
    #[serde(skip_serializing_if = "is_default")]
    pub last_new_entry: Option<Time>,
    /// How many entries the last whole document held.
    #[serde(skip_serializing_if = "is_default")]
    pub window: Option<u32>,
    /// How many of them were new at that poll.
    #[serde(skip_serializing_if = "is_default")]
    pub window_new: Option<u32>,
    /// The last request without preconditions.
    #[serde(skip_serializing_if = "is_default")]
    pub last_unconditional: Option<Time>,
    /// Answers 304 since the last 200.
    #[serde(skip_serializing_if = "is_default")]
    pub not_modified_streak: u32,
    /// When the first of them came.
    #[serde(skip_serializing_if = "is_default")]
    pub not_modified_since: Option<Time>,
    /// The address that gave the validators, where that is not the address we poll: a
    /// temporary redirect's target. They are sent to no other (RFC 9110 13).
    #[serde(skip_serializing_if = "is_default")]
    pub validators_url: Option<Url>,
    /// Until when a hub pushes what is new, as known when the feed was claimed.
    #[serde(skip_serializing_if = "is_default")]
    pub pushed_until: Option<Time>,
    /// Where a permanent redirect led, not yet or no longer believed, and why.
    #[serde(skip_serializing_if = "is_default")]
    pub redirect_note: Option<String>,
    /// Why `next_poll` is what it is, in words.
    pub reason: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedState {
    /// Never answered yet.
    New,
    Ok,
    Failing,
    /// Answered 410, or said that it is finished: not polled any more.
    Gone,
    /// Not in the config any more; its entries stay until the sweep says otherwise.
    Paused,
}

impl FeedState {
    /// As it is stored, counted and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Paused => "paused",
        }
    }
}

/// What a page of articles has to know of a feed: there may be a hundred thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLabel {
    pub id: FeedId,
    pub name: String,
    /// What to call it in front of people.
    pub title: String,
    pub tags: Vec<String>,
    /// It is in the config and has entries.
    pub has_something: bool,
}

/// A feed as `merganser feeds` and `/status` show it.
#[derive(Debug, Clone, Serialize)]
pub struct FeedStatus {
    #[serde(skip)]
    pub id: FeedId,
    /// As configured, without credentials.
    pub url: Url,
    pub name: String,
    pub title: Option<String>,
    pub home_page: Option<Url>,
    pub tags: Vec<String>,
    pub status: FeedState,
    pub last_success: Option<Time>,
    pub last_fetch: Option<Time>,
    pub next_poll: Option<Time>,
    pub interval_seconds: u64,
    /// Why the next poll is when it is, in words.
    pub reason: Option<String>,
    pub consecutive_failures: u32,
    pub failing_since: Option<Time>,
    /// The last failure in one line; null after a success.
    pub error: Option<String>,
    pub entries: u64,
    pub moved_to: Option<Url>,
    /// Answers, but has said nothing new for unusually long: since when.
    pub silent_since: Option<Time>,
    pub last_new_entry: Option<Time>,
    /// What was mended in the last document.
    pub repairs: Vec<String>,
    /// The last polls, oldest first: new entries each, `None` for a failure.
    pub recent_polls: Vec<Option<u64>>,
}

impl FeedStatus {
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds)
    }

    /// What was mended: the repairs without the line that names the reader.
    pub fn mended(&self) -> impl Iterator<Item = &str> {
        mended(&self.repairs)
    }

    /// What to call the feed in front of people.
    pub fn display_title(&self) -> &str {
        self.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&self.name)
    }
}

/// The repairs without the line that names the reader.
pub fn mended(repairs: &[String]) -> impl Iterator<Item = &str> {
    repairs.iter().map(String::as_str).filter(|line| !line.starts_with(READER_LINE))
}

/// How the line of `repairs` begins that says which reader read the document, and why.
pub const READER_LINE: &str = "reader: ";
