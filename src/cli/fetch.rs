//! `merganser fetch`: one round of polls, now.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use chrono::Utc;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    daemon::{outputs, upkeep},
    fetch::Fetcher,
    metrics::Metrics,
    poll::{self, Polled, Poller, Progress},
    store::{Claim, OpenAs, Store},
};

use super::{
    Global, logs,
    out::{Out, Style, complain},
    session, text,
};

/// Polls every feed that is due, once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser fetch
  merganser fetch --force            every feed, due or not
  merganser fetch --force rust-blog  this one, now

A feed that fails is recorded and told; the exit status is 0 all the same, and 1 where an
output's files cannot be written. Works beside a running daemon: no feed is polled twice.")]
pub struct Fetch {
    /// Poll feeds that are not due, too. Not one whose server asked for rest.
    #[arg(long)]
    force: bool,
    /// Only feeds of these names.
    #[arg(value_name = "FEED")]
    feeds: Vec<String>,
}

impl Fetch {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        session::known_feeds(&config, &self.feeds)?;
        let store = session::store(&config, OpenAs::Beside)?;
        let round = runtime()?.block_on(self.round(&config, &store))?;
        round.print(Out::stdout())?;
        Ok(ExitCode::from(u8::from(round.interrupted || round.unwritten)))
    }

    async fn round(&self, config: &Config, store: &Store) -> Result<Round> {
        let now = Utc::now();
        store.sync_feeds(config.feeds.clone(), now).await?;
        let fetcher = Fetcher::new(config.fetch.clone())?;
        let poller =
            Poller::new(store.clone(), fetcher, config.pace, Metrics::new(), &config.feeds)
                .hearing_hubs(config.fetch.websub);
        let poller = Arc::new(poller);
        let stop = CancellationToken::new();
        let listener = tokio::spawn(stop_on_interrupt(stop.clone()));
        upkeep::begin(store).await;
        let (bar, mut round) = (progress_bar(), Round::default());
        let begun = Instant::now();
        let polls = poll::fetch_once(
            poller,
            self.claim(),
            config.fetch.concurrency,
            stop.clone(),
            |progress| round.take(progress, &bar),
        );
        let done = polls.await;
        bar.finish_and_clear();
        done?;
        // With a timer and an [[output]] path, this command alone is a complete planet.
        if self.feeds.is_empty() {
            upkeep::once(store, config.keep, &stop).await;
        }
        round.unwritten = !outputs::write(store, &config.server, &config.outputs, &stop).await;
        listener.abort();
        round.elapsed = begun.elapsed();
        round.interrupted = stop.is_cancelled();
        if round.polled == 0 {
            round.next_due = store.next_due().await?;
        }
        store.close().await?;
        Ok(round)
    }

    fn claim(&self) -> Claim {
        match (self.force, self.feeds.is_empty()) {
            (false, true) => Claim::Due,
            (false, false) => Claim::DueOf(self.feeds.clone()),
            (true, true) => Claim::Every,
            (true, false) => Claim::EveryOf(self.feeds.clone()),
        }
    }
}

/// One thread for all polls: handing each from thread to thread costs as much as the poll.
/// Documents are read on others, the store writes on its own.
fn runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start polling")
}

/// The first Ctrl-C gives claimed feeds back; a second one ends the process as ever.
async fn stop_on_interrupt(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
        complain("stopping; press Ctrl-C again to end at once");
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(1);
    }
}

/// On a terminal, on stderr; nothing at all elsewhere.
fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What a round brought.
#[derive(Debug, Default)]
struct Round {
    polled: u64,
    with_news: u64,
    unchanged: u64,
    new_entries: u64,
    new_articles: u64,
    bytes: u64,
    elapsed: Duration,
    /// Name and error of each feed that failed.
    failed: Vec<(String, String)>,
    interrupted: bool,
    /// An output's files could not be written; why is in the log.
    unwritten: bool,
    next_due: Option<crate::model::Time>,
}

impl Round {
    fn take(&mut self, progress: Progress, bar: &ProgressBar) {
        match progress {
            Progress::Claimed(feeds) => bar.inc_length(feeds as u64),
            Progress::Polled(polled) => {
                bar.set_message(text::plain(&polled.name));
                bar.inc(1);
                self.count(polled);
            }
        }
    }

    fn count(&mut self, polled: Polled) {
        self.polled += 1;
        self.bytes = self.bytes.saturating_add(polled.bytes);
        self.new_entries += u64::from(polled.committed.new_entries);
        self.new_articles += u64::from(polled.committed.new_articles);
        match polled.error {
            Some(error) => self.failed.push((polled.name, error)),
            None if polled.committed.new_entries + polled.committed.changed_entries > 0 => {
                self.with_news += 1
            }
            None => self.unchanged += 1,
        }
    }

    fn print(&self, mut out: Out) -> Result<()> {
        for (name, error) in &self.failed {
            let name = out.paint(Style::Bad, &text::plain(name));
            out.line(format!("{name}: {}", text::plain(error)))?;
        }
        out.line(self.summary())?;
        out.finish()?;
        Ok(())
    }

    fn summary(&self) -> String {
        if self.polled == 0 {
            let next = match self.next_due {
                Some(time) => format!("; the next is due {}", text::relative(time, Utc::now())),
                None => String::new(),
            };
            return format!("no feed is due{next} (--force polls without waiting)");
        }
        format!(
            "{} polled in {:.1} s: {} with news, {} unchanged, {} failed; {}, {}, {}",
            text::count(self.polled, "feed", "feeds"),
            self.elapsed.as_secs_f32(),
            self.with_news,
            self.unchanged,
            self.failed.len(),
            text::count(self.new_entries, "new entry", "new entries"),
            text::count(self.new_articles, "new article", "new articles"),
            HumanBytes(self.bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_summed_up_in_one_line() {
        let mut round = Round { elapsed: Duration::from_millis(1500), ..Round::default() };
        let polled = |new_entries, error: Option<&str>| Polled {
            name: "a".to_owned(),
            url: "http://a.example.org/".parse().unwrap(),
            status: Some(200),
            state: crate::model::FeedState::Ok,
            committed: crate::store::Committed { new_entries, ..Default::default() },
            error: error.map(str::to_owned),
            bytes: 1024,
            next_poll: None,
            quick: true,
            elapsed: Duration::ZERO,
        };
        round.count(polled(3, None));
        round.count(polled(0, None));
        round.count(polled(0, Some("timed out")));
        assert_eq!(
            round.summary(),
            "3 feeds polled in 1.5 s: 1 with news, 1 unchanged, 1 failed; 3 new entries, \
             0 new articles, 3.00 KiB"
        );
    }
}
