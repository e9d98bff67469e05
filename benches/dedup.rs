//! What deduplication costs, through the real store.
//!
//! `fingerprint` reads an entry of 300 words, which happens once an entry, outside the
//! transaction. `choose` asks a store of 1,000 and of 10,000 entries which article each
//! entry of a document of 20 would join, on the connection and by the code of a commit:
//! candidates by key, their rows read and fingerprinted, the verdict. `lone` entries share a
//! key with nobody; a `copy` is an edited text under another headline in another feed and
//! joins its original. Times are for one entry. `commit` is the whole way of a document
//! with one new entry, disk and all; it comes last, since it adds to the store.
//!
//! Entries come at a steady rate, so that a larger store is an older one.
//! `MERGANSER_BENCH_ENTRIES=1000000` measures at 10,000 and that; the filled file is kept
//! in `target/tmp` (5 GB, some minutes). `MERGANSER_BENCH_PER_DAY=150000` has them come
//! faster: a million within the window.

mod paper;

use std::{
    cell::Cell,
    fmt::Write as _,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use criterion::{Criterion, criterion_group, criterion_main};
use merganser::{
    dedup::fingerprint,
    model::{DedupSettings, Entry, Html, Time},
    store::{FeedUpdate, OpenAs, Store},
};

use self::paper::{FEEDS, begin, setting, update_of};

const DOCUMENT: u64 = 20;
const WORDS: u64 = 20_000;
/// Entries that come in a day, unless `MERGANSER_BENCH_PER_DAY` says otherwise: 10,000 are
/// three and a half days, a million are a year.
const PER_DAY: u64 = 2_880;
/// Documents that are asked about in turn.
const DOCUMENTS: u64 = 25;
/// Numbers of entries that no store has.
const FRESH: u64 = 1 << 40;

const RULES: DedupSettings =
    DedupSettings { near_duplicates: true, window: Duration::from_secs(7 * 86_400) };

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// When the entry of this number comes.
fn time_of(number: u64) -> Time {
    let per_day = number_from("MERGANSER_BENCH_PER_DAY").unwrap_or(PER_DAY);
    begin() + TimeDelta::seconds((number * 86_400 / per_day) as i64)
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
fn entry(number: u64, at: Time) -> Entry {
    story(number, &words(number, 300), at)
}

/// The same text with every twentieth word changed, under another headline elsewhere.
fn copy(number: u64, at: Time) -> Entry {
    let mut text = words(number, 300);
    text.iter_mut().step_by(20).for_each(|word| *word = "edited".to_owned());
    story(number + FRESH, &text, at)
}

fn story(number: u64, text: &[String], at: Time) -> Entry {
    let mut html = String::new();
    for paragraph in text.chunks(50) {
        let _ = write!(html, "<p>{}.</p>", paragraph.join(" "));
    }
    let url = format!("https://paper{}.example/2026/03/story-{number}", number % 1_000);
    Entry {
        guid: url.clone(),
        url: url.parse().ok(),
        title: Some(words(number + 1_000_000_000, 8).join(" ")),
        authors: Vec::new(),
        published: Some(at),
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

/// A store of so many entries, of which none is another's copy.
async fn fill(store: &Store, entries: u64) {
    let settings = (1..=FEEDS).map(|feed| setting(feed, Vec::new())).collect();
    store.sync_feeds(settings, begin()).await.expect("feeds");
    let round = FEEDS * DOCUMENT;
    for first in (0..entries).step_by(round as usize) {
        let commits: Vec<_> = (0..FEEDS)
            .map(|feed| {
                let numbers = first + feed * DOCUMENT..first + (feed + 1) * DOCUMENT;
                let at = time_of(numbers.end);
                let update =
                    update_of(feed + 1, at, numbers.map(|n| entry(n, time_of(n))).collect());
                let store = store.clone();
                tokio::spawn(async move { store.commit(update).await.expect("a commit") })
            })
            .collect();
        for commit in commits {
            commit.await.expect("a commit");
        }
    }
}

/// The store of so many entries; a large one from an earlier run, if there is one.
fn filled(runtime: &tokio::runtime::Runtime, folder: &Path, entries: u64) -> (PathBuf, Store) {
    let keeps = entries > 10_000;
    let per_day = number_from("MERGANSER_BENCH_PER_DAY").unwrap_or(PER_DAY);
    let path = if keeps {
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        kept.join(format!("dedup-{entries}-{per_day}.db"))
    } else {
        folder.join(format!("{entries}.db"))
    };
    let mark = path.with_extension("filled");
    if !mark.exists() {
        let _ = std::fs::remove_file(&path);
    }
    let store = Store::open(&path, OpenAs::Daemon, RULES).expect("a store");
    if !mark.exists() {
        let began = Instant::now();
        runtime.block_on(fill(&store, entries));
        println!("filled with {entries} entries in {:.0?}", began.elapsed());
        if keeps {
            std::fs::write(&mark, "").expect("a mark");
        }
    }
    (path, store)
}

/// Bytes of what deduplication keeps, for each entry.
fn print_size(path: &Path, entries: u64) {
    let shell = rusqlite::Connection::open(path).expect("a store");
    let each = |sql: &str, of: u64| -> f64 {
        let sum: i64 = shell.query_row(sql, [], |row| row.get(0)).expect("a sum");
        sum as f64 / of as f64
    };
    let pages = |table: &str| {
        each(&format!("SELECT sum(pgsize) FROM dbstat WHERE name = '{table}'"), entries)
    };
    let keys =
        each("SELECT sum(length(dedup_keys)) FROM (SELECT * FROM entries LIMIT 1000)", 1_000);
    println!(
        "{entries} entries: {:.1} keys each; bytes an entry: index {:.0}, keys in the row {keys:.0}, \
         habits and names {:.0}",
        keys / 8.0,
        pages("dedup_keys"),
        pages("feed_habits") + pages("feed_names"),
    );
}

fn deduplicating(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let one = entry(3, begin());
    criterion.bench_function("fingerprint of 300 words", |b| {
        b.iter(|| black_box(fingerprint(black_box(&one))));
    });
    let folder = tempfile::tempdir().expect("a folder");
    let sizes = match number_from("MERGANSER_BENCH_ENTRIES") {
        Some(most) => [10_000, most],
        None => [1_000, 10_000],
    };
    for entries in sizes {
        let (path, store) = filled(&runtime, folder.path(), entries);
        print_size(&path, entries);
        let now = time_of(entries);
        let mut group = criterion.benchmark_group(format!("choose among {entries}"));
        for kind in ["lone", "copy"] {
            // Copies are of what came lately, each of another entry.
            let arriving = |number: u64| match kind {
                "lone" => entry(FRESH + number, now),
                _ => copy(entries - 1 - number, now),
            };
            let document = |nth: u64| {
                let numbers = nth * DOCUMENT..(nth + 1) * DOCUMENT;
                update_of(nth % FEEDS + 1, now, numbers.map(arriving).collect())
            };
            let documents: Vec<FeedUpdate> = (0..DOCUMENTS).map(document).collect();
            let at = Cell::new(0);
            let weigh = || {
                at.set((at.get() + 7) % documents.len());
                let document = documents.get(at.get()).cloned().expect("a document");
                let began = Instant::now();
                let weighed = runtime.block_on(store.weigh(document)).expect("an answer");
                (began.elapsed(), weighed)
            };
            let joined = weigh().1.iter().flatten().count() as u64;
            assert_eq!(joined, if kind == "copy" { DOCUMENT } else { 0 });
            group.bench_function(kind, |b| {
                b.iter_custom(|times| {
                    (0..times).map(|_| weigh().0).sum::<Duration>() / DOCUMENT as u32
                });
            });
        }
        group.finish();
        let next = Cell::new(0);
        let run = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_millis() as u64;
        criterion.bench_function(&format!("commit of one among {entries}"), |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    next.set(next.get() + 1);
                    // A kept store has those of earlier runs.
                    let number = FRESH + (run << 20) + next.get();
                    let update = update_of(next.get() % FEEDS + 1, now, vec![entry(number, now)]);
                    let began = Instant::now();
                    let done = runtime.block_on(store.commit(update)).expect("a commit");
                    spent += began.elapsed();
                    assert_eq!(done.new_articles, 1);
                }
                spent
            });
        });
        runtime.block_on(store.close()).expect("a closed store");
    }
}

criterion_group!(benches, deduplicating);
criterion_main!(benches);
