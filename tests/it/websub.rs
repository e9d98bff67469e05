//! WebSub over loopback: a hub that hears of what changed in our outputs, and of nothing else.

use std::{fs, time::Duration};

use merganser::{
    fetch::Fetcher,
    model::{FetchError, FetchLimits, Outcome},
};
use url::Url;

use crate::{
    origin::{Answer, Asked, Origin},
    world::{PATIENCE, World},
};

fn write_feed(world: &World, titles: &[&str]) {
    let items: String = titles
        .iter()
        .map(|title| format!("<item><title>{title}</title><guid>{title}</guid></item>"))
        .collect();
    let feed = format!("<rss version=\"2.0\"><channel><title>Quay</title>{items}</channel></rss>");
    fs::write(world.folder().join("quay.xml"), feed).unwrap();
}

/// The topics that were told of, sorted.
fn topics(asked: &[Asked]) -> Vec<String> {
    let mut topics: Vec<String> = asked
        .iter()
        .map(|asked| {
            assert_eq!(asked.method, "POST");
            let kind = asked.text("content-type").unwrap();
            assert_eq!(kind, "application/x-www-form-urlencoded");
            let pairs: Vec<(String, String)> =
                url::form_urlencoded::parse(&asked.body).into_owned().collect();
            assert!(pairs.contains(&("hub.mode".into(), "publish".into())), "{pairs:?}");
            pairs.into_iter().find(|(name, _)| name == "hub.url").unwrap().1
        })
        .collect();
    topics.sort();
    topics
}

const ALL_TOPICS: [&str; 3] = [
    "http://river.example.org/all.atom",
    "http://river.example.org/all.json",
    "http://river.example.org/all.rss",
];

#[test]
fn the_hub_hears_of_each_changed_document_once_and_of_nothing_at_a_restart() {
    let hub = Origin::start();
    hub.on("/hub", Answer::new(204, ""));
    let world = World::new().hub(&hub.url("/hub")).feed("quay", "file:quay.xml");
    write_feed(&world, &["First boat"]);

    let daemon = world.daemon();
    assert_eq!(topics(&hub.wait_for(3, PATIENCE)), ALL_TOPICS);
    daemon.stop();

    // Polled again with nothing new, and started again.
    world.ok(&["fetch", "--force"]);
    let mut daemon = world.daemon();
    daemon.wait_for_log("store");
    assert_eq!(daemon.get("/all.atom").status, 200);
    daemon.stop();

    // What changed while the daemon was away is told when it is back.
    write_feed(&world, &["First boat", "Second boat"]);
    world.ok(&["fetch", "--force"]);
    let daemon = world.daemon();
    hub.wait_for(6, PATIENCE);
    daemon.stop();
    let asked = hub.asked();
    assert_eq!(asked.len(), 6);
    assert_eq!(topics(&asked[3..]), ALL_TOPICS);
}

#[test]
fn a_hub_that_failed_is_told_again() {
    let hub = Origin::start();
    hub.in_turn("/hub", [Answer::new(500, "not now"), Answer::new(202, "")]);
    let world = World::new().hub(&hub.url("/hub")).feed("quay", "file:quay.xml");
    write_feed(&world, &["First boat"]);
    let daemon = world.daemon();
    let asked = hub.wait_for(4, PATIENCE);
    assert_eq!(asked[0].body, asked[3].body);
    assert_eq!(topics(&asked[1..]), ALL_TOPICS);
    daemon.stop();
}

fn fetcher(allow_private_networks: bool) -> Fetcher {
    Fetcher::new(FetchLimits {
        timeout: Duration::from_secs(10),
        concurrency: 4,
        per_host: 1,
        host_delay: None,
        max_body_bytes: 1 << 20,
        allow_private_networks,
        user_agent_contact: None,
        websub: false,
    })
    .unwrap()
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_message_never_reaches_a_private_network() {
    let hub = Origin::start();
    hub.on("/hub", Answer::ok(""));
    let fetched = fetcher(false).post(&url(&hub.url("/hub")), "text/plain", "hello".into()).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(FetchError::PrivateAddress { .. })));
    assert!(hub.asked().is_empty());
}

#[tokio::test]
async fn a_message_follows_only_redirects_that_keep_it_whole() {
    let hub = Origin::start();
    hub.on("/moved", Answer::redirect(308, "/hub"));
    hub.on("/see", Answer::redirect(303, "/hub"));
    hub.on("/hub", Answer::new(202, "thanks"));
    let fetcher = fetcher(true);
    let fetched = fetcher.post(&url(&hub.url("/moved")), "text/plain", "hello".into()).await;
    assert!(matches!(fetched.outcome, Outcome::Document { .. }), "{fetched:?}");
    let asked = hub.asked_for("/hub");
    assert_eq!((asked[0].method.as_str(), asked[0].body.as_slice()), ("POST", &b"hello"[..]));

    let fetched = fetcher.post(&url(&hub.url("/see")), "text/plain", "hello".into()).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(FetchError::Status { code: 303, .. })));
    assert_eq!(hub.asked_for("/hub").len(), 1);
}
