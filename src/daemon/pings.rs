//! Tells a WebSub hub which documents of ours have changed (W3C WebSub, section 7).
//!
//! In: the tags of the documents as they are now. Out: one POST to the hub for each topic
//! whose tag is not the one that the hub last heard of. What it heard of is kept in the
//! store, so that a restart tells nothing twice. Runs beside polls, files and server, and
//! delays none of them.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    time::Duration,
};

use chrono::Utc;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::{
    fetch::Fetcher,
    model::{FetchError, Fetched, Outcome, Time, redacted},
    publish::websub,
    store::{Store, StoreError},
};

/// The documents that a hub is to hear of, as they are now.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub hub: Option<Url>,
    /// With the settings of the hour.
    pub fetcher: Option<Fetcher>,
    /// Etags by topic.
    pub tags: BTreeMap<Url, String>,
}

/// What the hub has heard, and what it is still to hear.
#[derive(Debug)]
pub struct Pings {
    store: Store,
    heard: HashMap<String, String>,
    waiting: BTreeMap<Url, Try>,
}

/// The next try to tell of a topic.
#[derive(Debug, Clone, Copy)]
struct Try {
    at: Instant,
    failures: u32,
}

impl Pings {
    /// Before the first poll, so that what it brings is a change to what was `told` here.
    pub async fn begin(store: Store, told: &Told) -> Result<Self, StoreError> {
        let mut pings = Self { heard: store.pings().await?, store, waiting: BTreeMap::new() };
        pings.take_in(told).await;
        Ok(pings)
    }

    /// Keeps the hub up to date until `stop`.
    pub async fn keep(mut self, mut told: watch::Receiver<Told>, stop: CancellationToken) {
        loop {
            let now = told.borrow_and_update().clone();
            self.take_in(&now).await;
            let due = self.waiting.values().map(|next| next.at).min();
            tokio::select! {
                () = stop.cancelled() => return,
                changed = told.changed() => if changed.is_err() { return },
                () = reached(due) => {
                    let mut telling = pin!(self.tell(&now));
                    tokio::select! {
                        () = &mut telling => {}
                        () = stop.cancelled() => {
                            // What the hub has heard and we do not know of, it would hear again.
                            let _ = timeout(LAST_ANSWER, telling).await;
                            return;
                        }
                    }
                }
            }
        }
    }

    async fn take_in(&mut self, now: &Told) {
        let baseline = compare(&self.heard, &mut self.waiting, now);
        self.remember(baseline).await;
    }

    /// Tells of the topic that has waited longest.
    async fn tell(&mut self, now: &Told) {
        let topic = self.waiting.iter().min_by_key(|(_, next)| next.at).map(|(topic, _)| topic);
        let (Some(topic), Some(hub), Some(fetcher)) = (topic.cloned(), &now.hub, &now.fetcher)
        else {
            return;
        };
        let body = websub::ping(&topic).into();
        let fetched = fetcher.post(hub, websub::PING_TYPE, body).await;
        let hub = redacted(hub);
        match heard(&fetched) {
            Heard::Yes => info!("told {hub} that {topic} changed"),
            Heard::Refused(error) => {
                warn!("{hub} does not want to hear that {topic} changed: {error}");
            }
            Heard::No(error) => {
                let Some(next) = self.waiting.get_mut(&topic) else { return };
                let pause = pause(next.failures, &fetched, Utc::now());
                next.at = Instant::now() + pause;
                next.failures = next.failures.saturating_add(1);
                let seconds = pause.as_secs();
                warn!("could not tell {hub} that {topic} changed: {error}; again in {seconds} s");
                return;
            }
        }
        self.waiting.remove(&topic);
        // What changed meanwhile is told next: only what was current then has been heard of.
        let tag = now.tags.get(&topic).cloned();
        self.remember(tag.map(|tag| (topic.into(), tag)).into_iter().collect()).await;
    }

    async fn remember(&mut self, heard: Vec<(String, String)>) {
        if heard.is_empty() {
            return;
        }
        self.heard.extend(heard.iter().cloned());
        if let Err(error) = self.store.remember_pings(heard, Utc::now()).await {
            // The worst that follows is one ping too many after the next start.
            warn!("{error}");
        }
    }
}

async fn reached(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Queues what changed. Gives back what is seen for the first time: nobody has heard of it
/// through the hub, so there is no change to tell of.
fn compare(
    heard: &HashMap<String, String>,
    waiting: &mut BTreeMap<Url, Try>,
    now: &Told,
) -> Vec<(String, String)> {
    if now.hub.is_none() {
        waiting.clear();
        return Vec::new();
    }
    let mut baseline = Vec::new();
    waiting.retain(|topic, _| now.tags.contains_key(topic));
    for (topic, tag) in &now.tags {
        match heard.get(topic.as_str()) {
            Some(heard) if heard == tag => drop(waiting.remove(topic)),
            Some(_) => {
                // A topic that waits after a failure waits on: the hub is not asked more
                // often because more has changed.
                let first = Try { at: Instant::now(), failures: 0 };
                waiting.entry(topic.clone()).or_insert(first);
            }
            None => baseline.push((topic.to_string(), tag.clone())),
        }
    }
    baseline
}

/// What an answer says of the message.
#[derive(Debug, PartialEq)]
enum Heard {
    Yes,
    /// Understood and not wanted: saying it again would change nothing.
    Refused(String),
    No(String),
}

fn heard(fetched: &Fetched) -> Heard {
    match &fetched.outcome {
        Outcome::Document { .. } => Heard::Yes,
        Outcome::Gone => Heard::Refused("HTTP 410 Gone".to_owned()),
        Outcome::Failed(error @ FetchError::Status { code: 400..500, .. })
            if !matches!(fetched.status, Some(408 | 425 | 429)) =>
        {
            Heard::Refused(error.to_string())
        }
        Outcome::Failed(error) => Heard::No(error.to_string()),
        Outcome::NotModified => Heard::No("HTTP 304 to a POST".to_owned()),
    }
}

/// How long to wait after one more failure.
fn pause(failures: u32, fetched: &Fetched, now: Time) -> Duration {
    let backoff = FIRST_PAUSE.saturating_mul(1 << failures.min(MAX_DOUBLINGS));
    let wish = fetched.retry_after.and_then(|rest| (rest.until - now).to_std().ok());
    backoff.max(wish.unwrap_or_default()).min(LONGEST_PAUSE)
}

/// For the answer of a hub that is being told when the daemon is to end.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// After the first failure; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// A hub that was away for a night hears of us within the hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
const MAX_DOUBLINGS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn now(tags: &[(&str, &str)]) -> Told {
        let tags = tags.iter().map(|(topic, tag)| (topic.parse().unwrap(), (*tag).to_owned()));
        Told { hub: "https://hub.example/".parse().ok(), fetcher: None, tags: tags.collect() }
    }

    fn known(tag: &str) -> HashMap<String, String> {
        HashMap::from([(TOPIC.to_owned(), tag.to_owned())])
    }

    const TOPIC: &str = "https://river.example/all.atom";

    #[test]
    fn a_topic_seen_for_the_first_time_is_no_change() {
        let mut waiting = BTreeMap::new();
        let baseline = compare(&HashMap::new(), &mut waiting, &now(&[(TOPIC, "1")]));
        assert_eq!(baseline, [(TOPIC.to_owned(), "1".to_owned())]);
        assert!(waiting.is_empty());
    }

    #[test]
    fn what_changed_waits_and_what_changed_back_does_not() {
        let mut waiting = BTreeMap::new();
        compare(&known("1"), &mut waiting, &now(&[(TOPIC, "2")]));
        assert_eq!(waiting.len(), 1);
        compare(&known("1"), &mut waiting, &now(&[(TOPIC, "1")]));
        assert!(waiting.is_empty());
    }

    #[test]
    fn more_changes_do_not_shorten_the_pause_after_a_failure() {
        let later = Try { at: Instant::now() + LONGEST_PAUSE, failures: 5 };
        let mut waiting = BTreeMap::from([(TOPIC.parse().unwrap(), later)]);
        compare(&known("1"), &mut waiting, &now(&[(TOPIC, "3")]));
        assert!(waiting.values().all(|next| next.failures == 5 && next.at == later.at));
    }

    #[test]
    fn an_output_that_is_no_more_is_not_told_of() {
        let mut waiting = BTreeMap::new();
        compare(&known("1"), &mut waiting, &now(&[(TOPIC, "2")]));
        compare(&known("1"), &mut waiting, &now(&[]));
        assert!(waiting.is_empty());
    }
}
