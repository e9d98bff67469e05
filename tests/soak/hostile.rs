//! Hostile feeds of all sorts at once, beside healthy ones that are polled each second.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::{
    bombs::bombs,
    gauge::Sample,
    origin::{Answer, Origin},
    parameter,
    world::World,
};

/// What the daemon may hold in memory, whatever feeds do.
const MOST_RESIDENT_KIB: u64 = 256 * 1024;

/// How late a healthy feed may be polled.
const MOST_LAG_MILLIS: i64 = 2000;

const HEALTHY: usize = 20;

#[test]
#[ignore = "measures; takes minutes and a release build"]
fn hostile_feeds_neither_fill_the_memory_nor_delay_the_healthy() {
    let bytes = parameter("MERGANSER_HOSTILE_BYTES", 9_500_000) as usize;
    let count = parameter("MERGANSER_HOSTILE_FEEDS", 406) as usize;
    let seconds = parameter("MERGANSER_HOSTILE_SECONDS", 180);
    let only = std::env::var("MERGANSER_HOSTILE_ONLY").unwrap_or_default();

    let origin = Origin::start();
    let healthy = Origin::start_at("127.0.0.2:0");
    let mut world = World::new().fetching(
        "per_host = 64\ntimeout = \"10s\"\ninterval = \"1s\"\nmin_interval = \"1s\"\n\
         max_interval = \"24h\"",
    );
    for feed in 0..HEALTHY {
        let path = format!("/{feed}.xml");
        world = world.with(&format!(
            "[[feed]]\nname = \"healthy-{feed}\"\nurl = \"{}\"\ninterval = \"1s\"",
            healthy.url(&path)
        ));
        let asked = AtomicUsize::new(0);
        healthy.by(&path, move |_| news(feed, asked.fetch_add(1, Ordering::Relaxed)));
    }
    let all: Vec<_> = bombs(bytes).into_iter().filter(|bomb| bomb.name.contains(&only)).collect();
    let names: Vec<&str> = all.iter().map(|bomb| bomb.name).collect();
    for bomb in all {
        origin.on(&format!("/bomb/{}", bomb.name), bomb.answer);
    }
    for feed in 0..count {
        let name = names[feed % names.len()];
        let url = origin.url(&format!("/bomb/{name}?{feed}"));
        world = world.with(&format!(
            "[[feed]]\nname = \"{name}-{feed}\"\nurl = \"{url}\"\ninterval = \"24h\""
        ));
    }
    let daemon = world.daemon();
    let start = Instant::now();
    let which = "name LIKE 'healthy-%' AND last_fetch IS NOT NULL";
    let (mut most_lag, mut peak, mut polled_at) = (0, 0, None);
    println!("seconds  resident MiB  peak MiB  files  log MiB  lag ms  polled");
    while start.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(200));
        let sample = Sample::take(daemon.id(), &world.store_path(), which);
        most_lag = most_lag.max(sample.lag_millis);
        if sample.peak_kib > peak || start.elapsed().as_millis() % 5000 < 200 {
            peak = sample.peak_kib;
            let polled: i64 = world
                .one("SELECT count(*) FROM feeds WHERE last_fetch IS NOT NULL AND name NOT LIKE 'healthy-%'");
            println!(
                "{:7.1}  {:12}  {:8}  {:5}  {:7}  {:6}  {polled}",
                start.elapsed().as_secs_f32(),
                sample.resident_kib / 1024,
                sample.peak_kib / 1024,
                sample.open_files,
                sample.log_bytes >> 20,
                sample.lag_millis,
            );
            if polled == count as i64 && polled_at.is_none() {
                polled_at = Some(start.elapsed());
            }
        }
        if let Some(at) = polled_at
            && start.elapsed() > at + Duration::from_secs(10)
        {
            break;
        }
    }
    let asked = healthy.asked();
    let mut gap = Duration::ZERO;
    for feed in 0..HEALTHY {
        let path = format!("/{feed}.xml");
        let times: Vec<Instant> =
            asked.iter().filter(|asked| asked.target == path).map(|asked| asked.at).collect();
        gap = times.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default().max(gap);
    }
    let last = Sample::take(daemon.id(), &world.store_path(), which);
    println!(
        "peak {} MiB, at the end {} MiB, longest lag of the healthy {most_lag} ms, longest gap \
         {gap:?}, all hostile polled after {polled_at:?}, {:.0} s of CPU",
        last.peak_kib / 1024,
        last.resident_kib / 1024,
        last.cpu_seconds,
    );
    daemon.stop();
    world.ok(&["check", "--store"]);
    assert!(polled_at.is_some(), "not every hostile feed was polled within {seconds} s");
    assert!(last.peak_kib < MOST_RESIDENT_KIB, "peak {} KiB", last.peak_kib);
    assert!(most_lag <= MOST_LAG_MILLIS, "a healthy feed was {most_lag} ms late");
}

/// A feed with something new in every fifth answer.
fn news(feed: usize, asked: usize) -> Answer {
    let newest = asked / 5 + 15;
    let items: String = (newest - 15..newest)
        .rev()
        .map(|n| {
            format!(
                "<item><title>Story {n} of {feed}</title><guid isPermaLink=\"false\">{feed}-{n}\
                 </guid><description>What is to be said of {n} by {feed}.</description></item>"
            )
        })
        .collect();
    Answer::ok(format!(
        "<rss version=\"2.0\"><channel><title>Healthy {feed}</title>{items}</channel></rss>"
    ))
}
