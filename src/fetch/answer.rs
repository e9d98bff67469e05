//! What the head of an answer says, read with good will and never trusted.

use chrono::Utc;
use reqwest::{
    StatusCode,
    header::{AsHeaderName, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED},
};

use crate::model::{FetchError, Time, Validators};

/// The first field of that name, as text.
pub(super) fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// An HTTP date in any of its three forms (RFC 9110 5.6.7), or one as mail has it.
pub(super) fn http_date(text: &str) -> Option<Time> {
    let text = text.trim();
    httpdate::parse_http_date(text).map(Time::from).ok().or_else(|| {
        chrono::DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
    })
}

/// The validators, byte for byte. One that is empty or absurdly long is none.
pub(super) fn validators(headers: &HeaderMap) -> Validators {
    let bytes = |name| {
        let value: Option<Vec<u8>> =
            headers.get(name).map(|value: &reqwest::header::HeaderValue| value.as_bytes().to_vec());
        value.filter(|value| !value.is_empty() && value.len() <= MAX_VALIDATOR)
    };
    Validators { etag: bytes(ETAG), last_modified: bytes(LAST_MODIFIED) }
}

pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    text(headers, CONTENT_TYPE)
}

/// Whether the part in a 226 is one that we can merge: the feed manipulation, alone
/// (RFC 3229 10.5.2).
pub(super) fn is_feed_part(headers: &HeaderMap) -> bool {
    text(headers, "im").is_some_and(|im| im.trim().eq_ignore_ascii_case("feed"))
}

/// The failure that a status tells.
pub(super) fn status_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> FetchError {
    let code = status.as_u16();
    if is_challenge(status, headers, body) {
        return FetchError::Challenge { code };
    }
    let reason = status.canonical_reason().unwrap_or("(no such status)").to_owned();
    FetchError::Status { code, reason }
}

/// A page that wants a browser to prove itself. We never pretend to be one.
fn is_challenge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
    if text(headers, "cf-mitigated").is_some_and(|value| value.eq_ignore_ascii_case("challenge")) {
        return true;
    }
    let refuses = matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    let html = content_type(headers).is_some_and(|kind| kind.starts_with("text/html"));
    let page = String::from_utf8_lossy(body);
    refuses && html && CHALLENGE_MARKS.iter().any(|mark| page.contains(mark))
}

/// The total of names and values, as HTTP/2 counts them less its overhead.
pub(super) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Longer than any honest tag; what would be stored and sent for ever.
const MAX_VALIDATOR: usize = 1024;

/// Scripts and titles of the usual challenge pages.
const CHALLENGE_MARKS: [&str; 4] = [
    "/cdn-cgi/challenge-platform/",
    "cf-chl-",
    "<title>Just a moment...</title>",
    "_Incapsula_Resource",
];
