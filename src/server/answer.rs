//! A document as the answer to one request: conditions, form, header fields.
//!
//! RFC 9110 sections 8.8 (validators), 12.5.3 (codings), 13 (conditional requests) and
//! 15.4.5 (304).

use std::{sync::Arc, time::SystemTime};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{
    coding::Coding,
    document::{Document, Kind},
};

/// A line of text for a machine, kept by nobody.
pub fn plain(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers with the document, or with 304 where the client has it.
pub async fn answer(request: &HeaderMap, document: &Arc<Document>) -> Response {
    let coding = Coding::accepted(&all_values(request, &header::ACCEPT_ENCODING));
    let condition = condition(request, document);
    if let Condition::Current(tag) = condition {
        let tag = tag.unwrap_or_else(|| document.tag(coding));
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), document, &tag);
        return response;
    }
    let bytes = document.bytes(coding).await;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    describe(headers, document, &document.tag(coding));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.content_type));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    if document.kind == Kind::Delta {
        headers.insert(HeaderName::from_static("im"), HeaderValue::from_static("feed"));
        // RFC 3229 section 10.4.1.
        *response.status_mut() = StatusCode::from_u16(226).unwrap_or(StatusCode::OK);
    }
    response
}

/// The fields that a 304 repeats.
fn describe(headers: &mut HeaderMap, document: &Document, tag: &str) {
    let mut put = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    put(header::ETAG, tag.to_owned());
    put(header::CACHE_CONTROL, document.kind.cache_control().to_owned());
    put(header::VARY, document.kind.vary().to_owned());
    if let Some(time) = document.last_modified {
        // Never later than the answer itself (RFC 9110 section 8.8.2.1).
        let time = SystemTime::from(time).min(SystemTime::now());
        put(header::LAST_MODIFIED, httpdate::fmt_http_date(time));
    }
    for link in &document.links {
        headers.append(header::LINK, link.clone());
    }
}

impl Kind {
    fn cache_control(self) -> &'static str {
        match self {
            Self::Feed => "public, max-age=300",
            Self::Archive => "public, max-age=86400",
            Self::Delta => "no-store, im",
            Self::Page => "public, max-age=60",
            Self::LivePage => "no-cache, max-age=0",
            Self::Asset => "public, max-age=86400",
            Self::Versioned => "public, max-age=31536000, immutable",
        }
    }

    fn vary(self) -> &'static str {
        match self {
            Self::Feed => "Accept-Encoding, A-IM",
            Self::Delta => "Accept-Encoding, A-IM, If-None-Match",
            _ => "Accept-Encoding",
        }
    }
}

/// What the request's preconditions say.
#[derive(Debug, PartialEq, Eq)]
enum Condition {
    /// The client has the document: 304, under this tag where it named one.
    Current(Option<String>),
    Send,
}

/// If-None-Match where it is given, else If-Modified-Since (RFC 9110 section 13.2.2).
///
/// A tag of any form of the current document is current: a client that has one form has
/// the document, whatever form it would be sent today.
fn condition(request: &HeaderMap, document: &Document) -> Condition {
    if document.kind == Kind::Delta {
        return Condition::Send;
    }
    if request.contains_key(header::IF_NONE_MATCH) {
        let listed = all_values(request, &header::IF_NONE_MATCH);
        if listed.trim() == "*" {
            return Condition::Current(None);
        }
        return current_tag(&listed, document)
            .map_or(Condition::Send, |tag| Condition::Current(Some(tag)));
    }
    let since = request
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| httpdate::parse_http_date(value).ok());
    match (since, document.last_modified) {
        (Some(since), Some(time)) if seconds(time.into()) <= seconds(since) => {
            Condition::Current(None)
        }
        _ => Condition::Send,
    }
}

/// The first listed tag that is one of the document's, by weak comparison.
pub fn current_tag(listed: &str, document: &Document) -> Option<String> {
    let ours = [Coding::Identity, Coding::Gzip, Coding::Brotli].map(|form| document.tag(form));
    tags(listed).find_map(|tag| ours.iter().find(|our| opaque(our) == opaque(tag)).cloned())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The tags of an If-None-Match list; a tag may hold a comma.
pub fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let weak = rest.len() - quoted.len();
        // Up to the closing quote; a bare word, as some clients send it, up to the comma.
        let end = match quoted.strip_prefix('"') {
            Some(inner) => inner.find('"').map_or(rest.len(), |at| weak + at + 2),
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (tag, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(tag.trim_end())
    })
    .take(MAX_TAGS)
}

/// A tag without its weakness and quotes: what weak comparison looks at.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// All fields of one name as one list (RFC 9110 section 5.3).
pub fn all_values(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(", ")
}

/// More tags than a cache keeps forms of one document.
const MAX_TAGS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let time = "2026-11-25T10:00:00.7Z".parse().ok();
        Document::text("text".into(), "text/plain", time, Kind::Feed)
    }

    fn asked(fields: &[(&'static str, &str)]) -> Condition {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = value.replace("TAG", opaque(&document().etag));
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        condition(&headers, &document())
    }

    fn is_current(fields: &[(&'static str, &str)]) -> bool {
        matches!(asked(fields), Condition::Current(_))
    }

    #[test]
    fn a_tag_is_current_in_a_list_weak_of_any_form_and_as_a_star() {
        for value in [
            "\"TAG\"",
            "W/\"TAG\"",
            "\"x,y\", \"TAG-gz\"",
            "*",
            "\"a\",W/\"TAG-br\" , \"b\"",
            "TAG",
        ] {
            assert!(is_current(&[("if-none-match", value)]), "{value}");
        }
        for value in ["", "\"x\"", "\"TAG", "\"\"", "W/", "\"x\", \"*\""] {
            let stands_open = value == "\"TAG";
            assert_eq!(is_current(&[("if-none-match", value)]), stands_open, "{value}");
        }
    }

    #[test]
    fn the_tag_that_matched_is_the_one_that_is_answered() {
        let wanted = document().tag(Coding::Gzip);
        assert_eq!(asked(&[("if-none-match", "\"TAG-gz\"")]), Condition::Current(Some(wanted)));
    }

    #[test]
    fn a_date_counts_only_where_no_tag_is_given() {
        let (same, before) = ("Wed, 25 Nov 2026 10:00:00 GMT", "Wed, 25 Nov 2026 09:59:59 GMT");
        assert!(is_current(&[("if-modified-since", same)]));
        assert!(!is_current(&[("if-modified-since", before)]));
        assert!(!is_current(&[("if-modified-since", "yesterday")]));
        assert!(!is_current(&[("if-none-match", "\"x\""), ("if-modified-since", same)]));
        assert!(is_current(&[("if-none-match", "\"TAG\""), ("if-modified-since", before)]));
    }

    #[test]
    fn several_fields_are_one_list() {
        assert!(is_current(&[("if-none-match", "\"x\""), ("if-none-match", "\"TAG\"")]));
    }

    #[test]
    fn odd_lists_end() {
        for list in ["\"", "W/\"", ",,,", "W/", "\"a", "a\"b,c", "é, \"ü"] {
            assert!(tags(list).count() < 10);
        }
    }
}
