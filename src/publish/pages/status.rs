//! Feed health: what fails and what has gone silent first, each with its reason in words.

use askama::Template;
use url::Url;

use crate::model::{FeedState, FeedStatus, redacted};

use super::{
    Page, chart,
    frame::{Frame, PageSite, Style, encoded},
    gate,
    markup::Markup,
    text,
    when::{self, Moment},
};

/// The page of all feeds, from the `from`th on.
pub fn status(site: &PageSite, feeds: &[FeedStatus], from: usize) -> Page {
    let path = format!("{}status", site.root());
    let mut frame = site.frame("Feed health", &path);
    frame.unlisted = true;
    let mut sorted: Vec<(Health, &FeedStatus)> =
        feeds.iter().map(|feed| (Health::of(feed), feed)).collect();
    sorted.sort_by_key(|(health, feed)| {
        let since = match health {
            Health::Failing => feed.failing_since,
            Health::Silent => feed.silent_since,
            _ => None,
        };
        (*health, since, feed.display_title().to_lowercase(), feed.id)
    });
    let mut groups: Vec<Group> = Vec::new();
    for (health, feed) in sorted.iter().skip(from).take(ROWS) {
        let (class, heading, hint) = health.words();
        if groups.last().is_none_or(|group| group.class != class) {
            let count = sorted.iter().filter(|(other, _)| other == health).count();
            groups.push(Group { class, heading, hint, count, rows: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.rows.push(row(site, feed, *health));
        }
    }
    let page = StatusTemplate {
        frame,
        summary: summary(&sorted),
        groups,
        next: (from.saturating_add(ROWS) < feeds.len())
            .then(|| format!("{path}?from={}", from.saturating_add(ROWS))),
    };
    Page::of(&page)
}

fn summary(sorted: &[(Health, &FeedStatus)]) -> String {
    let count = |wanted: Health| sorted.iter().filter(|(health, _)| *health == wanted).count();
    let feeds = sorted.len();
    let mut parts = Vec::new();
    for (health, word) in [
        (Health::Failing, "failing"),
        (Health::Silent, "silent"),
        (Health::Gone, "gone"),
        (Health::New, "not polled yet"),
        (Health::Ok, "well"),
        (Health::Paused, "paused"),
    ] {
        match count(health) {
            0 => {}
            number => parts.push(format!("{number} {word}")),
        }
    }
    let all = format!("{feeds} feed{}", if feeds == 1 { "" } else { "s" });
    if parts.is_empty() { format!("{all}.") } else { format!("{all}: {}.", parts.join(", ")) }
}

fn row(site: &PageSite, feed: &FeedStatus, health: Health) -> Row {
    let mut facts = Vec::new();
    let mut fact = |words: &str, time: Option<crate::model::Time>, tail: Option<String>| {
        // What comes next stands alone; what has been shares a line.
        let apart = facts.len() == 1;
        facts.push(Fact { words: words.to_owned(), time: time.map(when::moment), tail, apart });
    };
    match (feed.next_poll, &feed.reason) {
        (Some(next), reason) => {
            let why = reason.as_deref().filter(|reason| !reason.is_empty());
            fact("Next poll", Some(next), why.map(|reason| format!(": {}", clean(reason))));
        }
        (None, Some(reason)) if !reason.is_empty() => {
            fact(&format!("Not polled: {}", clean(reason)), None, None);
        }
        (None, _) => fact("Not polled.", None, None),
    }
    if let Some(since) = feed.silent_since {
        fact("Nothing new since", Some(since), None);
    } else if let Some(last) = feed.last_new_entry {
        fact("Last new entry", Some(last), None);
    }
    match (feed.last_success, feed.last_fetch) {
        (Some(success), _) => fact("Last good answer", Some(success), None),
        (None, Some(tried)) => fact("Never answered well; last asked", Some(tried), None),
        (None, None) => {}
    }
    if let Some(target) = &feed.moved_to {
        fact(&format!("Moved for good to {}", address(target)), None, None);
    }
    if !feed.tags.is_empty() {
        fact(&format!("Tags: {}", feed.tags.join(", ")), None, None);
    }
    let failing = matches!(health, Health::Failing | Health::Gone);
    Row {
        title: text::cut(feed.display_title(), 120).0,
        river_href: format!("{}?feed={}", site.root(), encoded(&feed.name)),
        address: address(&feed.url),
        home_href: feed
            .home_page
            .as_ref()
            .and_then(|home| gate::web_address(redacted(home).as_str())),
        entries: match feed.entries {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        },
        error: feed.error.as_deref().filter(|error| failing || !error.is_empty()).map(clean),
        trouble: match (feed.consecutive_failures, feed.failing_since) {
            (0 | 1, None) => "Failed:".to_owned(),
            (count, Some(since)) if count > 1 => {
                format!("Failed {count} times since {}:", when::moment(since).words)
            }
            (_, Some(since)) => format!("Failed at {}:", when::moment(since).words),
            (count, None) => format!("Failed {count} times:"),
        },
        facts,
        chart: chart::chart(&feed.recent_polls),
        repairs_summary: match feed.mended().count() {
            1 => "1 thing had to be mended in its document".to_owned(),
            count => format!("{count} things had to be mended in its document"),
        },
        repairs: feed.mended().take(REPAIRS).map(clean).collect(),
    }
}

/// A feed's address for people: no credentials, and no query, which may hold a key.
fn address(url: &Url) -> String {
    let url = redacted(url);
    let text = match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) => {
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            let query = if url.query().is_some() { "?…" } else { "" };
            format!("{host}{port}{}{query}", url.path())
        }
        _ => url.as_str().to_owned(),
    };
    text::cut(&text, 100).0
}

/// A line that a server may have had a hand in: bounded, and without the user name and
/// password of any address in it.
fn clean(line: &str) -> String {
    let line = text::cut(line, LINE_LIMIT).0;
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'<>)".contains(c));
        let (authority, tail) = after.split_at(end.unwrap_or(after.len()));
        out.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// How a feed is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Failing,
    Silent,
    Gone,
    New,
    Ok,
    Paused,
}

impl Health {
    fn of(feed: &FeedStatus) -> Self {
        match feed.status {
            FeedState::Failing => Self::Failing,
            FeedState::Gone => Self::Gone,
            FeedState::Paused => Self::Paused,
            FeedState::New => Self::New,
            FeedState::Ok if feed.silent_since.is_some() => Self::Silent,
            FeedState::Ok => Self::Ok,
        }
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Failing => (
                "failing",
                "Failing",
                "Asked again and again, at growing intervals; never given up.",
            ),
            Self::Silent => {
                ("silent", "Silent", "They answer, but have said nothing new for unusually long.")
            }
            Self::Gone => (
                "gone",
                "Gone",
                "Their servers said that they are gone for good. Not polled any more.",
            ),
            Self::New => ("new", "New", "Not polled yet."),
            Self::Ok => ("ok", "Well", "They answered when they were last asked."),
            Self::Paused => {
                ("paused", "Paused", "Not in the config any more; their articles stay for now.")
            }
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "status.html", whitespace = "minimize")]
struct StatusTemplate {
    frame: Frame,
    summary: String,
    groups: Vec<Group>,
    next: Option<String>,
}

#[derive(Debug)]
struct Group {
    class: &'static str,
    heading: &'static str,
    hint: &'static str,
    count: usize,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    title: String,
    river_href: String,
    address: String,
    home_href: Option<String>,
    entries: String,
    trouble: String,
    error: Option<String>,
    facts: Vec<Fact>,
    chart: Option<Markup>,
    repairs: Vec<String>,
    repairs_summary: String,
}

#[derive(Debug)]
struct Fact {
    words: String,
    time: Option<Moment>,
    tail: Option<String>,
    /// Begins a line.
    apart: bool,
}

/// Feeds on one page.
const ROWS: usize = 500;

/// A document that needs more mending than this is known to be broken.
const REPAIRS: usize = 20;

/// Errors and reasons are lines, whatever a server put into them.
const LINE_LIMIT: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_line_keeps_no_credentials() {
        assert_eq!(
            clean("bad redirect to https://me:pa@ss@a.example/x?y=@: (see http://u@b.example)"),
            "bad redirect to https://a.example/x?y=@: (see http://b.example)"
        );
    }

    #[test]
    fn an_address_shows_neither_password_nor_key() {
        let url = Url::parse("https://me:secret@a.example:81/feed?key=1234").unwrap();
        assert_eq!(address(&url), "a.example:81/feed?…");
    }
}
