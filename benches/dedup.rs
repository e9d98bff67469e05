//! What deduplication costs, through the real store.
//!
//! `fingerprint` reads an entry of 300 words, which happens once an entry, outside the
//! transaction. `choose` asks a store of 1,000 and of 10,000 entries what came near to an
//! entry: candidates by key, their rows read and fingerprinted, the verdict. It is what a
//! commit does for a new entry, and the reading of that entry's own row besides. A fifth of
//! the entries have an edited copy under another headline in another feed. `reader` is the
//! bare way to a reader connection and back, to be taken off. The size of the index is
//! printed before.

use std::{
    cell::Cell,
    fmt::Write as _,
    hint::black_box,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::TimeDelta;
use criterion::{Criterion, criterion_group, criterion_main};
use merganser::{
    dedup::fingerprint,
    model::{
        DedupSettings, DocumentLinks, Entry, EntryId, FeedId, FeedMeta, FeedSetting, FeedState,
        Html, PollMemory, Time, Timing,
    },
    store::{Address, Arriving, FeedUpdate, FetchRecord, OpenAs, Reading, Store},
};

const FEEDS: u64 = 50;
const DOCUMENT: u64 = 20;
const WORDS: u64 = 20_000;
/// Every so-manieth entry is an edited copy of the one before it.
const COPIES: u64 = 5;

fn rules(near_duplicates: bool) -> DedupSettings {
    DedupSettings { near_duplicates, window: Duration::from_secs(7 * 86_400) }
}

fn begin() -> Time {
    "2026-03-01T12:00:00Z".parse().expect("an instant")
}

/// Words of a vocabulary in which few are common, always the same for one seed.
fn words(seed: u64, count: usize) -> Vec<String> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let rank = (state >> 32) % WORDS * (state % WORDS) / WORDS;
        format!("w{}", letters(rank))
    };
    (0..count).map(|_| next()).collect()
}

fn letters(mut number: u64) -> String {
    let mut word = String::new();
    while number > 0 {
        word.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    word
}

/// An article of 300 words in six paragraphs.
fn entry(number: u64) -> Entry {
    let is_copy = number % COPIES == COPIES - 1;
    let mut text = words(if is_copy { number - 1 } else { number }, 300);
    if is_copy {
        text.iter_mut().step_by(20).for_each(|word| *word = "edited".to_owned());
    }
    let mut html = String::new();
    for paragraph in text.chunks(50) {
        let _ = write!(html, "<p>{}.</p>", paragraph.join(" "));
    }
    let url = format!("https://paper{}.example/2026/03/story-{number}", feed_of(number));
    Entry {
        guid: url.clone(),
        url: url.parse().ok(),
        title: Some(words(number + 1_000_000, 8).join(" ")),
        authors: Vec::new(),
        published: Some(begin() + TimeDelta::minutes((number / DOCUMENT) as i64)),
        updated: None,
        summary: None,
        content: Some(Html::sanitized(html)),
        categories: Vec::new(),
        enclosures: Vec::new(),
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: number,
    }
}

/// Neighbours in number, an original and its copy, are in different feeds.
fn feed_of(number: u64) -> u64 {
    number % FEEDS + 1
}

fn update(feed: u64, entries: Vec<Entry>) -> FeedUpdate {
    let when = begin() + TimeDelta::days(1);
    FeedUpdate {
        feed: FeedId(feed as i64),
        at: when,
        record: FetchRecord { status: Some(200), ..FetchRecord::default() },
        validators: None,
        body_hash: None,
        address: Address::Keep,
        state: FeedState::Ok,
        next_poll: Some(when),
        interval: Duration::from_secs(3_600),
        memory: PollMemory::default(),
        reading: Some(Reading {
            meta: FeedMeta { title: Some(format!("Paper {feed}")), ..FeedMeta::default() },
            links: DocumentLinks::default(),
            repairs: Vec::new(),
            unchanged: 0,
            guids: entries.iter().map(|entry| entry.guid.clone()).collect(),
            partial: false,
            entries: entries
                .into_iter()
                .map(|entry| Arriving { fingerprint: fingerprint(&entry), entry })
                .collect(),
        }),
    }
}

/// A store of so many entries. Likeness is switched off for the filling, so that copies
/// stay apart and are there to be chosen.
async fn fill(path: &Path, entries: u64) {
    let store = Store::open(path, OpenAs::Daemon, rules(false)).expect("a store");
    let setting = |feed: u64| FeedSetting {
        url: format!("https://paper{feed}.example/feed").parse().expect("an address"),
        name: format!("paper{feed}"),
        tags: Vec::new(),
        timing: Timing::default(),
        stands_alone: false,
    };
    store.sync_feeds((1..=FEEDS).map(setting).collect(), begin()).await.expect("feeds");
    let round = FEEDS * DOCUMENT;
    for first in (0..entries).step_by(round as usize) {
        for feed in 1..=FEEDS {
            let numbers = (first..first + round).filter(|&number| feed_of(number) == feed);
            let update = update(feed, numbers.map(entry).collect());
            store.commit(update).await.expect("a commit");
        }
    }
    store.close().await.expect("a closed store");
}

/// Entries by their kind: those that nobody copied, and the copies.
fn numbers(path: &Path) -> [Vec<i64>; 2] {
    let shell = rusqlite::Connection::open(path).expect("a store");
    let mut rows = shell.prepare("SELECT id, raw_hash FROM entries ORDER BY guid").expect("rows");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let rows: Vec<(i64, i64)> = rows.map(|row| row.expect("a row")).collect();
    let of = |nth: i64| {
        let kind = rows.iter().filter(|(_, number)| number % COPIES as i64 == nth);
        kind.map(|(id, _)| *id).collect()
    };
    [of(0), of(COPIES as i64 - 1)]
}

/// Bytes of what deduplication keeps, for each entry.
fn print_size(path: &Path, entries: u64) {
    let shell = rusqlite::Connection::open(path).expect("a store");
    let number = |sql: &str| -> f64 {
        let sum: i64 = shell.query_row(sql, [], |row| row.get(0)).expect("a sum");
        sum as f64 / entries as f64
    };
    println!(
        "{entries} entries: {:.1} keys each; bytes an entry: index {:.0}, keys in the row {:.0}, \
         habits {:.0}",
        number("SELECT count(*) FROM dedup_keys"),
        number("SELECT sum(pgsize) FROM dbstat WHERE name = 'dedup_keys'"),
        number("SELECT sum(length(dedup_keys)) FROM entries"),
        number(
            "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'feed\\_%' ESCAPE '\\' AND name <> 'feed_articles'"
        ),
    );
}

fn deduplicating(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let one = entry(3);
    criterion.bench_function("fingerprint of 300 words", |b| {
        b.iter(|| black_box(fingerprint(black_box(&one))));
    });
    let folder = tempfile::tempdir().expect("a folder");
    for entries in [1_000, 10_000] {
        let path: PathBuf = folder.path().join(format!("{entries}.db"));
        runtime.block_on(fill(&path, entries));
        print_size(&path, entries);
        let store = Store::open(&path, OpenAs::Reader, rules(true)).expect("a store");
        let mut group = criterion.benchmark_group(format!("choose among {entries}"));
        group.bench_function("reader", |b| {
            b.iter(|| runtime.block_on(store.revision()).expect("a revision"));
        });
        for (kind, ids) in ["lone", "copy"].iter().zip(numbers(&path)) {
            let at = Cell::new(0_usize);
            let next = || {
                at.set((at.get() + 97) % ids.len());
                EntryId(ids.get(at.get()).copied().expect("a number below the length"))
            };
            let found = runtime.block_on(store.near(next())).expect("an answer").expect("entry");
            assert_eq!(found.len(), usize::from(*kind == "copy"), "{found:?}");
            group.bench_function(*kind, |b| {
                b.iter(|| runtime.block_on(store.near(next())).expect("an answer"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, deduplicating);
criterion_main!(benches);
