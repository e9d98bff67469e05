//! Addresses as publishers write them.
//!
//! In: the text of a reference and the base it stands under. Out: an absolute http(s) URL,
//! or `None`: what is not of the web is never shown, fetched or stored as an address.

use url::Url;

/// The web address that `text` means under `base`.
///
/// Trims, drops line breaks and tabs as browsers do (WHATWG URL), mends a missing scheme
/// ("www.example.org/…", "//example.org"), a doubled or broken one ("http:///", "http//") and
/// `feed:` addresses. `None` for other schemes, for an empty text, for a relative one
/// without base, and for what is longer than [`MAX_URL_BYTES`].
pub(crate) fn resolve(base: Option<&Url>, text: &str) -> Option<Url> {
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    if text.is_empty() || text.len() > MAX_URL_BYTES {
        return None;
    }
    let text = strip_prefix_ignoring_case(text, "feed:")
        .map_or(text, |rest| if rest.starts_with("//") { rest } else { rest.trim_start() });
    let url = match absolute(text) {
        Some(url) => url,
        None => relative(base, text)?,
    };
    on_the_web(url)
}

/// Whether [`resolve`] would write the address as it stands, seen without parsing it.
///
/// No for each address that a rule of WHATWG URL might touch: a port, an international or
/// numeric host, dot segments, what has to be escaped.
pub(crate) fn is_settled(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else { return false };
    let last = host.rsplit('.').next().unwrap_or_default().as_bytes();
    let is_host = |(before, byte): (u8, u8)| match byte {
        b'.' | b'-' => byte != before,
        _ => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
    };
    let is_path = |(before, byte): (u8, u8)| match byte {
        b'.' => before != b'/',
        b'2' => before != b'%',
        b'a'..=b'z' => true,
        _ => matches!(byte, b'!' | b'#'..=b'&' | b'('..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'~'),
    };
    text.len() <= MAX_URL_BYTES
        && last.len() > 1
        && last.first().is_some_and(u8::is_ascii_lowercase)
        && with_before(b'.', host).all(is_host)
        && with_before(b'/', path).all(is_path)
}

/// Each byte of a text, and what is before it.
fn with_before(first: u8, text: &str) -> impl Iterator<Item = (u8, u8)> {
    std::iter::once(first).chain(text.bytes()).zip(text.bytes())
}

/// http or https with a host; credentials stay, since some private feeds live by them.
fn on_the_web(url: Url) -> Option<Url> {
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// A text that says for itself where it leads.
fn absolute(text: &str) -> Option<Url> {
    if let Ok(url) = Url::parse(text) {
        return Some(url);
    }
    for scheme in ["https", "http"] {
        // "http//example.org", "http:example.org" and the like.
        if let Some(rest) = strip_prefix_ignoring_case(text, scheme)
            && rest.starts_with("//")
        {
            return Url::parse(&format!("{scheme}:{rest}")).ok();
        }
    }
    None
}

fn relative(base: Option<&Url>, text: &str) -> Option<Url> {
    let looks_like_host = strip_prefix_ignoring_case(text, "www.").is_some();
    match base {
        Some(base) if !looks_like_host => base.join(text).ok(),
        // A host without scheme would else become a path below the feed's own folder.
        _ if looks_like_host => Url::parse(&format!("http://{text}")).ok(),
        _ if text.starts_with("//") => Url::parse(&format!("https:{text}")).ok(),
        _ => None,
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Longer ones are data in disguise; browsers and servers refuse them, too.
const MAX_URL_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, text: &str) -> Option<String> {
        resolve(Url::parse(base).ok().as_ref(), text).map(String::from)
    }

    const BASE: &str = "https://example.org/blog/feed.xml";

    #[test]
    fn references_are_resolved_against_the_base() {
        for (text, expected) in [
            ("post", "https://example.org/blog/post"),
            (" /post\n", "https://example.org/post"),
            ("?p=1", "https://example.org/blog/feed.xml?p=1"),
            ("#top", "https://example.org/blog/feed.xml#top"),
            ("//cdn.example.org/a", "https://cdn.example.org/a"),
            ("http://example.com/a b", "http://example.com/a%20b"),
            ("https://example.com/a\n  b", "https://example.com/a%20%20b"),
            ("HTTP://EXAMPLE.com", "http://example.com/"),
            ("http:///example.com/x", "http://example.com/x"),
            ("www.example.com/x", "http://www.example.com/x"),
            ("feed://example.com/x", "https://example.com/x"),
            ("feed:https://example.com/x", "https://example.com/x"),
            ("http//example.com/x", "http://example.com/x"),
        ] {
            assert_eq!(resolved(BASE, text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn nothing_but_the_web_comes_through() {
        for text in [
            "",
            " ",
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "mailto:me@example.org",
            "file:///etc/passwd",
            "ftp://example.org/",
            "tag:x,2000:1",
            "urn:uuid:1",
        ] {
            assert_eq!(resolved(BASE, text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_settled_is_written_as_it_stands(
            text in "https?://([a-z0-9.-]{1,5}|ex|x0|0x1f|[.]){1,3}(:80)?(/|[ -~]{1,3}|[.]|%2[eE]){0,8}"
        ) {
            if is_settled(&text) {
                proptest::prop_assert_eq!(resolved(BASE, &text), Some(text));
            }
        }
    }

    #[test]
    fn usual_addresses_are_settled_and_unusual_ones_are_not() {
        for text in ["https://example.org/a/b-c_d.html?e=f&g=1", "http://www.e2.example/"] {
            assert!(is_settled(text), "{text}");
        }
        for text in ["https://example.org", "/a", "https://a.example/../b", "http://127.0.0.1/"] {
            assert!(!is_settled(text), "{text}");
        }
    }

    #[test]
    fn a_relative_reference_without_base_is_none() {
        assert_eq!(resolve(None, "post"), None);
        assert_eq!(resolve(None, "//example.org/x").unwrap().as_str(), "https://example.org/x");
    }
}
