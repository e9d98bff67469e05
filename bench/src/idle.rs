//! What the daemon takes while it does its daily work: many feeds, each at its own rhythm.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rusqlite::Connection;

use crate::{
    daemon::{Daemon, Usage},
    farm::Shape,
    http::Http,
    measure,
    stage::{self, Farm},
};

/// Lets `merganser run` poll many feeds at their rhythm for some minutes and tells what it took
#[derive(Debug, clap::Args)]
pub struct Command {
    #[arg(long, default_value_t = 10_000)]
    feeds: usize,
    /// Entries of a document, on average
    #[arg(long, default_value_t = 10)]
    entries: usize,
    #[arg(long, default_value_t = 5)]
    minutes: u32,
    /// How many minutes ago the first poll of all feeds shall have been: until a feed is due
    /// again there is nothing to see
    #[arg(long, default_value_t = 30)]
    after: u32,
    /// The share of feeds that have news in a minute
    #[arg(long, default_value_t = 0.002)]
    news: f64,
    /// The binary to measure; else the repository's release binary
    #[arg(long)]
    merganser: Option<PathBuf>,
    /// Where the store is written; the disk counts
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

impl Command {
    pub fn run(self) -> Result<()> {
        let binary = stage::merganser(self.merganser.as_deref())?;
        let surroundings = measure::surroundings();
        let folder = tempfile::tempdir_in(&self.scratch)?;
        let http = Http::new()?;
        // Feeds that have just said something have a rhythm of their own.
        let until = chrono::Utc::now().timestamp();
        let (feeds, entries, news) = (self.feeds, self.entries, self.news);
        let shape = Shape { feeds, entries, news, until, ..Shape::default() };
        let farm = Farm::start(&shape, folder.path())?;
        let filled = stage::fetch(&binary, &farm.config(), &[])?;
        eprintln!("filled in {:.0} s", filled.wall.as_secs_f64());
        grow_older(&farm.config().with_file_name("merganser.db"), self.after)?;
        println!("{surroundings}; {}; {} feeds.\n", stage::version(&binary)?, self.feeds);
        println!("| minute | polls/s | CPU % | wake-ups/s | threads | memory MB |");
        println!("|---|---|---|---|---|---|");
        let daemon = Daemon::start(&binary, &farm.config(), &http)?;
        for minute in 1..=self.minutes {
            farm.advance()?;
            let (begun, before) = (Instant::now(), Usage::of(daemon.pid())?);
            std::thread::sleep(MINUTE);
            let (after, counts) = (Usage::of(daemon.pid())?, farm.counts()?);
            let seconds = begun.elapsed().as_secs_f64();
            let polls = counts.ok + counts.not_modified + counts.other;
            println!(
                "| {minute} | {:.1} | {:.2} | {:.0} | {} | {:.0} |",
                polls as f64 / seconds,
                (after.cpu - before.cpu).as_secs_f64() / seconds * 100.0,
                after.wakeups.saturating_sub(before.wakeups) as f64 / seconds,
                after.threads,
                after.memory_bytes as f64 / 1e6,
            );
        }
        println!("\nPeak {:.0} MB.", Usage::of(daemon.pid())?.peak_bytes as f64 / 1e6);
        daemon.stop()
    }
}

/// Puts what the polls left behind so many minutes into the past.
fn grow_older(store: &Path, minutes: u32) -> Result<()> {
    let earlier = format!("-{minutes} minutes");
    let changed = Connection::open(store)?.execute(
        "UPDATE feeds SET next_poll = strftime('%Y-%m-%dT%H:%M:%fZ', next_poll, ?1),
            last_fetch = strftime('%Y-%m-%dT%H:%M:%fZ', last_fetch, ?1),
            last_success = strftime('%Y-%m-%dT%H:%M:%fZ', last_success, ?1)",
        [earlier],
    )?;
    ensure!(changed > 0, "the store has no feeds");
    Ok(())
}

const MINUTE: Duration = Duration::from_secs(60);
