//! WebSub over loopback: a hub that hears of what changed in our outputs, and of nothing else;
//! and one that pushes to us.

use std::{collections::HashMap, fs, sync::mpsc, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use merganser::{
    fetch::Fetcher,
    model::{FetchError, FetchLimits, Outcome},
};
use sha2::Sha256;
use url::Url;

use crate::{
    origin::{Answer, Asked, Origin},
    world::{self, Daemon, PATIENCE, World, send},
};

fn write_feed(world: &World, titles: &[&str]) {
    fs::write(world.folder().join("quay.xml"), document(titles)).unwrap();
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

/// A small hub: takes subscriptions in, verifies them at once, and pushes when told to.
struct Hub {
    origin: Origin,
    asked: mpsc::Receiver<Wish>,
}

/// What a subscriber asked for.
#[derive(Debug, Clone)]
struct Wish(HashMap<String, String>);

impl Hub {
    fn start() -> Self {
        let origin = Origin::start();
        let (wishes, asked) = mpsc::channel();
        origin.by("/hub", move |asked| {
            assert_eq!(asked.method, "POST");
            let pairs = url::form_urlencoded::parse(&asked.body).into_owned().collect();
            wishes.send(Wish(pairs)).unwrap();
            Answer::new(202, "")
        });
        Self { origin, asked }
    }

    fn wish(&self) -> Wish {
        self.asked.recv_timeout(PATIENCE).expect("a request for a subscription")
    }
}

impl Wish {
    fn value(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// The callback's path: the world's base address is not where the daemon listens.
    fn path(&self) -> String {
        url(self.value("hub.callback")).path().to_owned()
    }

    fn ask(&self, daemon: &Daemon, query: &[(&str, &str)]) -> world::Answer {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        daemon.get(&format!("{}?{query}", self.path()))
    }

    fn verify(&self, daemon: &Daemon, lease_seconds: &str) -> world::Answer {
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.topic", self.value("hub.topic")),
            ("hub.challenge", "a challenge & more"),
            ("hub.lease_seconds", lease_seconds),
        ];
        self.ask(daemon, &query)
    }

    fn push(&self, daemon: &Daemon, secret: &str, body: &str) -> u16 {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let hex: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("sha256={hex}");
        let headers = [("X-Hub-Signature", signature.as_str()), ("Content-Type", "text/xml")];
        send(daemon.address, "POST", &self.path(), &headers, body.as_bytes()).status
    }
}

fn document(titles: &[&str]) -> String {
    let items: String = titles
        .iter()
        .map(|title| format!("<item><title>{title}</title><guid>{title}</guid></item>"))
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Quay</title>{items}</channel></rss>")
}

/// A feed that names the hub in its header, and a daemon that polls it.
fn subscriber(hub: &Hub) -> (World, Daemon) {
    let topic = hub.origin.url("/topic");
    let links = format!("<{}>; rel=hub, <{topic}>; rel=self", hub.origin.url("/hub"));
    let answer = Answer::ok(document(&["First boat"])).header("Link", links);
    hub.origin.on("/feed", answer.header("ETag", "\"1\""));
    let world = World::new().websub().feed("quay", &hub.origin.url("/feed"));
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn what_a_hub_pushes_is_in_the_river_at_once() {
    let hub = Hub::start();
    let (world, mut daemon) = subscriber(&hub);
    let wish = hub.wish();
    assert_eq!(wish.value("hub.mode"), "subscribe");
    assert_eq!(wish.value("hub.topic"), hub.origin.url("/topic"));
    let secret = wish.value("hub.secret");
    assert!(secret.len() >= 32 && secret.len() < 200);
    assert!(wish.value("hub.callback").starts_with("http://river.example.org/websub/"));

    // Nothing is taken in before the hub has verified, and nothing but what it was asked.
    assert_eq!(wish.push(&daemon, secret, &document(&["Too early"])), 202);
    let other = [("hub.mode", "subscribe"), ("hub.topic", "http://x/"), ("hub.challenge", "c")];
    assert_eq!(wish.ask(&daemon, &other).status, 404);
    let unasked = [("hub.mode", "unsubscribe"), ("hub.topic", wish.value("hub.topic"))];
    assert_eq!(wish.ask(&daemon, &unasked).status, 404);
    let verified = wish.verify(&daemon, "864000");
    assert_eq!((verified.status, verified.text().as_str()), (200, "a challenge & more"));
    assert_eq!(wish.verify(&daemon, "864000").status, 404, "nothing is pending any more");

    // A push that is not signed as agreed is dropped, and the hub does not learn that.
    assert_eq!(wish.push(&daemon, "guessed", &document(&["Forged boat"])), 202);
    let unsigned = document(&["Unsigned boat"]);
    let unsigned = send(daemon.address, "POST", &wish.path(), &[], unsigned.as_bytes());
    assert_eq!(unsigned.status, 202);

    assert_eq!(wish.push(&daemon, secret, &document(&["Second boat"])), 202);
    daemon.wait_for_log("pushed http");
    let river = daemon.get("/all.atom").text();
    assert!(river.contains("First boat") && river.contains("Second boat"), "{river}");
    assert!(!river.contains("early") && !river.contains("signed") && !river.contains("Forged"));
    // A part of the feed: what the server gave stays what it is asked with.
    assert_eq!(world.one::<String>("SELECT CAST(etag AS TEXT) FROM feeds"), "\"1\"");
    daemon.stop();

    // While the hub pushes, a poll is a look once a day, also over a restart.
    world.ok(&["fetch", "--force"]);
    assert_eq!(world.one::<i64>("SELECT interval_seconds FROM feeds"), 86_400);
    let mut daemon = world.daemon();
    assert_eq!(wish.push(&daemon, secret, &document(&["Third boat"])), 202);
    daemon.wait_for_log("pushed http");
    daemon.stop();
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 3);
}

/// A push that was answered lived in memory alone until its commit, and a process that died
/// between the two lost it: the hub does not bring it twice, the next poll was a day away.
#[test]
fn killed_between_the_answer_and_the_commit_a_push_is_polled_for_at_the_next_start() {
    let hub = Hub::start();
    let (world, daemon) = subscriber(&hub);
    let wish = hub.wish();
    assert_eq!(wish.verify(&daemon, "864000").status, 200);
    // As if another process were polling the feed: the push has to wait for that.
    let shell = rusqlite::Connection::open(world.store_path()).unwrap();
    shell.busy_timeout(PATIENCE).unwrap();
    let lease = "INSERT INTO leases SELECT id, '2999-01-01T00:00:00.000Z' FROM feeds";
    shell.execute(lease, []).unwrap();
    let second = document(&["First boat", "Second boat"]);
    assert_eq!(wish.push(&daemon, wish.value("hub.secret"), &second), 202);
    daemon.kill();
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 1);

    hub.origin.on("/feed", Answer::ok(second).header("ETag", "\"2\""));
    let mut daemon = world.daemon();
    daemon.wait_for_log("polled http");
    daemon.stop();
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 2);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM pushes"), 0);
}

#[test]
fn a_lease_is_renewed_before_it_ends() {
    let hub = Hub::start();
    let (_world, daemon) = subscriber(&hub);
    let first = hub.wish();
    assert_eq!(first.verify(&daemon, "2").status, 200);
    let second = hub.wish();
    assert_eq!(second.value("hub.callback"), first.value("hub.callback"));
    assert_eq!(second.verify(&daemon, "864000").status, 200);
    daemon.stop();
}

#[test]
fn a_hub_that_denies_leaves_the_feed_to_polls() {
    let hub = Hub::start();
    let (world, mut daemon) = subscriber(&hub);
    let wish = hub.wish();
    assert_eq!(wish.verify(&daemon, "864000").status, 200);
    let polled = hub.origin.asked_for("/feed").len();
    let denied =
        [("hub.mode", "denied"), ("hub.topic", wish.value("hub.topic")), ("hub.reason", "no room")];
    assert_eq!(wish.ask(&daemon, &denied).status, 200);
    daemon.wait_for_log("no room");
    daemon.wait_for_log("polled http");
    assert!(hub.origin.asked_for("/feed").len() > polled);
    assert_eq!(wish.push(&daemon, wish.value("hub.secret"), &document(&["Late boat"])), 202);
    daemon.stop();
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 1);
    assert_eq!(world.one::<String>("SELECT error FROM subscriptions"), "denied: no room");
}

#[test]
fn without_websub_no_hub_is_asked_and_no_callback_answers() {
    let hub = Hub::start();
    let links = format!("<{}>; rel=hub", hub.origin.url("/hub"));
    hub.origin.on("/feed", Answer::ok(document(&["First boat"])).header("Link", links));
    let world = World::new().feed("quay", &hub.origin.url("/feed"));
    let mut daemon = world.daemon();
    daemon.wait_for_log("polled http");
    assert_eq!(daemon.get("/websub/0123456789abcdef0123456789abcdef").status, 404);
    let pushed = send(daemon.address, "POST", "/websub/0123456789abcdef", &[], b"x");
    assert_eq!(pushed.status, 404);
    daemon.stop();
    assert_eq!(world.one::<i64>("SELECT count(*) FROM subscriptions"), 0);
}
