//! `merganser feeds`: every feed and where it stands.

use std::{
    collections::{HashMap, HashSet},
    process::ExitCode,
};

use anyhow::Result;
use chrono::Utc;

use crate::{
    config::Config,
    model::{FeedId, FeedSetting, FeedState, FeedStatus, Time, redacted},
    store::OpenAs,
};

use super::{
    Global, logs,
    out::{Out, Style},
    session,
    table::{Cell, Column, Kind, Table},
    text,
};

/// Lists every feed: its state, its last and next poll and why, and what is wrong with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser feeds
  merganser feeds rust-blog          all that is known of this one
  merganser feeds --json | jq -r '.[] | select(.status == \"failing\") | .url'

States: new (never answered), ok, failing, gone (ended by its publisher: not polled any
more), paused (not in the config any more; its entries are kept).")]
pub struct Feeds {
    /// One JSON array on standard output.
    #[arg(long)]
    json: bool,
    /// Only feeds of these names, each with all that is known of it.
    #[arg(value_name = "FEED")]
    feeds: Vec<String>,
}

impl Feeds {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let mut feeds = statuses(&config)?;
        for name in &self.feeds {
            if !feeds.iter().any(|feed| feed.name == *name) {
                session::known_feeds(&config, std::slice::from_ref(name))?;
            }
        }
        if !self.feeds.is_empty() {
            feeds.retain(|feed| self.feeds.contains(&feed.name));
        }
        let mut out = Out::stdout();
        if self.json {
            out.json(&feeds)?;
        } else {
            let now = Utc::now();
            if self.feeds.is_empty() {
                table(&feeds, now).print(&mut out)?;
            }
            for feed in feeds.iter().filter(|_| !self.feeds.is_empty()) {
                for (nth, line) in whole(feed, now).iter().enumerate() {
                    let indent = if nth == 0 { "" } else { "  " };
                    out.line(format!("{indent}{}", text::plain(line)))?;
                }
            }
        }
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What the store knows of each feed, in the order of the config; feeds that it has never met
/// are new, those that only it knows come last.
fn statuses(config: &Config) -> Result<Vec<FeedStatus>> {
    let mut known = Vec::new();
    if config.store.exists() {
        let store = session::store(config, OpenAs::Reader)?;
        known = session::runtime()?.block_on(store.feeds())?;
    }
    let places: HashMap<&str, usize> =
        config.feeds.iter().enumerate().map(|(at, feed)| (feed.name.as_str(), at)).collect();
    let met: HashSet<String> = known.iter().map(|feed| feed.name.clone()).collect();
    let unmet = config.feeds.iter().filter(|feed| !met.contains(&feed.name));
    known.extend(unmet.map(|feed| never_met(feed, config)));
    known.sort_by_key(|feed| places.get(feed.name.as_str()).copied().unwrap_or(usize::MAX));
    Ok(known)
}

fn never_met(feed: &FeedSetting, config: &Config) -> FeedStatus {
    FeedStatus {
        // Of no row yet; it is not shown.
        id: FeedId(0),
        url: redacted(&feed.url),
        name: feed.name.clone(),
        title: None,
        home_page: None,
        tags: feed.tags.clone(),
        status: FeedState::New,
        last_success: None,
        last_fetch: None,
        next_poll: None,
        interval_seconds: feed.timing.interval.unwrap_or(config.pace.interval).as_secs(),
        reason: Some("not polled yet".to_owned()),
        consecutive_failures: 0,
        failing_since: None,
        error: None,
        entries: 0,
        moved_to: None,
        silent_since: None,
        last_new_entry: None,
        repairs: Vec::new(),
        recent_polls: Vec::new(),
    }
}

/// All that is known of a feed, a line each.
fn whole(feed: &FeedStatus, now: Time) -> Vec<String> {
    let when = |time: Time| format!("{} ({})", text::stamp(time), text::relative(time, now));
    let mut lines = vec![format!("{}: {}", feed.name, feed.status.word())];
    let mut say = |what: &str, said: Option<String>| {
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            lines.push(format!("{what}: {said}"));
        }
    };
    say("title", feed.title.clone());
    say("address", Some(feed.url.to_string()));
    say("moved to", feed.moved_to.as_ref().map(ToString::to_string));
    say("entries", Some(feed.entries.to_string()));
    say("last poll", feed.last_fetch.map(when));
    say("last success", feed.last_success.map(when));
    say("last new entry", feed.last_new_entry.map(when));
    say("silent since", feed.silent_since.map(when));
    say("next poll", feed.next_poll.map(when));
    say("because", feed.reason.clone());
    say("trouble", feed.error.clone());
    say("failing since", feed.failing_since.map(when));
    for mended in feed.mended() {
        say("mended", Some(mended.to_owned()));
    }
    lines
}

fn table(feeds: &[FeedStatus], now: Time) -> Table {
    let mut table = Table::new(vec![
        Column { head: "NAME", kind: Kind::Word },
        Column { head: "STATE", kind: Kind::Word },
        Column { head: "ENTRIES", kind: Kind::Number },
        Column { head: "POLLED", kind: Kind::Word },
        Column { head: "NEXT", kind: Kind::Word },
        Column { head: "TITLE OR TROUBLE, AND WHY NEXT THEN", kind: Kind::Text },
    ]);
    for feed in feeds {
        let state = match feed.status {
            FeedState::Ok => Style::Good,
            FeedState::Failing | FeedState::Gone => Style::Bad,
            FeedState::New | FeedState::Paused => Style::Dim,
        };
        let relative =
            |time: Option<Time>| time.map_or("-".to_owned(), |it| text::relative(it, now));
        let next = match feed.next_poll {
            Some(time) if time <= now => "now".to_owned(),
            other => relative(other),
        };
        let (style, word) = match &feed.error {
            Some(error) => (Style::Bad, error.as_str()),
            None => (Style::Plain, feed.title.as_deref().unwrap_or(feed.url.as_str())),
        };
        let word = match feed.reason.as_deref().filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("{word} ({reason})"),
            None => word.to_owned(),
        };
        table.row(vec![
            Cell::new(Style::Bold, &feed.name),
            Cell::new(state, feed.status.word()),
            Cell::new(Style::Plain, &feed.entries.to_string()),
            Cell::new(Style::Plain, &relative(feed.last_fetch)),
            Cell::new(Style::Plain, &next),
            Cell::new(style, &word),
        ]);
    }
    table
}
