//! The search page: what was found, with the words marked.

use askama::Template;

use crate::{model::Article, publish::Place};

use super::{
    Page,
    card::{Day, MediaKind, Shown, card, days},
    frame::{Alternate, Frame, PageSite, Style, encoded},
    highlight::Words,
    text,
};

/// What a page of search results is made from.
#[derive(Debug)]
pub struct Search<'a> {
    /// As typed; empty for the bare form.
    pub query: &'a str,
    pub articles: &'a [Article],
    pub has_older: bool,
    /// This is not the first page.
    pub later: bool,
}

pub fn search(site: &PageSite, search: &Search<'_>) -> Page {
    let query = search.query.trim();
    let path = format!("{}search", site.root());
    let title = if query.is_empty() { "Search".to_owned() } else { format!("Search: {query}") };
    let mut frame = site.frame(&title, &path);
    frame.unlisted = true;
    frame.searchable = false;
    frame.query = query.to_owned();
    // By the letter the address that the feed gives itself.
    let asked: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let feed = format!("search.atom?q={asked}");
    if !query.is_empty() {
        frame.alternates = vec![Alternate {
            media_type: "application/atom+xml",
            title,
            href: format!("{}{feed}", site.root()),
        }];
    }
    let words = Words::new(query);
    let cards = search.articles.iter().map(|article| {
        let mut card = card(article, site, Shown::Served);
        card.title = words.mark(&card.plain_title);
        card.excerpt = words.mark(
            &piece(article, &words)
                .unwrap_or_else(|| super::tokens::decoded(card.excerpt.as_str())),
        );
        (article.position, card)
    });
    let count = search.articles.len();
    let page = SearchTemplate {
        found: match (count, search.has_older || search.later) {
            (0, false) => String::new(),
            (1, false) => "1 article.".to_owned(),
            (count, false) => format!("{count} articles."),
            (_, true) => String::new(),
        },
        message: match (query.is_empty(), count) {
            (true, _) => Some(
                "Every word must be in an article, in any order; case and accents do not \
                 matter. “Words in quotes” are looked for as a phrase."
                    .to_owned(),
            ),
            (false, 0) if search.later => Some("No more articles.".to_owned()),
            (false, 0) => Some(format!(
                "No article has “{query}” in it. Try fewer or shorter words; what comes in \
                 later will be in the search’s feed."
            )),
            _ => None,
        },
        subscribe: (!query.is_empty()).then(|| Subscribe {
            href: format!("{}{feed}", site.root()),
            address: site.address(&feed),
        }),
        days: days(cards),
        newest: search.later.then(|| format!("{path}?q={}", encoded(query))),
        older: search
            .articles
            .last()
            .filter(|_| search.has_older)
            .map(|last| format!("{path}?q={}&before={}", encoded(query), Place::of(last))),
        frame,
    };
    Page::of(&page)
}

/// The piece of an article's text that has the words in it.
fn piece(article: &Article, words: &Words) -> Option<String> {
    let html = text::whole(article)?;
    let (plain, _) = text::plain(html.as_str(), SEARCHED_CHARACTERS);
    Some(words.around(&plain, 280))
}

#[derive(Debug, Template)]
#[template(path = "search.html", whitespace = "minimize")]
struct SearchTemplate {
    frame: Frame,
    found: String,
    message: Option<String>,
    subscribe: Option<Subscribe>,
    days: Vec<Day>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Debug)]
struct Subscribe {
    href: String,
    address: String,
}

/// How far into a text the words are looked for, for showing them.
const SEARCHED_CHARACTERS: usize = 20_000;
