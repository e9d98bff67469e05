//! Our values as SQLite keeps them, and back.
//!
//! What a person's hand wrote into the file may be anything: a value that cannot be read
//! counts as absent, it never stops the program.

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeZone as _, Utc};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::model::{FeedState, Time};

/// Whole seconds, for entries and articles. Fixed width, so that text order is time order.
pub(super) fn seconds(time: Time) -> String {
    within_four_digits(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Milliseconds, for polls.
pub(super) fn millis(time: Time) -> String {
    within_four_digits(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A year of more or fewer than four digits would break the order of the text.
fn within_four_digits(time: Time) -> Time {
    let edge = |year, month, day| Utc.with_ymd_and_hms(year, month, day, 0, 0, 0).single();
    match time.year() {
        ..0 => edge(0, 1, 1).unwrap_or(time),
        0..=9999 => time,
        _ => edge(9999, 12, 31).unwrap_or(time),
    }
}

pub(super) fn time(text: Option<String>) -> Option<Time> {
    DateTime::parse_from_rfc3339(&text?).ok().map(Into::into)
}

pub(super) fn url(text: Option<String>) -> Option<Url> {
    Url::parse(&text?).ok()
}

/// `NULL` in place of an empty list: most entries have none.
pub(super) fn list_json<T: Serialize>(list: &[T]) -> serde_json::Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { serde_json::to_string(list).map(Some) }
}

pub(super) fn from_json<T: DeserializeOwned + Default>(text: Option<String>) -> T {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

pub(super) fn state(name: &str) -> FeedState {
    match name {
        "ok" => FeedState::Ok,
        "failing" => FeedState::Failing,
        "gone" => FeedState::Gone,
        "paused" => FeedState::Paused,
        _ => FeedState::New,
    }
}

/// SQLite's integers are signed; a hash keeps its bits.
pub(super) fn signed(hash: u64) -> i64 {
    hash.cast_signed()
}

pub(super) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// A count or a size; nothing that is one reaches half of what SQLite can keep.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Numbers as one blob, 8 bytes each, little-endian.
pub(super) fn blob(numbers: impl IntoIterator<Item = i64>) -> Vec<u8> {
    numbers.into_iter().flat_map(i64::to_le_bytes).collect()
}

pub(super) fn from_blob(blob: &[u8]) -> Vec<i64> {
    let (numbers, _) = blob.as_chunks::<8>();
    numbers.iter().copied().map(i64::from_le_bytes).collect()
}
