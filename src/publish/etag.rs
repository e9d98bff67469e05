//! ETags that tell, over restarts too, what their holder has: the ground of RFC 3229.
//!
//! A tag reads `"CHANGED-SHAPE-HASH"`, all in hex:
//! - CHANGED: when the newest change in the document happened ([`Article::changed`], in
//!   microseconds; it grows strictly from commit to commit), so that "what is new or changed
//!   since" needs no memory of documents once served: it is a question to the store;
//! - SHAPE: a hash of the settings and the address, so that after a change of those nobody
//!   is told a difference between two different things;
//! - HASH: of the bytes, which makes the tag strong (RFC 9110 section 8.8.1).
//!
//! What a coding adds behind them (`…-gz`) is ignored in reading.

use chrono::DateTime;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::model::{Article, OutputSetting, Time};

/// The strong tag of a document, quotes included.
pub(super) fn tag(changed: Option<Time>, shape: u32, bytes: &[u8]) -> String {
    let changed = micros(changed.unwrap_or(DateTime::UNIX_EPOCH));
    format!("\"{changed:x}-{shape:08x}-{:032x}\"", xxh3_128(bytes))
}

/// A hash of everything but the articles that decides what a document says.
pub(super) fn shape(output: &OutputSetting, address: &str, version: u32) -> u32 {
    let mut settings = output.clone();
    // How many are shown, and where files go, does not change what "new since" means.
    settings.limit = 0;
    settings.path = None;
    let text = format!("{version} {address} {settings:?}");
    (xxh3_64(text.as_bytes()) >> 32) as u32
}

/// The instant up to which the holder of `known` has everything, if it is an older state of
/// the document that has the tag `current` now.
///
/// None for a foreign tag, one of other settings, a newer one than ours (a store that was
/// put back), and the current one itself: to those the whole document is the answer.
pub fn known_until(known: &str, current: &str) -> Option<Time> {
    let (known_changed, known_shape, _) = parts(known)?;
    let (changed, shape, _) = parts(current)?;
    (known_shape == shape && known_changed <= changed && !same_bytes(known, current))
        .then(|| i64::try_from(known_changed).ok().and_then(DateTime::from_timestamp_micros))
        .flatten()
}

/// When the newest change among the articles happened.
pub(super) fn newest_change<'a>(articles: impl IntoIterator<Item = &'a Article>) -> Option<Time> {
    articles.into_iter().map(|article| article.changed).max()
}

fn micros(time: Time) -> u64 {
    u64::try_from(time.timestamp_micros()).unwrap_or(0)
}

fn same_bytes(a: &str, b: &str) -> bool {
    parts(a).map(|(_, _, hash)| hash) == parts(b).map(|(_, _, hash)| hash)
}

fn parts(tag: &str) -> Option<(u64, &str, &str)> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let mut parts = tag.trim_matches('"').split('-');
    let changed = u64::from_str_radix(parts.next()?, 16).ok()?;
    let (shape, hash) = (parts.next()?, parts.next()?);
    (shape.len() == 8 && hash.len() == 32).then_some((changed, shape, hash))
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn of(second: i64, bytes: &str) -> String {
        tag(Some(sample::time(second)), 7, bytes.as_bytes())
    }

    #[test]
    fn an_older_state_tells_until_when_it_knows() {
        assert_eq!(known_until(&of(5, "old"), &of(9, "new")), Some(sample::time(5)));
    }

    #[test]
    fn a_coding_and_a_weak_mark_do_not_matter() {
        let coded = format!("W/{}", of(5, "old").replacen("\"", "", 1).replace('"', "-gz\""));
        assert_eq!(known_until(&coded, &of(9, "new")), Some(sample::time(5)));
        let coded = of(9, "new").trim_end_matches('"').to_owned() + "-br\"";
        assert_eq!(known_until(&coded, &of(9, "new")), None);
    }

    #[test]
    fn what_is_no_older_state_is_unknown() {
        let now = of(9, "new");
        for known in ["", "\"x\"", "*", "W/\"5-7-z\"", &of(10, "later"), &now] {
            assert_eq!(known_until(known, &now), None, "{known}");
        }
        let other = tag(Some(sample::time(5)), 8, b"old");
        assert_eq!(known_until(&other, &now), None);
    }
}
