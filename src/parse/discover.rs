//! The feeds that a web page offers.
//!
//! In: a page's bytes, its media type and address. Out: [`FoundFeed`]s, best first: what
//! the page itself calls its feeds (`<link rel="alternate">`), else links that look like
//! feeds. Read from HTML's tokens, without a tree, so that no page costs more than its length.

use std::cell::RefCell;

use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, states::RawKind};
use url::Url;

use super::{decode, html, urls};

/// A feed that a page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFeed {
    pub url: Url,
    /// As the page names it, plain text.
    pub title: Option<String>,
    /// As the page says; `None` for a mere link.
    pub media_type: Option<String>,
}

/// The feeds that `page`, which came from `base`, offers.
///
/// At most [`MAX_FOUND`], each address once, feeds of comments last. A page that is itself
/// a feed offers none: try to parse it first.
pub fn discover(page: &[u8], content_type: Option<&str>, base: &Url) -> Vec<FoundFeed> {
    let page = page.get(..MAX_PAGE_BYTES).unwrap_or(page);
    let decoded = decode::decode(page, content_type);
    let Ok(sink) = html::tokens::run(&decoded.text, Page::default()) else {
        return Vec::new();
    };
    let page = sink.state.into_inner();
    let base = page.base.and_then(|href| urls::resolve(Some(base), &href)).unwrap_or(base.clone());
    let absolute = |offers: Vec<Offer>, wanted: fn(&Offer, &Url) -> bool| {
        let mut found: Vec<FoundFeed> = Vec::new();
        for offer in offers {
            let Some(mut url) = urls::resolve(Some(&base), &offer.href) else { continue };
            url.set_fragment(None);
            if !wanted(&offer, &url) || found.iter().any(|other| other.url == url) {
                continue;
            }
            let title = html::one_line(&offer.title);
            let title = (!title.is_empty()).then(|| html::bounded(&title, MAX_TITLE_BYTES).into());
            found.push(FoundFeed { url, title, media_type: offer.media_type });
            if found.len() == MAX_FOUND {
                break;
            }
        }
        found
    };
    let mut found = absolute(page.links, is_declared_feed);
    if found.is_empty() {
        found = absolute(page.anchors, |_, url| looks_like_feed(url));
    }
    found.sort_by_key(is_of_comments);
    found
}

/// A `<link>` or `<a>` as the page has it.
#[derive(Debug, Default)]
struct Offer {
    href: String,
    title: String,
    media_type: Option<String>,
}

/// What was seen of the page so far.
#[derive(Debug, Default)]
struct State {
    base: Option<String>,
    links: Vec<Offer>,
    anchors: Vec<Offer>,
    /// The text now read belongs to the last anchor.
    in_anchor: bool,
}

#[derive(Debug, Default)]
struct Page {
    state: RefCell<State>,
}

impl State {
    fn start(&mut self, tag: &Tag) {
        let value = |wanted: &str| {
            let attribute = tag.attrs.iter().find(|it| &*it.name.local == wanted)?;
            Some(attribute.value.trim().to_owned())
        };
        match &*tag.name {
            "base" if self.base.is_none() => self.base = value("href"),
            "link" if self.links.len() < MAX_SEEN => {
                let rel = value("rel").unwrap_or_default().to_ascii_lowercase();
                let mut rel = rel.split_ascii_whitespace();
                // "stylesheet alternate" is another style, "feed" an early name of the same.
                let offers = rel.clone().any(|word| matches!(word, "alternate" | "feed"))
                    && !rel.any(|word| word == "stylesheet");
                if let Some(href) = value("href").filter(|href| offers && !href.is_empty()) {
                    let media_type = value("type").map(|text| text.to_ascii_lowercase());
                    let title = value("title").unwrap_or_default();
                    self.links.push(Offer { href, title, media_type });
                }
            }
            "a" | "area" if self.anchors.len() < MAX_SEEN => {
                self.in_anchor = false;
                if let Some(href) = value("href").filter(|href| may_be_feed(href)) {
                    let title = value("title").unwrap_or_default();
                    self.in_anchor = title.is_empty();
                    self.anchors.push(Offer { href, title, media_type: None });
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(anchor) = self.anchors.last_mut().filter(|_| self.in_anchor)
            && anchor.title.len() < MAX_TITLE_BYTES
        {
            anchor.title.push_str(html::bounded(text, MAX_TITLE_BYTES));
        }
    }
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.start(&tag);
                return match &*tag.name {
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" | "iframe" | "noembed" | "noframes" | "xmp" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) if &*tag.name == "a" => state.in_anchor = false,
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Whether a `<link rel="alternate">` offers a feed: by its type, or where the type is that
/// of any XML or JSON (APIs are offered the same way), by its address.
fn is_declared_feed(offer: &Offer, url: &Url) -> bool {
    let media_type = offer.media_type.as_deref().unwrap_or_default();
    match media_type.split(';').next().unwrap_or_default().trim() {
        "application/rss+xml"
        | "application/atom+xml"
        | "application/feed+json"
        | "application/rdf+xml"
        | "application/x.atom+xml"
        | "application/x-atom+xml"
        | "application/x-rss+xml"
        | "application/rss"
        | "application/atom"
        | "text/rss"
        | "text/rss+xml"
        | "text/atom+xml"
        | "text/atom" => true,
        "application/xml" | "text/xml" | "application/json" | "" => looks_like_feed(url),
        _ => false,
    }
}

/// A quick first look, before the address is made absolute.
fn may_be_feed(href: &str) -> bool {
    let href = href.to_ascii_lowercase();
    ["feed", "rss", "atom", "rdf", "xml"].iter().any(|word| href.contains(word))
}

/// Whether an address is of the kinds that feeds have.
fn looks_like_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let query = url.query().unwrap_or_default().to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (stem, extension) = last.rsplit_once('.').unwrap_or((last, ""));
    let names_feed = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            matches!(word, "feed" | "feeds" | "rss" | "rss2" | "atom" | "rdf" | "jsonfeed")
        })
    };
    match extension {
        "rss" | "atom" | "rdf" => return true,
        "xml" | "json" => {
            return names_feed(stem)
                || names_feed(&path)
                || (extension == "xml" && stem == "index");
        }
        "" => {}
        _ => return query.split('&').any(is_feed_parameter),
    }
    names_feed(last) || host.starts_with("feeds.") || query.split('&').any(is_feed_parameter)
}

/// `feed=rss2`, `format=atom`, `type=rss`.
fn is_feed_parameter(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    name == "feed"
        || (matches!(name, "format" | "type" | "output" | "alt")
            && matches!(value, "rss" | "rss2" | "atom" | "feed"))
}

fn is_of_comments(feed: &FoundFeed) -> bool {
    let comments = |text: &str| text.to_lowercase().contains("comment");
    comments(feed.url.path()) || feed.title.as_deref().is_some_and(comments)
}

/// A page's head is at its start; anchors beyond this are no loss.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Offers that anybody would choose from.
const MAX_FOUND: usize = 50;
/// Links remembered; sites in many languages have hundreds of alternates.
const MAX_SEEN: usize = 1000;
const MAX_TITLE_BYTES: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<(String, Option<String>)> {
        let base = Url::parse("https://example.org/blog/post").unwrap();
        discover(page.as_bytes(), Some("text/html"), &base)
            .into_iter()
            .map(|feed| (feed.url.into(), feed.title))
            .collect()
    }

    fn addresses(page: &str) -> Vec<String> {
        found(page).into_iter().map(|(url, _)| url).collect()
    }

    #[test]
    fn declared_feeds_come_with_title_and_absolute_address() {
        let page = "<head><base href=/b/><LINK REL='Alternate' TYPE='application/rss+xml' \
                    title='A &amp; B' href='feed.xml'><link rel=alternate type=application/atom+xml \
                    href=//x.example/atom>";
        assert_eq!(
            found(page),
            [
                ("https://example.org/b/feed.xml".into(), Some("A & B".into())),
                ("https://x.example/atom".into(), None),
            ]
        );
    }

    #[test]
    fn other_alternates_are_no_feeds() {
        for link in [
            "<link rel=alternate hreflang=de href=/de>",
            "<link rel='alternate stylesheet' href=/feed.css>",
            "<link rel=alternate type=application/json href=/wp-json/wp/v2/posts/1>",
            "<link rel=alternate type=application/json+oembed href=/oembed?url=feed>",
            "<!-- <link rel=alternate type=application/rss+xml href=/feed> -->",
            "<script>'<link rel=alternate type=application/rss+xml href=/feed>'</script>",
            "<link rel=alternate type=application/rss+xml href='javascript:x'>",
        ] {
            assert_eq!(addresses(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn links_that_look_like_feeds_are_the_second_choice() {
        let page = "<a href=/about>About</a><a href=/rss.xml>Our <b>RSS</b></a><a href=/feed/>F</a>\
                    <a href='/?feed=rss2#x'>G</a><a href=/feedback>H</a><a href=/sitemap.xml>S</a>";
        assert_eq!(
            found(page),
            [
                ("https://example.org/rss.xml".into(), Some("Our RSS".into())),
                ("https://example.org/feed/".into(), Some("F".into())),
                ("https://example.org/?feed=rss2".into(), Some("G".into())),
            ]
        );
    }

    #[test]
    fn comments_come_last_and_nothing_twice() {
        let link = |href| format!("<link rel=alternate type=application/rss+xml href={href}>");
        let page = [link("/comments/feed"), link("/feed"), link("/feed")].concat();
        assert_eq!(
            addresses(&page),
            ["https://example.org/feed", "https://example.org/comments/feed"]
        );
    }

    #[test]
    fn hostile_pages_take_no_time() {
        let attributes: String = (0..200_000).map(|n| format!(" a{n}=1")).collect();
        for page in [
            format!("<link{attributes}>"),
            "<a href=feed>".repeat(100_000),
            "<link rel=alternate type=application/rss+xml href=/x>".repeat(40_000),
        ] {
            assert!(found(&page).len() <= MAX_FOUND);
        }
    }
}
