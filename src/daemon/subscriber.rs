//! Asks hubs to push, and to go on pushing (W3C WebSub, section 5).
//!
//! In: subscriptions that are due. Out: one POST to the hub of each; what comes of it is the
//! hub's to say, at the callback. Runs beside the polls and delays none of them: as long as
//! no hub has confirmed, a feed is polled like others.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::{Host, Url};

use crate::{
    config::Config,
    fetch::{Fetcher, is_public},
    model::{FetchError, Fetched, Outcome, Subscription, redacted},
    store::{Store, StoreError},
    websub,
};

/// How hubs reach us.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// What callbacks are below of; ends in a slash.
    base_url: Url,
    fetcher: Fetcher,
}

impl Hearing {
    /// `None`: hubs are not wanted, or could not reach us.
    pub fn of(config: &Config, fetcher: &Fetcher) -> Option<Self> {
        if !config.fetch.websub {
            return None;
        }
        let base_url = config.server.base_url.clone();
        if !can_be_called(&base_url, config.fetch.allow_private_networks) {
            warn!("websub needs a [server] base_url that hubs can reach, not {base_url}");
            return None;
        }
        Some(Self { base_url, fetcher: fetcher.clone() })
    }

    fn callback(&self, token: &str) -> Option<Url> {
        self.base_url.join(&format!("websub/{token}")).ok()
    }
}

fn can_be_called(base_url: &Url, allow_private_networks: bool) -> bool {
    if !matches!(base_url.scheme(), "http" | "https") {
        return false;
    }
    let public = match base_url.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name != "localhost" && !name.ends_with(".localhost")
        }
        None => return false,
    };
    public || allow_private_networks
}

/// Keeps subscriptions alive until `stop`.
pub async fn keep(
    store: Store,
    mut hearing: watch::Receiver<Option<Hearing>>,
    stop: CancellationToken,
) {
    let mut asking = JoinSet::new();
    loop {
        let now = hearing.borrow_and_update().clone();
        let work = async {
            match &now {
                Some(now) => ask_all(&store, now, &mut asking).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = work => return,
            changed = hearing.changed() => if changed.is_err() { return },
        }
    }
}

/// Hubs that feeds named before anybody wanted to hear of them.
async fn note_offers(store: &Store) {
    let noted = async {
        for (feed, links, address) in store.hubs_offered().await? {
            if let Some(offer) = websub::offer(&[], None, &links, &redacted(&address)) {
                store.wish_subscription(feed, offer.hub, offer.topic, Utc::now()).await?;
            }
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = noted.await {
        warn!("hubs that feeds name were not noted: {error}");
    }
}

/// Looks for subscriptions that are due, and asks their hubs. Never ends.
async fn ask_all(store: &Store, hearing: &Hearing, asking: &mut JoinSet<()>) {
    note_offers(store).await;
    loop {
        while asking.try_join_next().is_some() {}
        let room = AT_ONCE.saturating_sub(asking.len());
        match store.subscriptions_due(Utc::now(), room).await {
            Ok(due) => {
                for subscription in due {
                    // Before anything else is looked for: it is not due any more then.
                    let again = Utc::now() + pause(subscription.failures);
                    let token = subscription.token.clone();
                    if let Err(error) = store.subscription_asking(token, again).await {
                        warn!("{error}");
                        break;
                    }
                    asking.spawn(ask(store.clone(), hearing.clone(), subscription));
                }
            }
            Err(error) => warn!("{error}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn ask(store: Store, hearing: Hearing, subscription: Subscription) {
    let Subscription { hub, topic, token, secret, .. } = subscription;
    let Some(callback) = hearing.callback(&token) else { return };
    let body = websub::request(&callback, &topic, &secret).into();
    let fetched = hearing.fetcher.post(&hub, websub::REQUEST_TYPE, body).await;
    let hub = redacted(&hub);
    let Some(error) = failure(&fetched) else {
        return info!("asked {hub} to push {topic}");
    };
    warn!("{hub} was asked to push {topic}: {error}");
    let now = Utc::now();
    let refused = matches!(
        fetched.outcome,
        Outcome::Gone | Outcome::Failed(FetchError::Status { code: 400..500, .. })
    );
    let again = if refused { now + LONGEST_PAUSE } else { now };
    let again = again.max(fetched.retry_after.map_or(now, |rest| rest.until));
    let again = again.min(now + LONGEST_PAUSE);
    if let Err(error) = store.subscription_failed(token, error, again).await {
        warn!("{error}");
    }
}

/// `None`: the hub took the request in; it verifies later, or has already.
fn failure(fetched: &Fetched) -> Option<String> {
    match &fetched.outcome {
        Outcome::Document { .. } => None,
        Outcome::Failed(error) => Some(error.to_string()),
        Outcome::Gone => Some("HTTP 410 Gone".to_owned()),
        Outcome::NotModified => Some("HTTP 304 to a POST".to_owned()),
    }
}

/// How long after a request the next one goes out, if no confirmation comes between.
fn pause(failures: u32) -> TimeDelta {
    let doubled = 1_i32 << failures.min(MAX_DOUBLINGS);
    (FIRST_PAUSE * doubled).min(LONGEST_PAUSE)
}

/// How often to look for subscriptions that are due.
const LOOK: Duration = Duration::from_secs(1);

/// Hubs asked at one time; each may take the whole time-out.
const AT_ONCE: usize = 8;

/// Time for a hub to verify; doubles with each request that nothing came of.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(1);
const MAX_DOUBLINGS: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_can_call_public_addresses_alone_unless_private_ones_are_allowed() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        for public in ["https://river.example.org/", "http://1.1.1.1/a/"] {
            assert!(can_be_called(&url(public), false), "{public}");
        }
        for private in ["http://localhost:8080/", "http://127.0.0.1:8080/", "http://[::1]/"] {
            assert!(!can_be_called(&url(private), false), "{private}");
            assert!(can_be_called(&url(private), true), "{private}");
        }
        assert!(!can_be_called(&url("file:///srv/"), true));
    }

    #[test]
    fn requests_without_an_answer_become_rare() {
        assert_eq!(pause(0), FIRST_PAUSE);
        assert_eq!(pause(1), FIRST_PAUSE * 2);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
