//! Articles to Atom, RSS, JSON Feed and pages.
//!
//! In: an output's settings, the site it stands on, its articles. Out: [`Rendered`] bytes
//! with the validators that HTTP wants. Pure: the same arguments make the same bytes, on
//! any day and after any restart, and no date in them is "now".
//!
//! - [`pick`] says which articles a document shows, [`Part`] which document of an output it
//!   is: the one to subscribe to, an archive that never changes, a page, a search.
//! - `item` makes of an article what all formats say of it, `fit` keeps that to the letter
//!   of the standards; `atom`, `rss` and `json` write, [`pages`] for people.
//! - [`etag`] makes tags that still mean something after a restart, so that [`delta`] can
//!   say what is new since one (RFC 3229).
//! - [`echo`] knows our own outputs again, so that feeds in a circle make no loop.
//!
//! Never here: I/O, a clock, a choice of what to ask the store.

mod atom;
pub mod echo;
pub mod etag;
mod fit;
#[cfg(test)]
mod golden;
mod headline;
mod item;
mod json;
pub mod pages;
mod part;
mod pick;
mod rss;
#[cfg(test)]
mod sample;
mod site;
pub mod websub;
#[cfg(test)]
mod wellformed;
mod xml;

use bytes::Bytes;
use chrono::SecondsFormat;

pub use headline::headline;
pub use part::{
    ARCHIVE_ROWS, Archive, NoPlace, Older, Page, Part, Place, archive_holding, archive_is_closed,
    archive_name, archive_of, archive_rows, newest_archive,
};
pub use pick::pick;
pub use site::Site;

use crate::model::{Article, OutputSetting, Time};
use item::Item;

/// What a document can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Atom,
    Rss,
    Json,
    Html,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Atom, Self::Rss, Self::Json, Self::Html];

    /// As in `all.atom`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::Rss => "rss",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// Without parameters, as links name it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml",
            Self::Rss => "application/rss+xml",
            Self::Json => "application/feed+json",
            Self::Html => "text/html",
        }
    }

    /// The `Content-Type` field. JSON has no charset parameter (RFC 8259 section 11).
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Json => "application/feed+json",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// A document as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub bytes: Bytes,
    pub format: Format,
    /// Strong, quotes included: see [`etag`].
    pub etag: String,
    /// The newest change in what it shows; None where it shows nothing.
    pub last_modified: Option<Time>,
}

/// The subscription document of an output that links to no older ones.
pub fn render(
    output: &OutputSetting,
    site: &Site,
    articles: &[Article],
    format: Format,
) -> Rendered {
    render_part(output, site, articles, format, &Part::Subscription(Older::default()))
}

/// One of the documents of an output. The articles may come in any order.
pub fn render_part(
    output: &OutputSetting,
    site: &Site,
    articles: &[Article],
    format: Format,
    part: &Part,
) -> Rendered {
    let shown = pick(output, site, articles, part);
    let bytes = document(output, site, &shown, format, part);
    let last_modified = etag::newest_change(shown);
    let address = site.part(output, format, part);
    let shape = etag::shape(output, address.as_str(), RENDERING);
    let etag = etag::tag(last_modified, shape, &bytes);
    Rendered { bytes, format, etag, last_modified }
}

/// What is new or changed for a reader that has everything up to `since` (from
/// [`etag::known_until`]): the body of a 226, under the tag of the whole document.
///
/// `articles` may be more than `whole` shows: what a reader that was away for long has
/// missed goes in, too. None: nothing is new, so that the whole document is the answer.
/// RFC 3229 section 10.
pub fn delta(
    output: &OutputSetting,
    site: &Site,
    articles: &[Article],
    part: &Part,
    whole: &Rendered,
    since: Time,
) -> Option<Rendered> {
    let mut output = output.clone();
    output.limit = u32::MAX;
    output.filter.max_per_feed = None;
    let mut news = pick(&output, site, articles, part);
    news.retain(|article| article.changed > since);
    if news.is_empty() {
        return None;
    }
    let bytes = document(&output, site, &news, whole.format, part);
    Some(Rendered { bytes, ..whole.clone() })
}

/// Grows when the same articles come to be written otherwise.
const RENDERING: u32 = 2;

fn document(
    output: &OutputSetting,
    site: &Site,
    shown: &[&Article],
    format: Format,
    part: &Part,
) -> Bytes {
    let items: Vec<Item> =
        shown.iter().map(|article| Item::new(output, site, part, article)).collect();
    match format {
        Format::Atom => atom::document(output, site, &items, format, part),
        Format::Rss => rss::document(output, site, &items, format, part),
        Format::Json => json::document(output, site, &items, format, part),
        Format::Html => pages::standalone(site, output, shown, part).0.into_bytes(),
    }
    .into()
}

/// A time as Atom and JSON Feed want it: to the second, in UTC.
fn rfc3339(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
