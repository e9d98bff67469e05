//! What every format says of an article: chosen and cleaned once, so that all of them agree.

use std::{borrow::Cow, collections::HashSet};

use chrono::{DateTime, Datelike};
use url::Url;

use super::{
    Site, echo,
    fit::{is_iri, language, line, lines, media_type, urn, web},
    headline::headline,
    part::Part,
    xml::clean,
};
use crate::model::{Article, Html, OutputSetting, Source, Time};

/// An article as it goes into a document. Every text is clean, every address http(s).
pub(super) struct Item {
    pub id: String,
    pub url: Option<String>,
    pub title: Option<String>,
    /// The title, else one made from the text.
    pub headline: String,
    pub authors: Vec<String>,
    pub published: Option<Time>,
    pub updated: Option<Time>,
    pub first_seen: Time,
    pub summary: Option<String>,
    /// The summary's plain text.
    pub summary_text: Option<String>,
    pub content: Option<String>,
    pub categories: Vec<String>,
    pub enclosures: Vec<Attachment>,
    pub language: Option<String>,
    /// The feed that it came from.
    pub source: Option<Origin>,
    /// Who else carried it.
    pub others: Vec<Other>,
    pub carriers: Vec<Carrier>,
    /// Its part in the document's `updated`: never a future date, which would stick.
    pub stamp: Time,
}

/// `atom:source` and its kin.
pub(super) struct Origin {
    pub id: String,
    pub title: String,
    pub url: Option<String>,
    pub home_page: Option<String>,
    pub updated: Time,
}

/// Another feed that carried the article.
pub(super) struct Other {
    /// `via`: its own entry; `related`: the feed, where its entry is the same page as ours.
    pub rel: &'static str,
    pub title: String,
    pub href: String,
}

/// A row of the JSON extension.
pub(super) struct Carrier {
    pub feed: String,
    pub name: String,
    pub url: Option<String>,
    pub guid: String,
    pub feed_url: Option<String>,
    pub home_page: Option<String>,
}

/// An enclosure whose type is one.
pub(super) struct Attachment {
    pub url: String,
    pub media_type: Option<String>,
    pub length: Option<u64>,
}

impl Item {
    pub fn new(output: &OutputSetting, site: &Site, part: &Part, article: &Article) -> Self {
        let carriers: Vec<&Source> =
            article.sources.iter().filter(|source| !echo::is_own(source, site)).collect();
        let url = article.url.as_ref().and_then(web);
        let published = article.published.filter(is_writable);
        let updated = article.updated.filter(is_writable);
        // Written before the day that it was to appear: that day is its last change.
        let updated = updated.filter(|updated| published.is_none_or(|at| *updated >= at));
        let claimed = updated.or(published).unwrap_or(article.first_seen);
        let others = others(&carriers, url.as_deref());
        let mut summary = html(article.summary.as_ref());
        let mut content = html(article.content.as_ref());
        let summary_text = article.summary.as_ref().map(Html::text).filter(|text| !text.is_empty());
        if content == summary {
            content = content.or(summary.take());
        }
        if output.name_others && !others.is_empty() {
            let told = content.as_mut().or(summary.as_mut());
            let line = naming(&others);
            match told {
                Some(html) => {
                    html.truncate(unnamed(html).len());
                    html.push_str(&line);
                }
                None => content = Some(line),
            }
        }
        Self {
            id: public_id(article).into_owned(),
            title: article.title.as_deref().and_then(line),
            headline: headline(article),
            authors: lines(&article.authors),
            published,
            updated,
            first_seen: article.first_seen,
            summary_text: summary_text.as_deref().and_then(line),
            summary,
            content,
            categories: lines(&article.categories),
            enclosures: attachments(article),
            language: article.language.as_deref().and_then(language),
            source: carriers.first().map(|source| {
                // An archive never changes: there the feed is dated by this entry alone.
                let word = source.about.updated.filter(|_| !matches!(part, Part::Archive(_)));
                origin(source, word.filter(is_writable).unwrap_or(claimed), claimed)
            }),
            others,
            carriers: carriers.iter().map(|source| carrier(source)).collect(),
            stamp: claimed.min(article.changed),
            url,
        }
    }

    /// What Atom has to call the last change: the claim, else the day it was published, else
    /// the day we saw it.
    pub fn changed(&self) -> Time {
        self.updated.or(self.published).unwrap_or(self.first_seen)
    }
}

/// The newest stamp: the document's `updated`. An empty document is as old as can be.
pub(super) fn updated(items: &[Item]) -> Time {
    items.iter().map(|item| item.stamp).max().unwrap_or(DateTime::UNIX_EPOCH)
}

/// The id under which the article is known, an IRI whatever it was made from.
pub(super) fn public_id(article: &Article) -> Cow<'_, str> {
    let id = article.id.as_str();
    if is_iri(id) {
        return Cow::Borrowed(id);
    }
    // Most often an address with a bracket or space in it.
    let address = Url::parse(id).ok().as_ref().and_then(web);
    Cow::Owned(address.unwrap_or_else(|| urn("article", id)))
}

fn html(html: Option<&Html>) -> Option<String> {
    html.map(|html| clean(html.as_str().trim()).into_owned()).filter(|html| !html.is_empty())
}

/// RFC 3339 and RFC 822 have room for four digits of a year.
fn is_writable(time: &Time) -> bool {
    (1..=9999).contains(&time.year())
}

fn attachments(article: &Article) -> Vec<Attachment> {
    let mut seen = HashSet::new();
    let known = article.enclosures.iter().filter_map(|enclosure| {
        Some(Attachment {
            url: web(&enclosure.url)?,
            media_type: enclosure.media_type.as_deref().and_then(media_type),
            length: enclosure.length,
        })
    });
    known.filter(|attachment| seen.insert(attachment.url.clone())).collect()
}

/// What `atom:source` says: the entry's own word where its feed is a planet, else the feed.
fn origin(source: &Source, feed_updated: Time, entry_updated: Time) -> Origin {
    let feed = &source.about;
    let title = line(&source.feed).unwrap_or_else(|| source.name.clone());
    if let Some(origin) = &source.origin {
        let url = origin.url.as_ref().and_then(web);
        let home_page = origin.home_page.as_ref().and_then(web);
        let given = origin.id.clone().filter(|id| is_iri(id));
        if let Some(id) = given.or_else(|| url.clone()).or_else(|| home_page.clone()) {
            let title = origin.title.as_deref().and_then(line).unwrap_or(title);
            return Origin { id, title, url, home_page, updated: entry_updated };
        }
    }
    let url = web(&feed.url);
    let id = feed.atom_id.clone().filter(|id| is_iri(id)).or_else(|| url.clone());
    Origin {
        id: id.unwrap_or_else(|| urn("feed", feed.url.as_str())),
        title,
        url,
        home_page: feed.home_page.as_ref().and_then(web),
        updated: feed_updated,
    }
}

/// The feeds beside the one that the article is shown from, each once, by first sight.
///
/// The feed of a planet's entry is among them: the article's source is its origin.
fn others(carriers: &[&Source], alternate: Option<&str>) -> Vec<Other> {
    let Some(first) = carriers.first() else { return Vec::new() };
    let mut feeds = HashSet::new();
    let planet = first.origin.as_ref().is_some_and(|origin| {
        origin.id.is_some() || origin.url.is_some() || origin.home_page.is_some()
    });
    if !planet {
        feeds.insert(first.about.id);
    }
    let mut others = Vec::new();
    for source in carriers {
        if !feeds.insert(source.about.id) {
            continue;
        }
        let entry = source.url.as_ref().and_then(web);
        let own = entry.clone().filter(|url| Some(url.as_str()) != alternate);
        let feed = source.about.home_page.as_ref().and_then(web).or_else(|| web(&source.about.url));
        let link = own.map(|url| ("via", url));
        let link = link.or_else(|| feed.or(entry).map(|url| ("related", url)));
        if let Some((rel, href)) = link {
            let title = line(&source.feed).unwrap_or_else(|| source.name.clone());
            others.push(Other { rel, title, href });
        }
    }
    others
}

fn carrier(source: &Source) -> Carrier {
    Carrier {
        feed: line(&source.feed).unwrap_or_else(|| source.name.clone()),
        name: source.name.clone(),
        url: source.url.as_ref().and_then(web),
        guid: clean(&source.guid).into_owned(),
        feed_url: web(&source.about.url),
        home_page: source.about.home_page.as_ref().and_then(web),
    }
}

/// The line that names the others at the end of the HTML.
fn naming(others: &[Other]) -> String {
    let links: Vec<String> = others
        .iter()
        .map(|other| {
            let (href, title) = (markup(&other.href), markup(&other.title));
            format!("<a href=\"{href}\" rel=\"noopener noreferrer\">{title}</a>")
        })
        .collect();
    format!("\n{NAMING}{}</p>", links.join(", "))
}

/// How the line begins.
const NAMING: &str = "<p>Also in: ";

/// `html` without such a line at its end: two mergansers that have an article from each
/// other only would else lengthen it at every poll.
fn unnamed(mut html: &str) -> &str {
    while let Some((before, line)) = html.rsplit_once(NAMING) {
        let is_last = line.ends_with("</p>") && line.matches("</p>").count() == 1;
        if !is_last {
            break;
        }
        html = before.trim_end();
    }
    html
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{
        super::{part::Older, sample},
        *,
    };

    fn item(article: &Article) -> Item {
        Item::new(
            &sample::output(),
            &sample::site(),
            &Part::Subscription(Older::default()),
            article,
        )
    }

    #[test]
    fn an_id_that_is_no_iri_becomes_one_and_stays() {
        let mut article = sample::article(1);
        article.id = "post 123".into();
        let made = public_id(&article).into_owned();
        assert!(made.starts_with("urn:uuid:") && made.len() == 45, "{made}");
        assert_eq!(made.get(23..24), Some("8"));
        assert_eq!(public_id(&article), made);
        article.id = "tag:example.org,2020:ä".into();
        assert_eq!(public_id(&article), "tag:example.org,2020:ä");
    }

    #[test]
    fn addresses_that_may_not_leave_are_dropped() {
        let mut article = sample::article(1);
        article.url = "javascript:alert(1)".parse().ok();
        assert_eq!(item(&article).url, None);
        article.url = "https://me:secret@example.org/".parse().ok();
        assert_eq!(item(&article).url.as_deref(), Some("https://example.org/"));
    }

    #[test]
    fn addresses_are_uris_by_the_letter() {
        let mut article = sample::article(1);
        article.id = "https://[::1]/a|b?c[d]=e f".into();
        article.url = article.id.parse().ok();
        let address = "https://[::1]/a%7Cb?c%5Bd%5D=e%20f";
        let item = item(&article);
        assert_eq!((item.id.as_str(), item.url.as_deref()), (address, Some(address)));
    }

    #[test]
    fn a_future_date_does_not_stick_to_the_document() {
        let mut article = sample::article(1);
        article.updated = "2099-01-01T00:00:00Z".parse().ok();
        let item = item(&article);
        assert_eq!(item.updated, article.updated);
        assert_eq!(updated(&[item]), article.changed);
    }

    #[test]
    fn a_planets_entry_has_its_origin_as_source_and_the_planet_as_via() {
        let mut article = sample::article(1);
        article.sources[0].origin = Some(crate::model::Origin {
            title: Some("Origin".into()),
            url: "https://origin.example/feed".parse().ok(),
            ..Default::default()
        });
        article.sources[0].url = "https://planet.example/1".parse().ok();
        let item = item(&article);
        assert_eq!(item.source.map(|source| source.title).as_deref(), Some("Origin"));
        assert_eq!(
            (item.others[0].rel, item.others[0].href.as_str()),
            ("via", "https://planet.example/1")
        );
    }

    #[test]
    fn a_carrier_with_the_same_page_is_named_by_its_feed() {
        let mut article = sample::article(1);
        article.sources.push(sample::source(2, article.url.as_ref().map(Url::as_str)));
        let item = item(&article);
        assert_eq!((item.others[0].rel, item.others[0].title.as_str()), ("related", "Feed 2"));
        assert_eq!(item.others[0].href, "https://feed2.example/");
    }

    #[test]
    fn the_line_that_names_the_others_does_not_grow_in_a_circle() {
        let mut article = sample::article(1);
        article.sources.push(sample::source(2, None));
        let output = OutputSetting { name_others: true, ..sample::output() };
        let part = Part::Subscription(Older::default());
        let told = |article: &Article| Item::new(&output, &sample::site(), &part, article).content;
        let first = told(&article);
        article.content = first.clone().map(Html::sanitized);
        assert_eq!(told(&article), first);
        assert_eq!(first.unwrap().matches("Also in").count(), 1);
    }
}
