//! An article's page: the whole text, and why its entries are one story.

use askama::Template;

use crate::model::{Article, ArticleMember};

use super::{
    Page,
    card::{self, Media, MediaKind},
    frame::{Frame, PageSite, Style, encoded},
    gate,
    markup::Markup,
    text,
    when::{self, Moment},
};

/// The page of one article.
pub fn article(site: &PageSite, article: &Article, members: &[ArticleMember]) -> Page {
    let title = text::title(article);
    let original = article.url.as_ref().and_then(|url| gate::web_address(url.as_str()));
    let source = article.sources.first();
    let feed_href = |name: &str| format!("{}?feed={}", site.root(), encoded(name));
    let when_said = article.published.unwrap_or(article.first_seen).min(article.position);
    let moment = when::moment(when_said);
    let updated = article
        .updated
        .filter(|updated| updated.signed_duration_since(when_said).num_minutes() > 0)
        .map(when::moment);
    let mut frame = site.frame(&title, "");
    frame.unlisted = true;
    frame.description = text::whole(article)
        .map(|html| text::excerpt(html.as_str(), DESCRIPTION).text)
        .filter(|text| !text.is_empty());
    let page = ArticleTemplate {
        host: original
            .as_ref()
            .and(article.url.as_ref())
            .and_then(|url| url.host_str())
            .map_or_else(String::new, |host| host.trim_start_matches("www.").to_owned()),
        original,
        language: article.language.clone().filter(|tag| gate::is_language(tag)),
        origin: card::origin(article),
        feed: source.map_or_else(String::new, |source| source.feed.clone()),
        feed_href: source.map_or_else(|| site.root().to_owned(), |source| feed_href(&source.name)),
        authors: card::authors(article, 12),
        iso: moment.iso,
        date: moment.words,
        updated,
        body: text::whole(article)
            .map(|html| gate::prose(html.as_str(), site.images, 1))
            .unwrap_or_default(),
        media: card::media(article, &title, site.images, MEDIA),
        categories: article
            .categories
            .iter()
            .take(CATEGORIES)
            .map(|c| text::cut(c, 60).0)
            .collect(),
        members_heading: match members.len() {
            0 | 1 => "Who carried it".to_owned(),
            count => format!("One story, told by {count} entries"),
        },
        members: members
            .iter()
            .take(MEMBERS)
            .map(|member| Member {
                feed: member.feed.clone(),
                feed_href: feed_href(&member.name),
                href: member.url.as_ref().and_then(|url| gate::web_address(url.as_str())),
                title: member
                    .title
                    .as_deref()
                    .filter(|title| !title.trim().is_empty())
                    .map_or_else(|| "without a title".to_owned(), |title| text::cut(title, 200).0),
                iso: when::iso(member.first_seen),
                date: when::moment(member.first_seen).words,
                reason: reason(member, members),
                representative: member.representative,
            })
            .collect(),
        title,
        frame,
    };
    Page::of(&page)
}

/// Why an entry is in its article: "joined with the one from X: same address".
fn reason(member: &ArticleMember, all: &[ArticleMember]) -> String {
    let words = member.grouping.reason.trim();
    let with = member
        .grouping
        .with
        .and_then(|with| all.iter().find(|other| other.entry == with))
        .map(|other| other.feed.as_str());
    match (with, words.is_empty()) {
        (Some(feed), false) => format!("joined the entry from {feed}: {words}"),
        (Some(feed), true) => format!("joined the entry from {feed}"),
        (None, false) => words.to_owned(),
        (None, true) => "the first to tell it".to_owned(),
    }
}

#[derive(Debug, Template)]
#[template(path = "article.html", whitespace = "minimize")]
struct ArticleTemplate {
    frame: Frame,
    title: String,
    original: Option<String>,
    host: String,
    language: Option<String>,
    origin: Option<String>,
    feed: String,
    feed_href: String,
    authors: Option<String>,
    iso: String,
    date: String,
    updated: Option<Moment>,
    body: Markup,
    media: Vec<Media>,
    categories: Vec<String>,
    members_heading: String,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    feed: String,
    feed_href: String,
    href: Option<String>,
    title: String,
    iso: String,
    date: String,
    reason: String,
    representative: bool,
}

/// As much as previews of a link show.
const DESCRIPTION: usize = 160;

/// As many enclosures as an entry may have.
const MEDIA: usize = 32;

const CATEGORIES: usize = 64;

/// A story that more entries tell is cut: the page stays a page.
const MEMBERS: usize = 200;
