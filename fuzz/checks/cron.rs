//! Any text as a feed's schedule: what the config takes has a next time, and later than now.

use std::time::Duration;

use merganser::{
    config::{Surroundings, from_text},
    model::{PaceLimits, PollMemory, Time},
    schedule::{Ending, Known, next_poll},
};

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let now: Time = "2026-02-28T23:59:59.5Z".parse().expect("a time");
    let around = Surroundings { path: "/etc/merganser.toml".into(), state_folder: None, now };
    let quoted = serde_json::Value::from(text).to_string();
    let config = format!("[[feed]]\nurl = \"https://example.org/\"\nschedule = {quoted}\n");
    let Ok(config) = from_text(&config, &around) else { return };
    let feed = config.feeds.first().expect("the feed of the config");
    assert!(feed.timing.schedule.is_some());
    let limits = PaceLimits {
        interval: Duration::from_secs(3600),
        min_interval: Duration::from_secs(1),
        max_interval: Duration::from_secs(86_400),
    };
    let memory = PollMemory::default();
    let known =
        Known { url: &feed.url, timing: &feed.timing, memory: &memory, ending: Ending::Answered };
    let next = next_poll(&known, &limits, now);
    assert!(next.at > now, "{text:?}: {next:?}");
}
