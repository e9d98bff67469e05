//! An article as the river and the search show it.

use crate::model::{Article, Enclosure, Time};

use super::{
    frame::{PageSite, encoded},
    gate,
    markup::Markup,
    text, when,
};

/// See `card.html`.
#[derive(Debug, Clone)]
pub struct Card {
    pub title: Markup,
    pub plain_title: String,
    pub href: String,
    /// The link leads away from this site.
    pub leaves: bool,
    pub language: Option<String>,
    /// The true home of the entry, where its feed is a planet itself.
    pub origin: Option<String>,
    pub feed: String,
    pub feed_href: Option<String>,
    pub authors: Option<String>,
    pub iso: String,
    pub clock: String,
    pub excerpt: Markup,
    /// The way to the whole text.
    pub whole_href: Option<String>,
    /// The whole text itself, where there is no way to it.
    pub whole_html: Option<Markup>,
    pub image: Option<String>,
    pub media: Vec<Media>,
    pub others: Vec<Other>,
    pub others_hidden: usize,
    pub page_href: Option<String>,
}

/// Someone else who carried the article.
#[derive(Debug, Clone)]
pub struct Other {
    pub label: String,
    pub href: Option<String>,
}

/// An enclosure on a page.
#[derive(Debug, Clone)]
pub struct Media {
    pub kind: MediaKind,
    /// Over https, as the policy demands.
    pub play: String,
    pub href: String,
    pub name: String,
    /// "audio, 12.3 MB"
    pub label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Audio,
    Video,
    Image,
    Other,
}

/// Articles of one day, newest first.
#[derive(Debug, Clone)]
pub struct Day {
    pub date: String,
    pub heading: String,
    pub cards: Vec<Card>,
}

/// Where a card stands.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    /// On a page of the server, which has a page for each article.
    Served,
    /// In a file that stands alone.
    File,
}

/// Cuts a row of cards into days; the row is in order already.
pub fn days(cards: impl Iterator<Item = (Time, Card)>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for (position, card) in cards {
        let date = when::date(position);
        match days.last_mut().filter(|day| day.date == date) {
            Some(day) => day.cards.push(card),
            None => days.push(Day { date, heading: when::day(position), cards: vec![card] }),
        }
    }
    days
}

/// The card of an article.
pub fn card(article: &Article, site: &PageSite, place: Shown) -> Card {
    let plain_title = text::title(article);
    let whole = text::whole(article);
    // The summary is what its author wants to be read first.
    let teaser = [&article.summary, &article.content].into_iter().flatten();
    let mut excerpt = teaser
        .map(|html| text::excerpt(html.as_str(), EXCERPT_LIMIT))
        .find(|excerpt| !excerpt.text.is_empty())
        .unwrap_or_default();
    // A title made from the text takes the text's place: what it says is not said twice.
    if article.title.as_deref().is_none_or(|title| title.trim().is_empty()) {
        let said = plain_title.trim_end_matches('…');
        if let Some(rest) = excerpt.text.strip_prefix(said) {
            let rest = rest.trim_start_matches(['…', '.', ' ', ',', ';']);
            excerpt.text = if rest.is_empty() { String::new() } else { format!("… {rest}") };
        }
    } else if excerpt.text == plain_title {
        excerpt.text.clear();
    }
    let more = excerpt.cut || (article.summary.is_some() && article.content.is_some());

    let original = article.url.as_ref().and_then(|url| gate::web_address(url.as_str()));
    let page_href = match place {
        Shown::Served => Some(site.article_path(&article.slug)),
        Shown::File => None,
    };
    let whole_href = page_href.clone().or_else(|| original.clone()).filter(|_| more);
    let whole_html = match (&whole_href, whole) {
        (None, Some(html)) if more => Some(gate::prose(html.as_str(), site.images, 3)),
        _ => None,
    };
    let (others, others_hidden) = others(article);
    let source = article.sources.first();
    Card {
        title: Markup::text(&plain_title),
        href: original.clone().or_else(|| page_href.clone()).unwrap_or_else(|| "#main".to_owned()),
        leaves: original.is_some(),
        language: article.language.clone().filter(|tag| gate::is_language(tag)),
        origin: origin(article),
        feed: source.map_or_else(String::new, |source| text::cut(&source.feed, NAME_LIMIT).0),
        feed_href: source
            .filter(|_| matches!(place, Shown::Served))
            .map(|source| format!("{}?feed={}", site.root(), encoded(&source.name))),
        authors: authors(article, 3),
        iso: when::iso(article.position),
        clock: when::clock(article.position),
        excerpt: Markup::text(&excerpt.text),
        whole_href,
        whole_html,
        image: if site.images { picture(article) } else { None },
        media: media(article, &plain_title, site.images, CARD_MEDIA)
            .into_iter()
            .filter(|media| media.kind != MediaKind::Image)
            .collect(),
        others,
        others_hidden,
        page_href,
        plain_title,
    }
}

/// The planet's source: the entry's true home.
pub fn origin(article: &Article) -> Option<String> {
    let source = article.sources.first()?;
    let title = source.origin.as_ref()?.title.as_deref()?.trim();
    (!title.is_empty() && title != source.feed).then(|| text::cut(title, NAME_LIMIT).0)
}

/// "Ada, Grace and 3 others"
pub fn authors(article: &Article, limit: usize) -> Option<String> {
    let names: Vec<&str> =
        article.authors.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    let hidden = names.len().saturating_sub(limit);
    let shown: Vec<String> =
        names.into_iter().take(limit).map(|name| text::cut(name, NAME_LIMIT).0).collect();
    match (shown.is_empty(), hidden) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, 1) => Some(format!("{} and 1 other", shown.join(", "))),
        (false, hidden) => Some(format!("{} and {hidden} others", shown.join(", "))),
    }
}

fn others(article: &Article) -> (Vec<Other>, usize) {
    let first = article.sources.first().map(|source| source.name.as_str());
    let mut seen: Vec<&str> = first.into_iter().collect();
    let mut others = Vec::new();
    let mut hidden = 0;
    for source in article.sources.iter().skip(1) {
        if seen.contains(&source.name.as_str()) {
            continue;
        }
        seen.push(&source.name);
        if others.len() == OTHERS_SHOWN {
            hidden += 1;
            continue;
        }
        others.push(Other {
            label: text::cut(&source.feed, NAME_LIMIT).0,
            href: source.url.as_ref().and_then(|url| gate::web_address(url.as_str())),
        });
    }
    (others, hidden)
}

/// What can be played, seen or fetched of an article.
pub fn media(article: &Article, name: &str, images: bool, limit: usize) -> Vec<Media> {
    article
        .enclosures
        .iter()
        .filter_map(|enclosure| {
            let href = gate::web_address(enclosure.url.as_str())?;
            let kind = kind(enclosure, images);
            let size = enclosure.length.filter(|length| *length > 0).map(when::size);
            let what = match kind {
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
                MediaKind::Image => "image",
                MediaKind::Other => enclosure.media_type.as_deref().unwrap_or("file"),
            };
            let what = text::cut(what, NAME_LIMIT).0;
            Some(Media {
                kind,
                play: gate::loaded_address(&href)?,
                href,
                name: name.to_owned(),
                label: match size {
                    Some(size) => format!("{what}, {size}"),
                    None => what,
                },
            })
        })
        .take(limit)
        .collect()
}

fn kind(enclosure: &Enclosure, images: bool) -> MediaKind {
    let media_type = enclosure.media_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let path = enclosure.url.path().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    let is = |family: &str, endings: &[&str]| {
        media_type.starts_with(family)
            || (!media_type.contains('/') || media_type == "application/octet-stream")
                && ends(endings)
    };
    if is("audio/", &[".mp3", ".m4a", ".ogg", ".oga", ".opus", ".aac", ".flac", ".wav"]) {
        MediaKind::Audio
    } else if is("video/", &[".mp4", ".m4v", ".webm", ".ogv", ".mov"]) {
        MediaKind::Video
    } else if is("image/", &[".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"])
        && !media_type.contains("svg")
    {
        if images { MediaKind::Image } else { MediaKind::Other }
    } else {
        MediaKind::Other
    }
}

/// The picture of an article: an image that came with it, else the first in its text.
fn picture(article: &Article) -> Option<String> {
    let enclosed = article
        .enclosures
        .iter()
        .find(|enclosure| kind(enclosure, true) == MediaKind::Image)
        .and_then(|enclosure| gate::loaded_address(enclosure.url.as_str()));
    enclosed.or_else(|| {
        [&article.content, &article.summary]
            .into_iter()
            .flatten()
            .find_map(|html| gate::first_image(html.as_str()))
    })
}

/// Enough to decide whether to read on; a hundred of them stay a light page.
const EXCERPT_LIMIT: usize = 280;

/// Names of feeds and people in a line of small print.
const NAME_LIMIT: usize = 60;

/// The others who carried an article, by name; the rest as a number.
const OTHERS_SHOWN: usize = 4;

/// Players on a card; the article's page has all.
const CARD_MEDIA: usize = 2;
