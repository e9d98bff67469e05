//! The words that every room speaks in: plain data, parsed value types, no behaviour that
//! needs the world.
//!
//! In: nothing of ours. Out: types. Never here: I/O, clocks, logs, SQL, HTTP.
//!
//! One word has one meaning, here and in the schema, the logs and the docs: a *feed* is a
//! URL we poll, a *document* the bytes of one answer, an *entry* one item as one feed tells
//! it, an *article* what a reader sees: one story, told by one or more entries.

mod article;
mod document;
mod entry;
mod feed;
mod fetched;
mod places;
mod rules;
mod settings;
mod subscription;
mod text;

pub use article::{
    Arrived, Article, ArticleId, ArticleMember, ArticleQuery, FeedRef, GroupingReason,
    OutputFilter, Source,
};
pub use document::Document;
pub use entry::{
    DocumentLinks, Enclosure, Entry, FeedMeta, Origin, PaceHints, ParsedFeed, RawEntry, RawFeed,
    RawText, TextKind,
};
pub use feed::{
    DueFeed, EntryId, FeedId, FeedLabel, FeedState, FeedStatus, PollMemory, READER_LINE, mended,
};
pub use fetched::{FetchError, Fetched, Freshness, Outcome, RetryAfter, Validators};
pub use places::position;
pub use rules::{Rule, RuleFault, Rules};
pub use settings::{
    DedupSettings, FeedSetting, FetchLimits, OutputSetting, PaceLimits, ServerSettings, Timing,
};
pub use subscription::{Push, PushId, Subscription};
pub use text::{Html, redacted, reference, split_at_sign};

/// An instant of ours: UTC, written as RFC 3339 wherever people see it.
pub type Time = chrono::DateTime<chrono::Utc>;
