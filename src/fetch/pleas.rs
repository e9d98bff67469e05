//! The server's plea to stay away: `Retry-After` (RFC 9110 10.2.3) and spent rate limits.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, RETRY_AFTER},
};

use super::answer::{http_date, text};
use crate::model::{RetryAfter, Time};

/// Until when the server wants to be left alone, and whether it speaks for the whole host.
///
/// A 429 does (RFC 6585 4), and so does a rate limit without anything remaining, whatever
/// the status; a 503 speaks of one feed, as hosts are shared. At most 31 days.
pub(super) fn retry_after(
    status: StatusCode,
    headers: &HeaderMap,
    now: Time,
) -> Option<RetryAfter> {
    // With a success the field has no meaning (RFC 9110 10.2.3).
    let asked = if status.is_success() || status == StatusCode::NOT_MODIFIED {
        None
    } else {
        plea(headers, now)
    };
    let whole_host = status == StatusCode::TOO_MANY_REQUESTS;
    let limited = rate_limit(headers, now);
    let wait = asked.max(limited)?;
    if wait.is_zero() {
        return None;
    }
    let until = now.checked_add_signed(TimeDelta::from_std(wait.min(LONGEST)).ok()?)?;
    Some(RetryAfter { until, whole_host: whole_host || limited.is_some() })
}

/// `Retry-After` as seconds, or as a date by the server's own clock where it tells it.
fn plea(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?;
    let value = value.trim();
    if let Some(wait) = number(value) {
        return Some(wait);
    }
    let date = text(headers, DATE).and_then(|date| http_date(&date)).unwrap_or(now);
    (http_date(value)? - date).to_std().ok()
}

/// `x-ratelimit-remaining: 0` with `x-ratelimit-reset: N` is a plea of N seconds.
fn rate_limit(headers: &HeaderMap, now: Time) -> Option<Duration> {
    RATE_LIMITS.into_iter().find_map(|(remaining, reset)| {
        let field = |name| {
            let value = headers.get(name)?;
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            number(value.split([',', ';']).next().unwrap_or_default().trim())
        };
        if !field(remaining)?.is_zero() {
            return None;
        }
        let reset = field(reset)?;
        // Some count seconds, some name an instant in seconds since 1970.
        let epoch = Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or(0));
        if reset < LOOKS_LIKE_AN_INSTANT { Some(reset) } else { reset.checked_sub(epoch) }
    })
}

const RATE_LIMITS: [(&str, &str); 3] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
];

/// Seconds, with a fraction if need be; rounded up, saturating.
fn number(text: &str) -> Option<Duration> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = if digits { text.parse().ok()? } else { return None };
    Some(Duration::from_secs_f64(seconds.ceil().min(MOST_SECONDS)))
}

/// The longest that any peer believes; beyond it is a mistake.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

/// 2001 in seconds since 1970, and thirty years as a wait.
const LOOKS_LIKE_AN_INSTANT: Duration = Duration::from_secs(1_000_000_000);

const MOST_SECONDS: f64 = 1e11;

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    /// Seconds to wait, and whether for the whole host.
    fn wait(status: u16, fields: &[(&str, &str)]) -> Option<(i64, bool)> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let now: Time = "2026-11-25T10:00:00Z".parse().unwrap();
        retry_after(StatusCode::from_u16(status).unwrap(), &headers, now)
            .map(|rest| ((rest.until - now).num_seconds(), rest.whole_host))
    }

    #[test]
    fn pleas_are_read_in_both_forms() {
        let date = "Wed, 25 Nov 2026 10:10:00 GMT";
        assert_eq!(wait(503, &[("retry-after", "120")]), Some((120, false)));
        assert_eq!(wait(429, &[("retry-after", "120")]), Some((120, true)));
        assert_eq!(wait(503, &[("retry-after", date)]), Some((600, false)));
        let clock = ("date", "Wed, 25 Nov 2026 10:09:00 GMT");
        assert_eq!(wait(503, &[("retry-after", date), clock]), Some((60, false)));
        assert_eq!(wait(503, &[("retry-after", "1.5")]), Some((2, false)));
        assert_eq!(wait(403, &[("retry-after", "60")]), Some((60, false)));
        assert_eq!(wait(429, &[("retry-after", "999999999999")]), Some((31 * 86_400, true)));
    }

    #[test]
    fn a_plea_that_asks_nothing_is_none() {
        assert_eq!(wait(429, &[]), None);
        assert_eq!(wait(200, &[("retry-after", "120")]), None);
        assert_eq!(wait(503, &[("retry-after", "0")]), None);
        assert_eq!(wait(503, &[("retry-after", "later")]), None);
        assert_eq!(wait(503, &[("retry-after", "Wed, 25 Nov 2020 10:10:00 GMT")]), None);
    }

    #[test]
    fn a_spent_rate_limit_rests_the_host_also_with_a_success() {
        let spent = [("x-ratelimit-remaining", "0.0"), ("x-ratelimit-reset", "57")];
        assert_eq!(wait(200, &spent), Some((57, true)));
        let left = [("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "57")];
        assert_eq!(wait(200, &left), None);
        let instant = [("ratelimit-remaining", "0"), ("ratelimit-reset", "1795600830")];
        assert_eq!(wait(200, &instant), Some((30, true)));
    }
}
