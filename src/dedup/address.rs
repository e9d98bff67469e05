//! One address for one page, whichever way it was handed around.
//!
//! In: an entry's URL. Out: an [`Address`]: the canonical text, what was removed to reach
//! it, and whether it says anything at all. A canonical address is compared, never fetched
//! and never shown in place of the published one.
//!
//! The path keeps its case and the query its meaning: an id in either tells two pages apart.
//! RFC 3986 section 6.2 for the normal forms; the rest is custom of the web.

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use tracking::{is_tracking_parameter, tells_where_from};

mod tracking;

/// A page's address without what only says how somebody came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Host, path, sorted query, and the fragment if it names something.
    pub canonical: String,
    /// What was taken away, in the words of an explanation.
    pub removed: Vec<String>,
    /// A home page or a page of a whole feed: many entries may carry it.
    pub is_generic: bool,
    /// A comment on a page: joins only the same comment.
    pub is_comment: bool,
    /// Of the host, the same for its mobile and its AMP side.
    pub site: u64,
    /// Of `canonical`.
    pub hash: u64,
}

impl Address {
    /// `None` for what is no web page.
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let mut removed = Vec::new();
        let host = url.host_str()?.trim_end_matches('.');
        let (host, path) = out_of_amp_cache(host, url.path(), &mut removed);
        let host = without_side_door(host, &mut removed);
        let path = plain_path(path, &mut removed);
        let query = telling_query(url.query().unwrap_or_default(), &mut removed);
        let fragment = url.fragment().filter(|fragment| {
            let telling = tells_apart(fragment);
            if !telling && !fragment.is_empty() {
                removed.push(format!("#{}", first_letters(fragment)));
            }
            telling
        });
        let is_generic = query.is_empty() && fragment.is_none() && is_front_page(&path);
        let mut canonical = String::with_capacity(url.as_str().len());
        canonical.push_str(host);
        if let Some(port) = url.port() {
            canonical.push_str(&format!(":{port}"));
        }
        canonical.push_str(&path);
        for (mark, part) in [('?', query.as_str()), ('#', fragment.unwrap_or_default())] {
            if !part.is_empty() {
                canonical.push(mark);
                canonical.push_str(part);
            }
        }
        Some(Self {
            is_generic,
            is_comment: fragment.is_some_and(is_comment),
            site: xxh3_64(host.as_bytes()),
            hash: xxh3_64(canonical.as_bytes()),
            canonical,
            removed,
        })
    }
}

/// The page that an AMP cache or viewer shows: host and path of the original.
fn out_of_amp_cache<'a>(
    host: &'a str,
    path: &'a str,
    removed: &mut Vec<String>,
) -> (&'a str, &'a str) {
    let rest = if host.ends_with(".cdn.ampproject.org") {
        ["/c/s/", "/c/", "/v/s/", "/v/", "/i/s/"].iter().find_map(|start| path.strip_prefix(start))
    } else if matches!(host, "www.google.com" | "google.com") {
        ["/amp/s/", "/amp/"].iter().find_map(|start| path.strip_prefix(start))
    } else {
        None
    };
    let Some(rest) = rest else { return (host, path) };
    let end = rest.find('/').unwrap_or(rest.len());
    let (inner, inner_path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if !inner.contains('.') {
        return (host, path);
    }
    removed.push("AMP cache".to_owned());
    (inner, inner_path)
}

/// The host without the label of its mobile, AMP or `www` side.
fn without_side_door<'a>(host: &'a str, removed: &mut Vec<String>) -> &'a str {
    let mut host = host;
    while let Some((label, rest)) = host.split_once('.') {
        if !rest.contains('.') || !matches!(label, "www" | "m" | "mobile" | "amp" | "wap" | "touch")
        {
            break;
        }
        if label != "www" {
            removed.push(format!("{label}. host"));
        }
        host = rest;
    }
    host
}

/// The path without AMP steps, index pages, doubled and trailing slashes.
fn plain_path(path: &str, removed: &mut Vec<String>) -> String {
    let path = decoded_unreserved(path);
    let mut steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let whole = steps.len();
    if steps.len() > 1 {
        if steps.last().is_some_and(|step| step.eq_ignore_ascii_case("amp")) {
            steps.pop();
        }
        if steps.first().is_some_and(|step| step.eq_ignore_ascii_case("amp")) {
            steps.remove(0);
        }
    }
    if let Some(last) = steps.last_mut()
        && let Some(stem) = last.strip_suffix(".amp").or_else(|| last.strip_suffix(".amp.html"))
        && !stem.is_empty()
    {
        *last = stem;
        removed.push("AMP path".to_owned());
    }
    if steps.len() < whole {
        removed.push("AMP path".to_owned());
    }
    let is_index = steps.last().is_some_and(|step| {
        step.split_once('.').is_some_and(|(stem, end)| {
            (stem.eq_ignore_ascii_case("index") || stem.eq_ignore_ascii_case("default"))
                && end.len() <= LONGEST_ENDING
        })
    });
    if is_index {
        steps.pop();
    }
    steps.iter().flat_map(|step| ["/", step]).collect()
}

/// Endings of index pages: `.html`, `.php`, `.aspx`, `.shtml`.
const LONGEST_ENDING: usize = 5;

/// The query's parameters in order, without those that say how somebody came.
fn telling_query(query: &str, removed: &mut Vec<String>) -> String {
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let lower = name.to_ascii_lowercase();
        if is_tracking_parameter(&lower) || tells_where_from(&lower, value) {
            removed.push(first_letters(name));
        } else {
            kept.push(decoded_unreserved(parameter));
        }
    }
    kept.sort_unstable();
    kept.join("&")
}

/// Whether the fragment names a text of its own: a route of a one-page site, a version in a
/// changelog, a comment.
fn tells_apart(fragment: &str) -> bool {
    let lower = fragment.to_ascii_lowercase();
    let more = lower.strip_prefix("more-").is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit()));
    let junk = ["ref=", "xtor", "utm_", "at_", "mtm_", "echobox", ":~:", "intcid", "sref"];
    !(more
        || matches!(
            lower.as_str(),
            "" | "comments" | "respond" | "rss" | "atom" | "feed" | "top" | "content" | "main"
        )
        || junk.iter().any(|start| lower.starts_with(start)))
}

fn is_comment(fragment: &str) -> bool {
    let lower = fragment.to_ascii_lowercase();
    ["comment", "reply", "post-comment", "c-"].iter().any(|start| {
        lower.strip_prefix(start).is_some_and(|id| {
            let id = id.trim_start_matches(['-', '_', 'c']);
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// A page that belongs to a whole site or feed, by its path alone.
fn is_front_page(path: &str) -> bool {
    let mut steps = path.split('/').filter(|step| !step.is_empty());
    match (steps.next(), steps.next()) {
        (None, _) => true,
        (Some(step), None) => matches!(
            step.to_ascii_lowercase().as_str(),
            "archive"
                | "archives"
                | "articles"
                | "atom"
                | "atom.xml"
                | "blog"
                | "blogs"
                | "en"
                | "episodes"
                | "feed"
                | "feed.xml"
                | "feeds"
                | "home"
                | "journal"
                | "latest"
                | "listen"
                | "news"
                | "podcast"
                | "podcasts"
                | "posts"
                | "press"
                | "releases"
                | "rss"
                | "rss.xml"
                | "status"
                | "stories"
                | "updates"
                | "weblog"
        ),
        _ => false,
    }
}

/// Percent-encoded letters, digits, `-`, `.`, `_` and `~` as themselves, other encodings in
/// capitals (RFC 3986 section 6.2.2).
fn decoded_unreserved(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (code.map(char::from), after.get(2..)) {
            (Some(c), Some(tail)) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                decoded.push(c);
                rest = tail;
            }
            (Some(c), Some(tail)) => {
                decoded.push_str(&format!("%{:02X}", u32::from(c)));
                rest = tail;
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Enough of a name for an explanation; names come from outside and may be long.
fn first_letters(name: &str) -> String {
    name.chars().take(24).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(url: &str) -> String {
        Address::of(&Url::parse(url).unwrap()).unwrap().canonical
    }

    #[test]
    fn one_page_has_one_address() {
        let plain = "example.org/2026/story";
        for url in [
            "https://example.org/2026/story",
            "http://www.example.org:80/2026/story/",
            "https://m.example.org/2026/story?utm_source=rss&utm_medium=feed",
            "https://amp.example.org/2026/story",
            "https://example.org/amp/2026/story",
            "https://example.org/2026/story/amp/",
            "https://example.org/2026/story.amp.html",
            "https://example.org/2026/story?outputType=amp",
            "https://example.org/./2026//story?",
            "https://example.org/2026/%73tory#comments",
            "https://example.org/2026/story/index.html?ref=rss#xtor=RSS-3",
            "https://example-org.cdn.ampproject.org/c/s/example.org/2026/story",
            "https://www.google.com/amp/s/www.example.org/2026/story",
        ] {
            assert_eq!(canonical(url), plain, "{url}");
        }
    }

    #[test]
    fn what_tells_two_pages_apart_stays() {
        for (one, other) in [
            ("https://e.org/t?id=1", "https://e.org/t?id=2"),
            ("https://e.org/aBc", "https://e.org/AbC"),
            ("https://e.org/#!/post/1", "https://e.org/#!/post/2"),
            ("https://e.org/log#v1.2", "https://e.org/log#v1.3"),
            ("https://e.org/a?source=42", "https://e.org/a?source=43"),
            ("https://e.org/a%2Fb", "https://e.org/a/b"),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
        assert_eq!(canonical("https://e.org/?b=2&a=1"), canonical("https://e.org/?a=1&b=2"));
    }

    #[test]
    fn what_was_removed_is_named() {
        let url = Url::parse("https://m.example.org/a?utm_source=x&fbclid=y").unwrap();
        assert_eq!(Address::of(&url).unwrap().removed, ["m. host", "utm_source", "fbclid"]);
    }

    #[test]
    fn a_home_page_is_generic_and_a_story_is_not() {
        let generic = |url: &str| Address::of(&Url::parse(url).unwrap()).unwrap().is_generic;
        assert!(generic("https://example.org/"));
        assert!(generic("https://example.org/blog/?utm_source=rss"));
        assert!(!generic("https://example.org/?p=12"));
        assert!(!generic("https://example.org/story"));
        assert!(!generic("https://example.org/#!/post/1"));
    }

    #[test]
    fn a_comment_is_known_by_its_fragment() {
        let comment = |url: &str| Address::of(&Url::parse(url).unwrap()).unwrap().is_comment;
        assert!(comment("https://example.org/a#comment-77"));
        assert!(!comment("https://example.org/a#commentary"));
    }

    #[test]
    fn what_is_no_web_page_has_no_address() {
        assert_eq!(Address::of(&Url::parse("mailto:a@example.org").unwrap()), None);
    }
}
