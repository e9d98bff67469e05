//! A document on its way into the store: read, compared with what is known, finished.
//!
//! In: an answer. Out: [`Taken`]: what of it is left for the commit of the poll. A document
//! with many new entries is taken in by parts, each finished only when it is its turn, so that
//! it holds up no other feed's commit and is never in memory as a whole.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::Utc;
use tracing::warn;
use xxhash_rust::xxh3::xxh3_64;

use super::{Poller, conclude::DocumentRead, room::Place};
use crate::{
    dedup,
    model::{Document, DueFeed, Fetched, Outcome, RawEntry, RawFeed, Time},
    parse::{self, ParseError},
    store::{Arriving, Committed, Reading, StoreError},
};

/// What is left for the commit of the poll, and what was committed before it.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// `None`: there was nothing to read, or what we read last time.
    pub(super) document: Option<Result<DocumentRead, ParseError>>,
    pub(super) parts: Committed,
}

impl Poller {
    /// Reads what came, unless it is what we read last time, and lets go of its bytes.
    pub(super) async fn take_in(
        &self,
        feed: &DueFeed,
        fetched: &mut Fetched,
        place: &Place<'_>,
    ) -> Result<Taken, StoreError> {
        let base = fetched.final_url.clone();
        let Outcome::Document { body, content_type, delta } = &mut fetched.outcome else {
            return Ok(Taken::default());
        };
        let (partial, bytes) = (*delta, std::mem::replace(body, Bytes::new()));
        let body_hash = xxh3_64(&bytes);
        if feed.body_hash == Some(body_hash) {
            return Ok(Taken::default());
        }
        let document =
            Document { bytes, content_type: content_type.clone(), base: Some(base.clone()) };
        let read = move || with_offers(parse::read(&document), &document, &base);
        let raw = match on_a_core(place, read).await {
            Ok(raw) => raw,
            Err(error) => return Ok(Taken { document: Some(Err(error)), ..Taken::default() }),
        };
        let guids: Vec<String> = raw.entries.iter().map(|entry| entry.guid.clone()).collect();
        let known = match feed.entries {
            0 => HashMap::new(),
            _ => self.store.known(feed.id, guids.clone()).await?,
        };
        let now = Utc::now();
        let (mut read, entries) = compared(raw, guids, &known, partial, body_hash, now);
        drop(known);
        // The last of the document first: of two articles in one place the one that came in
        // later is shown first.
        let mut waiting = parts(entries, &read.reading.guids).into_iter();
        let last = waiting.next_back().map(|(_, part)| part).unwrap_or_default();
        let mut parts = Committed::default();
        for (first_place, part) in waiting {
            let reading = read.reading.clone();
            match on_a_core(place, move || Ok(finished(reading, part, now))).await {
                Ok(mut part) => {
                    read.reading.repairs = std::mem::take(&mut part.repairs);
                    let done = self.store.commit_part(feed.id, now, part, first_place).await?;
                    parts = parts.and(done);
                }
                Err(error) => return Ok(Taken { document: Some(Err(error)), parts }),
            }
        }
        let finish = move || {
            read.reading = finished(read.reading, last, now);
            Ok(read)
        };
        Ok(Taken { document: Some(on_a_core(place, finish).await), parts })
    }
}

/// Runs CPU work on a blocking thread; its panic is this document's error.
async fn on_a_core<T: Send + 'static>(
    place: &Place<'_>,
    work: impl FnOnce() -> Result<T, ParseError> + Send + 'static,
) -> Result<T, ParseError> {
    place.work(work).await.unwrap_or_else(|| {
        warn!("a document made the reader panic");
        let reason = "the reader broke on it (please report the feed)".to_owned();
        Err(ParseError::NotAFeed { reason })
    })
}

/// A web page in place of a feed says which feeds it offers.
fn with_offers(
    read: Result<RawFeed, ParseError>,
    document: &Document,
    base: &url::Url,
) -> Result<RawFeed, ParseError> {
    read.map_err(|error| {
        let offers =
            parse::discover::discover(&document.bytes, document.content_type.as_deref(), base);
        let offers: Vec<String> =
            offers.iter().take(MAX_OFFERS).map(|feed| feed.url.to_string()).collect();
        match error {
            ParseError::NotAFeed { reason } if !offers.is_empty() => ParseError::NotAFeed {
                reason: format!("{reason}; it offers these feeds: {}", offers.join(", ")),
            },
            error => error,
        }
    })
}

/// What the document says, without its entries, and those of them that are new or changed.
fn compared(
    raw: RawFeed,
    guids: Vec<String>,
    known: &HashMap<String, Vec<u64>>,
    partial: bool,
    body_hash: u64,
    now: Time,
) -> (DocumentRead, Vec<RawEntry>) {
    let window = raw.entries.len() as u32;
    let dates = raw.entries.iter().filter_map(|entry| entry.published.or(entry.updated)).collect();
    let mut entries = raw.entries;
    let mut new_entries = 0;
    entries.retain(|entry| match known.get(&entry.guid) {
        Some(hashes) => !hashes.contains(&entry.hash()),
        None => {
            new_entries += 1;
            true
        }
    });
    let unchanged = window - entries.len() as u32;
    let reading = Reading {
        meta: parse::finish_meta(raw.meta, now),
        links: raw.links,
        repairs: raw.repairs,
        entries: Vec::new(),
        unchanged,
        guids,
        partial,
    };
    let read = DocumentRead { reading, hints: raw.hints, body_hash, window, new_entries, dates };
    (read, entries)
}

/// The entries by parts where they are more than one commit should hold: the end of the
/// document first, its beginning last, each part with the place where it begins.
///
/// Entries of one guid stay together, in the last part: which of them is an edit of which is
/// judged within one commit.
fn parts(mut entries: Vec<RawEntry>, guids: &[String]) -> Vec<(usize, Vec<RawEntry>)> {
    if entries.len() <= PART {
        return vec![(0, entries)];
    }
    let mut times: HashMap<&str, u32> = HashMap::with_capacity(guids.len());
    for guid in guids {
        *times.entry(guid).or_default() += 1;
    }
    let is_repeated = |entry: &RawEntry| times.get(entry.guid.as_str()).is_some_and(|it| *it > 1);
    let together: Vec<_> = entries.extract_if(.., |entry| is_repeated(entry)).collect();
    let mut parts = Vec::with_capacity(entries.len() / PART + 1);
    while entries.len() > PART {
        let from = entries.len() - PART;
        parts.push((from, entries.split_off(from)));
    }
    entries.extend(together);
    entries.shrink_to_fit();
    parts.push((0, entries));
    parts
}

/// Finishes and fingerprints entries.
fn finished(mut reading: Reading, entries: Vec<RawEntry>, now: Time) -> Reading {
    reading.entries.reserve_exact(entries.len());
    for entry in entries {
        let entry = parse::finish(entry, now, &mut reading.repairs);
        let fingerprint = dedup::fingerprint(&entry);
        reading.entries.push(Arriving::new(entry, fingerprint));
    }
    reading
}

/// Entries of one commit: a moment's work, also for the feeds that wait behind it.
const PART: usize = 500;

/// Enough to choose from in one line of an error.
const MAX_OFFERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(guids: &[String]) -> Vec<RawEntry> {
        guids.iter().map(|guid| RawEntry { guid: guid.clone(), ..RawEntry::default() }).collect()
    }

    #[test]
    fn a_usual_document_is_one_part() {
        let guids: Vec<String> = (0..PART).map(|n| n.to_string()).collect();
        assert_eq!(parts(entries(&guids), &guids).len(), 1);
    }

    #[test]
    fn the_end_of_a_large_document_goes_in_first_and_one_guid_stays_together() {
        let guids: Vec<String> = (0..3 * PART)
            .map(|n| if n % 100 == 0 { "same".into() } else { n.to_string() })
            .collect();
        let parts = parts(entries(&guids), &guids);
        let places: Vec<usize> = parts.iter().map(|(place, _)| *place).collect();
        assert!(places.is_sorted_by(|a, b| a > b), "{places:?}");
        assert_eq!(parts.iter().map(|(_, part)| part.len()).sum::<usize>(), guids.len());
        let (_, last) = parts.last().unwrap();
        assert_eq!(last.iter().filter(|entry| entry.guid == "same").count(), 3 * PART / 100);
        assert_eq!(last[0].guid, "1");
        assert_eq!(parts[0].1.last().unwrap().guid, guids[guids.len() - 1]);
    }
}
