//! How long an answer stays fresh by its own word (RFC 9111 4.2, 5.2.2, 5.3).

use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap};

use super::answer::{http_date, text};
use crate::model::{Freshness, Time};

/// The freshness lifetime that is left: `max-age`, else `Expires`, less `Age`.
///
/// `None` where the answer says nothing, is stale already, or forbids keeping it
/// (`no-cache`, `no-store`). A malformed `max-age` counts as absent; an unreadable
/// `Expires` counts as past.
pub(super) fn freshness(headers: &HeaderMap, now: Time) -> Freshness {
    let mut max_age = None;
    for (name, value) in directives(headers) {
        match name.as_str() {
            // `no-cache="field"` speaks of that field alone.
            "no-cache" if value.is_none() => return Freshness::default(),
            "no-store" => return Freshness::default(),
            "max-age" if max_age.is_none() => max_age = value.and_then(|value| seconds(&value)),
            _ => {}
        }
    }
    let lifetime = match max_age {
        Some(max_age) => Some(max_age),
        None => expires(headers, now),
    };
    let age = text(headers, AGE).and_then(|age| seconds(age.trim())).unwrap_or_default();
    let left = lifetime.map(|lifetime| lifetime.saturating_sub(age));
    Freshness { lifetime: left.filter(|left| !left.is_zero()) }
}

/// `Expires` by the server's own clock, where it tells it.
fn expires(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let expires = http_date(&text(headers, EXPIRES)?)?;
    let date = text(headers, DATE).and_then(|date| http_date(&date)).unwrap_or(now);
    (expires - date).to_std().ok()
}

/// The directives of all `Cache-Control` fields: lower-case name, value without quotes.
fn directives(headers: &HeaderMap) -> Vec<(String, Option<String>)> {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned())
        .flat_map(|field| field.split(',').map(directive).collect::<Vec<_>>())
        .collect()
}

fn directive(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => {
            let value = value.trim().trim_matches('"').to_owned();
            (name.trim().to_ascii_lowercase(), Some(value))
        }
        None => (text.trim().to_ascii_lowercase(), None),
    }
}

/// `delta-seconds`, saturating (RFC 9111 1.2.2).
pub(super) fn seconds(digits: &str) -> Option<Duration> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(digits.parse().unwrap_or(MOST_SECONDS).min(MOST_SECONDS)))
}

/// What an overflow counts as (RFC 9111 1.2.2): 2^31.
const MOST_SECONDS: u64 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn lifetime(fields: &[(&str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        freshness(&headers, now).lifetime.map(|lifetime| lifetime.as_secs())
    }

    /// Headers of an answer, and the lifetime in seconds that they leave.
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<u64>);

    #[test]
    fn freshness_is_read_by_the_book() {
        let later = "Wed, 25 Nov 2026 11:00:00 GMT";
        let cases: &[Case<'_>] = &[
            (&[], None),
            (&[("cache-control", "max-age=60")], Some(60)),
            (&[("cache-control", "public, Max-Age = \"60\"")], Some(60)),
            (&[("cache-control", "public"), ("cache-control", "max-age=60")], Some(60)),
            (&[("cache-control", "max-age=60"), ("age", "50")], Some(10)),
            (&[("cache-control", "max-age=60"), ("age", "70")], None),
            (&[("cache-control", "max-age=60"), ("expires", later)], Some(60)),
            (&[("cache-control", "max-age=0"), ("expires", later)], None),
            (&[("cache-control", "max-age=60, no-cache")], None),
            (&[("cache-control", "no-store"), ("expires", later)], None),
            (&[("cache-control", "no-cache=\"set-cookie\", max-age=60")], Some(60)),
            (&[("cache-control", "max-age=99999999999999999999")], Some(1 << 31)),
            (&[("cache-control", "max-age=soon")], None),
            (&[("cache-control", "s-maxage=60")], None),
            (&[("expires", later)], Some(3600)),
            (&[("expires", later), ("date", "Wed, 25 Nov 2026 10:30:00 GMT")], Some(1800)),
            (&[("expires", later), ("age", "600")], Some(3000)),
            (&[("expires", "0")], None),
            (&[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], None),
        ];
        for (fields, expected) in cases {
            assert_eq!(lifetime(fields), *expected, "{fields:?}");
        }
    }
}
