//! What one document says, before and after the finish.
//!
//! A reader (`parse`) turns a document into a [`RawFeed`]: fields found, nothing made
//! harmless yet. The finish turns each [`RawEntry`] that is new or changed into an
//! [`Entry`]; an entry whose [`RawEntry::hash`] is known is not finished again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Html, Time};

/// A document as a reader found it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawFeed {
    pub meta: FeedMeta,
    pub entries: Vec<RawEntry>,
    pub hints: PaceHints,
    pub links: DocumentLinks,
    /// What had to be mended, one line each, for the publisher who wants to mend it.
    pub repairs: Vec<String>,
}

/// A document made ready for the store and for people.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedFeed {
    pub meta: FeedMeta,
    pub entries: Vec<Entry>,
    pub hints: PaceHints,
    pub links: DocumentLinks,
    pub repairs: Vec<String>,
}

/// What a document says of its feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedMeta {
    /// The feed's own id: `atom:id`, or `None` where the format has none.
    pub id: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// The feed's own idea of its address (`rel="self"`, JSON Feed `feed_url`).
    pub url: Option<Url>,
    /// The page that the feed belongs to (`rel="alternate"`, RSS `link`).
    pub home_page: Option<Url>,
    /// Sanitized HTML or plain text, as the format gives it.
    pub description: Option<String>,
    /// A BCP 47 tag as published, trimmed.
    pub language: Option<String>,
    pub updated: Option<Time>,
}

/// What a document asks of those who poll it. Each is a lower bound of the interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaceHints {
    /// RSS `ttl`, in whole minutes there.
    pub ttl: Option<Duration>,
    /// RSS `skipHours`: hours of the day in GMT, 0 to 23.
    pub skip_hours: Vec<u8>,
    /// RSS `skipDays`: 0 is Monday.
    pub skip_days: Vec<u8>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`.
    pub update_period: Option<Duration>,
    /// JSON Feed `expired: true`: the feed is finished for good.
    pub expired: bool,
}

/// Links of a document to other places than its entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentLinks {
    /// WebSub hubs (`rel="hub"`, JSON Feed `hubs`).
    pub hubs: Vec<Url>,
    /// WebSub topic: `rel="self"`.
    pub topic: Option<Url>,
    /// RFC 5005 `rel="prev-archive"`, or `rel="next"` of a paged feed.
    pub older: Option<Url>,
}

/// How a publisher's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TextKind {
    /// Characters that mean themselves (`type="text"`).
    Plain,
    /// Markup for certain (`type="html"`, `type="xhtml"`, `content:encoded`).
    Html,
    /// RSS `title` and `description`: markup if it looks like markup.
    #[default]
    Unsaid,
}

/// A publisher's text with the base of the relative URLs in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RawText {
    pub text: String,
    pub kind: TextKind,
    /// `xml:base` in force at the element, resolved; `None`: the document's own.
    pub base: Option<Url>,
}

/// One entry as a reader found it: nothing sanitized, URLs absolute, dates parsed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawEntry {
    /// The entry's identity within its feed, as published, else ours (`parse::guid`).
    pub guid: String,
    pub url: Option<Url>,
    pub title: Option<RawText>,
    pub authors: Vec<String>,
    pub published: Option<Time>,
    pub updated: Option<Time>,
    pub summary: Option<RawText>,
    pub content: Option<RawText>,
    pub categories: Vec<String>,
    pub enclosures: Vec<Enclosure>,
    pub language: Option<String>,
    /// `atom:source`, RSS `source`: the feed that this one has the entry from.
    pub origin: Option<Origin>,
    /// `feedburner:origLink`: the address behind a feed proxy's link.
    pub original_url: Option<Url>,
    /// A page of discussion about the entry (RSS `comments`).
    pub comments: Option<Url>,
}

/// One entry, ready: titles plain, HTML harmless, URLs absolute, text bounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub guid: String,
    pub url: Option<Url>,
    /// Plain text, one line.
    pub title: Option<String>,
    pub authors: Vec<String>,
    pub published: Option<Time>,
    pub updated: Option<Time>,
    pub summary: Option<Html>,
    pub content: Option<Html>,
    pub categories: Vec<String>,
    pub enclosures: Vec<Enclosure>,
    pub language: Option<String>,
    pub origin: Option<Origin>,
    pub original_url: Option<Url>,
    pub comments: Option<Url>,
    /// [`RawEntry::hash`] of what this was made from.
    pub raw_hash: u64,
}

/// A file that comes with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enclosure {
    pub url: Url,
    /// A media type, as published.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
    /// Bytes.
    pub length: Option<u64>,
}

/// The feed that a republished entry names as its home (RFC 4287 4.2.11, RSS 2.0 `source`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    pub id: Option<String>,
    pub title: Option<String>,
    /// The origin feed's own address.
    pub url: Option<Url>,
    pub home_page: Option<Url>,
}

impl RawEntry {
    /// A hash of everything that the entry says; equal means that nothing has to be done.
    ///
    /// Stable over restarts and versions of the compiler: it is stored.
    pub fn hash(&self) -> u64 {
        let mut hash = StableHash::default();
        hash.text(&self.guid);
        hash.option(self.url.as_ref().map(Url::as_str));
        for raw in [&self.title, &self.summary, &self.content] {
            hash.option(raw.as_ref().map(|raw| raw.text.as_str()));
        }
        for time in [self.published, self.updated] {
            hash.option(time.map(|time| time.timestamp().to_string()).as_deref());
        }
        for list in [&self.authors, &self.categories] {
            hash.text(&list.len().to_string());
            list.iter().for_each(|word| hash.text(word));
        }
        for enclosure in &self.enclosures {
            hash.text(enclosure.url.as_str());
            hash.option(enclosure.media_type.as_deref());
        }
        hash.option(self.language.as_deref());
        hash.option(self.origin.as_ref().and_then(|origin| origin.title.as_deref()));
        hash.option(self.original_url.as_ref().map(Url::as_str));
        hash.finish()
    }
}

/// Length-prefixed fields into xxh3, so that no two field lists run together.
#[derive(Default)]
struct StableHash(xxhash_rust::xxh3::Xxh3);

impl StableHash {
    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn option(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.update(&u64::MAX.to_le_bytes()),
        }
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}
