//! Many feeds that change, polled each second, for long: what the daemon uses levels off.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::{
    gauge::Sample,
    origin::{Answer, Origin},
    parameter,
    world::World,
};

/// How much higher the second half may stand than the first, after the warming up.
const MOST_GROWTH_PERCENT: u64 = 10;

/// How late the most overdue feed may be, at the 99th percentile of the samples.
const MOST_LAG_MILLIS: i64 = 2000;

#[test]
#[ignore = "measures; takes half an hour and a release build"]
fn what_the_daemon_uses_levels_off() {
    let minutes = parameter("MERGANSER_SOAK_MINUTES", 30);
    let feeds = parameter("MERGANSER_SOAK_FEEDS", 500) as usize;
    let table = std::env::var("MERGANSER_SOAK_CSV").ok();

    let origin = Origin::start();
    let mut world = World::new()
        .fetching("per_host = 64\ninterval = \"1s\"\nmin_interval = \"1s\"\nmax_interval = \"2s\"");
    for feed in 0..feeds {
        let path = format!("/{feed}.xml");
        world = world.feed(&format!("feed-{feed}"), &origin.url(&path));
        let asked = AtomicUsize::new(feed);
        origin.by(&path, move |_| news(feed, asked.fetch_add(1, Ordering::Relaxed)));
    }
    let daemon = world.daemon();
    let start = Instant::now();
    let mut samples = Vec::new();
    let mut csv = String::from(
        "seconds,resident_kib,peak_kib,open_files,store_kib,log_kib,lag_millis,cpu_seconds,polls\n",
    );
    while start.elapsed() < Duration::from_secs(minutes * 60) {
        std::thread::sleep(Duration::from_secs(5));
        let sample = Sample::take(daemon.id(), &world.store_path(), "last_fetch IS NOT NULL");
        let polls: i64 = world.one("SELECT max(id) FROM fetches");
        origin.forget();
        writeln!(
            csv,
            "{},{},{},{},{},{},{},{:.1},{polls}",
            start.elapsed().as_secs(),
            sample.resident_kib,
            sample.peak_kib,
            sample.open_files,
            sample.store_bytes / 1024,
            sample.log_bytes / 1024,
            sample.lag_millis,
            sample.cpu_seconds,
        )
        .unwrap();
        println!("{}", csv.lines().last().unwrap());
        samples.push(sample);
    }
    if let Some(path) = table {
        std::fs::write(path, &csv).unwrap();
    }
    // It ran to the end, and the same process: a restart would have another number.
    daemon.stop();
    world.ok(&["check", "--store"]);
    verdict(&samples);
}

/// The first quarter is the warming up; of the rest, the second half is held against the first.
fn verdict(samples: &[Sample]) {
    let warm = &samples[samples.len() / 4..];
    let (first, second) = warm.split_at(warm.len() / 2);
    let mut bad = Vec::new();
    let mut hold = |what: &str, of: &dyn Fn(&Sample) -> u64| {
        let median = |half: &[Sample]| {
            let mut all: Vec<u64> = half.iter().map(of).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        let (before, after) = (median(first), median(second));
        println!("{what}: median {before} in the first half, {after} in the second");
        if after * 100 > before * (100 + MOST_GROWTH_PERCENT) {
            bad.push(what.to_owned());
        }
    };
    hold("resident KiB", &|sample| sample.resident_kib);
    hold("open files", &|sample| sample.open_files as u64);
    hold("log KiB", &|sample| sample.log_bytes / 1024);
    let mut lags: Vec<i64> = warm.iter().map(|sample| sample.lag_millis).collect();
    lags.sort_unstable();
    let late = lags[lags.len() * 99 / 100];
    println!("lag: median {} ms, 99th percentile {late} ms", lags[lags.len() / 2]);
    if late > MOST_LAG_MILLIS {
        bad.push("lag".to_owned());
    }
    assert!(bad.is_empty(), "does not level off, or is late: {}", bad.join(", "));
}

/// A feed with something new in every tenth answer, and an edit in every seventh.
fn news(feed: usize, asked: usize) -> Answer {
    let (newest, edition) = (asked / 10 + 15, asked / 7);
    let items: String = (newest - 15..newest)
        .rev()
        .map(|n| {
            let edited = if n == newest - 1 { edition } else { 0 };
            format!(
                "<item><title>Story {n} of {feed}</title><guid isPermaLink=\"false\">{feed}-{n}\
                 </guid><description>What is to be said of {n} by {feed}, edition {edited}.\
                 </description></item>"
            )
        })
        .collect();
    Answer::ok(format!(
        "<rss version=\"2.0\"><channel><title>Feed {feed}</title>{items}</channel></rss>"
    ))
}
