//! WebSub links in `Link` fields (RFC 8288 3): hubs, and the topic.

use reqwest::header::{HeaderMap, LINK};
use url::Url;

/// The targets of `rel="hub"`, and that of `rel="self"`.
pub(super) fn websub(headers: &HeaderMap, base: &Url) -> (Vec<Url>, Option<Url>) {
    let mut hubs = Vec::new();
    let mut topic = None;
    for field in headers.get_all(LINK) {
        for (target, rels) in links(&String::from_utf8_lossy(field.as_bytes())) {
            let Some(target) = base.join(&target).ok().filter(is_web) else { continue };
            for rel in rels.split_ascii_whitespace() {
                if rel.eq_ignore_ascii_case("hub") && hubs.len() < MAX_HUBS {
                    hubs.push(target.clone());
                } else if rel.eq_ignore_ascii_case("self") && topic.is_none() {
                    topic = Some(target.clone());
                }
            }
        }
    }
    (hubs, topic)
}

/// Each link of a field as target and `rel` value.
fn links(field: &str) -> Vec<(String, String)> {
    let mut links = Vec::new();
    let mut rest = field;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let (parameters, next) = split_at_comma(after);
        let rel = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let rel = name.trim().eq_ignore_ascii_case("rel");
            rel.then(|| value.trim().trim_matches('"').to_owned())
        });
        if let Some(rel) = rel {
            links.push((target.trim().to_owned(), rel));
        }
        rest = next;
    }
    links
}

/// Splits at the first comma outside quotes: the end of one link.
fn split_at_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => return text.split_at_checked(at).unwrap_or((text, "")),
            _ => {}
        }
    }
    (text, "")
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// A publisher names one or two.
const MAX_HUBS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_and_topic_are_found_in_any_order_and_spelling() {
        let mut headers = HeaderMap::new();
        let field =
            "</hub>; title=\"a, b\"; rel=hub, <https://example.org/feed>; rel=\"self alternate\"";
        headers.append(LINK, field.parse().unwrap());
        headers.append(
            LINK,
            "<https://hub.example>; REL=\"Hub\", <javascript:1>; rel=hub".parse().unwrap(),
        );
        let base = Url::parse("https://example.org/x").unwrap();
        let (hubs, topic) = websub(&headers, &base);
        let hubs: Vec<&str> = hubs.iter().map(Url::as_str).collect();
        assert_eq!(hubs, ["https://example.org/hub", "https://hub.example/"]);
        assert_eq!(topic.unwrap().as_str(), "https://example.org/feed");
    }

    #[test]
    fn broken_links_are_no_links() {
        for field in ["<", "<a", "rel=hub", "<a>; rel", "<a>; \"rel=hub"] {
            assert!(links(field).is_empty(), "{field}");
        }
    }
}
