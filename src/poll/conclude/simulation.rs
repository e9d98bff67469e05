//! A year of a hundred feeds, polled by what `conclude` decides: does anything slip through,
//! and how often do we ask?
//!
//! The clock is a number, so that the year takes a moment. Each feed's document holds its
//! latest entries, as many as its window is wide; an entry that was pushed out between two
//! polls is one that nobody will ever see.

use chrono::TimeDelta;

use super::tests::{LIMITS, document, due, not_modified, now, read};
use super::*;

/// When a feed publishes, in hours since the year began; how many entries its document holds.
struct Author {
    kind: &'static str,
    entries: Vec<f64>,
    window: usize,
    dated: bool,
}

/// What polling it for a year came to.
struct Year {
    requests: u32,
    missed: usize,
    /// Hours from publication to the poll that saw it, for each entry.
    delays: Vec<f64>,
}

const YEAR_HOURS: f64 = 365.0 * 24.0;

/// Publication before the year begins, so that the first document has a past.
const PAST_HOURS: f64 = 60.0 * 24.0;

/// A small generator with a seed: the simulation is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An exponential wait of this mean: nobody publishes by the clock.
    fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.roll()).ln()
    }
}

fn random(dice: &mut Dice, mean_hours: f64, awake: impl Fn(f64) -> bool) -> Vec<f64> {
    let mut entries = Vec::new();
    let mut at = -PAST_HOURS;
    while at < YEAR_HOURS {
        at += dice.wait(mean_hours);
        if awake(at) {
            entries.push(at);
        }
    }
    entries
}

/// Fifteen entries within a day, every so many days.
fn bursts(dice: &mut Dice, every_days: f64) -> Vec<f64> {
    let mut entries = Vec::new();
    let mut at = -PAST_HOURS;
    while at < YEAR_HOURS {
        let mut burst: Vec<f64> = (0..15).map(|_| at + 24.0 * dice.roll()).collect();
        burst.sort_by(f64::total_cmp);
        entries.extend(burst);
        at += every_days * 24.0 * (0.8 + 0.4 * dice.roll());
    }
    entries
}

/// A hundred authors as a reader's list has them: a few news sites, many blogs.
fn authors() -> Vec<Author> {
    let mut dice = Dice(20_261_125);
    let always = |_: f64| true;
    let by_day = |at: f64| (7.0..22.0).contains(&at.rem_euclid(24.0));
    let workdays =
        |at: f64| (at / 24.0).rem_euclid(7.0) < 5.0 && (8.0..18.0).contains(&at.rem_euclid(24.0));
    let mut authors = Vec::new();
    let mut add = |count: usize, kind, window, make: &mut dyn FnMut(&mut Dice) -> Vec<f64>| {
        for nth in 0..count {
            let entries = make(&mut dice);
            authors.push(Author { kind, entries, window, dated: nth % 5 != 4 });
        }
    };
    add(4, "news", 30, &mut |dice| random(dice, 0.5, by_day));
    add(6, "magazine", 20, &mut |dice| random(dice, 2.0, workdays));
    add(15, "daily", 15, &mut |dice| random(dice, 24.0, always));
    add(30, "weekly", 10, &mut |dice| random(dice, 168.0, always));
    add(20, "monthly", 10, &mut |dice| random(dice, 720.0, always));
    add(5, "bursts", 15, &mut |dice| bursts(dice, 25.0));
    add(10, "seasonal", 10, &mut |dice| random(dice, 30.0, |at| at.rem_euclid(2190.0) < 500.0));
    add(10, "silent", 10, &mut |dice| random(dice, 48.0, |at| at < -700.0));
    authors
}

fn live(author: &Author, name: usize) -> Year {
    let instant = |hours: f64| now() + TimeDelta::milliseconds((hours * 3_600_000.0) as i64);
    let mut feed = due();
    feed.url = Url::parse(&format!("https://example.org/{name}")).unwrap();
    feed.poll_url = feed.url.clone();
    (feed.last_success, feed.last_fetch) = (None, None);
    let mut year = Year { requests: 0, missed: 0, delays: Vec::new() };
    let mut seen = 0;
    let mut hours = 0.0;
    while hours < YEAR_HOURS {
        let at = instant(hours);
        let published = author.entries.partition_point(|entry| *entry <= hours);
        let first = published.saturating_sub(author.window);
        let new = published - seen.max(first).min(published);
        let (fetched, reading) = if feed.last_success.is_some() && published == seen {
            (not_modified(), None)
        } else {
            let window = &author.entries[first..published];
            let dates: Vec<Time> =
                window.iter().filter(|_| author.dated).map(|entry| instant(*entry)).collect();
            let document_read =
                DocumentRead { window: window.len() as u32, ..read(new as u32, &dates) };
            (document(), Some(Ok(document_read)))
        };
        if feed.last_success.is_some() {
            year.missed += first.saturating_sub(seen);
            year.delays.extend(
                author.entries[seen.max(first)..published].iter().map(|entry| hours - entry),
            );
        }
        seen = published;
        let update = conclude(&feed, &fetched, reading, &Around::default(), &LIMITS, at);
        feed.memory = update.memory;
        (feed.last_success, feed.last_fetch) = (Some(at), Some(at));
        year.requests += 1;
        let next = update.next_poll.expect("a feed that answers is polled again");
        hours = (next - now()).as_seconds_f64() / 3600.0;
    }
    year
}

#[test]
fn in_a_year_no_entry_is_missed_and_we_ask_a_third_as_often_as_every_hour() {
    let authors = authors();
    assert_eq!(authors.len(), 100);
    let mut requests = 0;
    let mut report = std::collections::BTreeMap::<_, (u32, u32, Vec<f64>)>::new();
    for (name, author) in authors.iter().enumerate() {
        let year = live(author, name);
        requests += year.requests;
        let kind = report.entry(author.kind).or_default();
        kind.0 += 1;
        kind.1 += year.requests;
        kind.2.extend(&year.delays);
        assert_eq!(year.missed, 0, "{} feed {name} lost entries", author.kind);
    }
    for (kind, (feeds, requests, mut delays)) in report {
        delays.sort_by(f64::total_cmp);
        let median = delays.get(delays.len() / 2).copied().unwrap_or_default();
        let a_day = f64::from(requests) / f64::from(feeds) / 365.0;
        println!("{kind}: {feeds} feeds, {a_day:.1} requests a day, seen after {median:.1} h");
    }
    let hourly = 100 * 365 * 24;
    println!(
        "{requests} requests, {:.0} % of every hour",
        100.0 * f64::from(requests) / f64::from(hourly)
    );
    assert!(requests * 3 <= hourly, "{requests} of {hourly}");
}
