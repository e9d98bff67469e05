//! `merganser fetch`: one round of polls, now.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    config::Config,
    fetch::Fetcher,
    metrics::Metrics,
    model::Time,
    poll::{self, Polled, Poller, Round},
    store::{Claim, OpenAs, Store},
};

use super::{
    Global, logs,
    out::{Out, Style},
    session, text,
};

/// Polls every feed that is due, once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser fetch
  merganser fetch --force            every feed, due or not
  merganser fetch --force rust-blog  this one, now

A feed that fails is recorded and told; the exit status is 0 all the same. Works beside a
running daemon: no feed is polled twice.")]
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
        let summary = session::runtime()?.block_on(self.round(&config, &store))?;
        summary.print(Out::stdout())?;
        Ok(ExitCode::from(u8::from(summary.interrupted)))
    }

    async fn round(&self, config: &Config, store: &Store) -> Result<Summary> {
        store.sync_feeds(config.feeds.clone(), Utc::now()).await?;
        let poller = Poller::new(
            store.clone(),
            Fetcher::new(config.fetch.clone())?,
            config.pace,
            Metrics::new(),
            config.feeds.iter().map(|feed| (feed.url.clone(), feed.name.clone())),
        );
        let bar = progress_bar();
        let mut summary = Summary::default();
        let begun = Instant::now();
        let polls = poll::fetch_once(
            poller.into(),
            self.claim(),
            config.fetch.concurrency,
            |feeds, polled| {
                bar.set_length(feeds as u64);
                if let Some(polled) = polled {
                    bar.set_message(text::plain(&polled.name));
                    bar.inc(1);
                    summary.hear(polled);
                }
            },
        );
        let done = tokio::select! {
            done = polls => done.map(Some),
            // What is in flight is given up; its feeds are free again when their leases end.
            Ok(()) = tokio::signal::ctrl_c() => Ok(None),
        };
        bar.finish_and_clear();
        match done? {
            Some(round) => summary.round = round,
            None => summary.interrupted = true,
        }
        summary.elapsed = begun.elapsed();
        if summary.round.polled == 0 {
            summary.next_due = store.next_due().await?;
        }
        store.close().await?;
        Ok(summary)
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

/// What there is to say at the end.
#[derive(Debug, Default)]
struct Summary {
    round: Round,
    with_news: u32,
    elapsed: Duration,
    /// Name and error of each feed that failed.
    failed: Vec<(String, String)>,
    interrupted: bool,
    next_due: Option<Time>,
}

impl Summary {
    fn hear(&mut self, polled: &Polled) {
        let committed = polled.committed;
        match &polled.error {
            Some(error) => self.failed.push((polled.name.clone(), error.clone())),
            None => {
                self.with_news += u32::from(committed.new_entries + committed.changed_entries > 0)
            }
        }
    }

    fn print(&self, mut out: Out) -> Result<()> {
        for (name, error) in &self.failed {
            let name = out.paint(Style::Bad, &text::plain(name));
            out.line(format!("{name}: {}", text::plain(error)))?;
        }
        out.line(self.line())?;
        out.finish()?;
        Ok(())
    }

    fn line(&self) -> String {
        let Round { polled, failed, new_entries, new_articles, joined, .. } = self.round;
        if self.interrupted {
            return "interrupted: what was not polled is polled later".to_owned();
        }
        if polled == 0 {
            let next = match self.next_due {
                Some(time) => format!("; the next is due {}", text::relative(time, Utc::now())),
                None => String::new(),
            };
            return format!("no feed is due{next} (--force polls without waiting)");
        }
        let unchanged = polled.saturating_sub(failed + self.with_news);
        format!(
            "{} polled in {:.1} s: {} with news, {unchanged} unchanged, {failed} failed; {}: {}, \
             {joined} told before",
            text::count(polled.into(), "feed", "feeds"),
            self.elapsed.as_secs_f32(),
            self.with_news,
            text::count(new_entries.into(), "new entry", "new entries"),
            text::count(new_articles.into(), "new article", "new articles"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::FeedState, store::Committed};

    fn polled(new_entries: u32, error: Option<&str>) -> Polled {
        Polled {
            name: "a".to_owned(),
            url: "https://a.example/".parse().unwrap(),
            status: Some(200),
            committed: Committed { new_entries, ..Committed::default() },
            state: FeedState::Ok,
            error: error.map(str::to_owned),
            elapsed: Duration::ZERO,
        }
    }

    #[test]
    fn a_round_is_summed_up_in_one_line() {
        let round = Round {
            polled: 3,
            failed: 1,
            new_entries: 3,
            new_articles: 2,
            joined: 1,
            ..Round::default()
        };
        let elapsed = Duration::from_millis(1500);
        let mut summary = Summary { round, elapsed, ..Summary::default() };
        summary.hear(&polled(3, None));
        summary.hear(&polled(0, None));
        summary.hear(&polled(0, Some("timed out")));
        assert_eq!(summary.failed.len(), 1);
        assert_eq!(
            summary.line(),
            "3 feeds polled in 1.5 s: 1 with news, 1 unchanged, 1 failed; 3 new entries: \
             2 new articles, 1 told before"
        );
    }

    #[test]
    fn nothing_due_says_how_to_poll_all_the_same() {
        assert_eq!(Summary::default().line(), "no feed is due (--force polls without waiting)");
    }
}
