//! Killed with SIGKILL at any moment, over and over: what was recorded as done is there,
//! once, under the id that it had.
//!
//! The origin's feeds change with nearly every answer, and it remembers what each answer
//! said. Each document has a length of its own, so that a row of `fetches` names the very
//! answer that it records. When to kill is drawn from a seeded generator and counted in
//! events (requests, bytes sent, changes of the write-ahead log), never in time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    process::Stdio,
    sync::{Arc, Mutex, mpsc},
    time::{Instant, SystemTime},
};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use crate::{
    origin::{Answer, Asked, Origin},
    world::{PATIENCE, World},
};

/// Feeds of the origin; neighbours (0 and 1, 2 and 3, …) share stories.
const FEEDS: usize = 10;

/// Entries that a document shows.
const WINDOW: u64 = 10;

/// Every so manieth entry has the address and the words of its neighbour's.
const SHARED: u64 = 4;

/// Documents are as long as this and their number.
const LENGTH: usize = 20_000;

#[test]
fn killed_at_any_moment_nothing_recorded_is_lost_or_doubled_or_renamed() {
    let rounds = rounds(20);
    let press = Press::new();
    let origin = Origin::start();
    let mut world = World::new()
        .fetching("interval = \"1s\"\nmin_interval = \"1s\"\nmax_interval = \"2s\"\nper_host = 10");
    for feed in 0..FEEDS {
        let path = format!("/{feed}.xml");
        world = world.feed(&name(feed), &origin.url(&path));
        let press = press.clone();
        origin.by(&path, move |asked| press.answer(feed, asked));
    }
    world.write_config();

    let mut chance = Chance(0x5EED);
    let mut seen = BTreeMap::new();
    let mut done = 0;
    for round in 0..rounds {
        let moment = if round == 0 { Moment::Starting { writes: 2 } } else { chance.moment() };
        kill_at(&world, &press, moment);
        if round > 0 {
            let now = recorded(&world, &press, &format!("round {round}, {moment:?}"));
            ids_stay(&mut seen, &world, round);
            assert!(now >= done, "a recorded poll is gone in round {round}, {moment:?}");
            done = now;
        }
    }
    assert!(done > rounds, "only {done} polls in {rounds} rounds");

    // Nothing changes any more: neither do the outputs, killed or not.
    press.rest();
    let daemon = world.daemon();
    press.wait_until_all_are_known();
    let before = daemon.get("/all.atom").text();
    daemon.kill();
    let daemon = world.daemon();
    assert_eq!(daemon.get("/all.atom").text(), before);
    daemon.stop();
    recorded(&world, &press, "the end");
    ids_stay(&mut seen, &world, rounds);
    world.ok(&["check", "--store"]);
}

/// As many as asked for, else so many.
pub fn rounds(usual: usize) -> usize {
    std::env::var("MERGANSER_CRASH_ROUNDS")
        .map_or(usual, |rounds| rounds.parse().expect("MERGANSER_CRASH_ROUNDS is a number"))
}

/// When to kill, counted from the start of the process.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// While it starts: the log of the store has changed so many times.
    Starting { writes: u32 },
    /// The origin has sent this part (of 4) of its answer to this request, and will send no
    /// more of it.
    Answering { nth: usize, quarters: usize },
    /// It has asked so much, and since then the log of the store has changed so many times:
    /// a commit is under way, or the next one is due.
    Writing { nth: usize, writes: u32 },
}

/// Starts the daemon, and kills it then.
fn kill_at(world: &World, press: &Press, moment: Moment) {
    match moment {
        Moment::Starting { writes } => {
            let log = Log::of(world);
            let mut child = world
                .command(&["run"])
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            log.wait_for_changes(writes);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        Moment::Answering { nth, quarters } => {
            let told = press.tell(nth, Some(quarters));
            let daemon = world.daemon();
            told.recv_timeout(PATIENCE).expect("the daemon asks and asks");
            daemon.kill();
        }
        Moment::Writing { nth, writes } => {
            let told = press.tell(nth, None);
            let daemon = world.daemon();
            told.recv_timeout(PATIENCE).expect("the daemon asks and asks");
            Log::of(world).wait_for_changes(writes);
            daemon.kill();
        }
    }
    press.forget();
}

/// The store's write-ahead log, watched from outside.
pub struct Log {
    path: std::path::PathBuf,
    last: Option<(u64, SystemTime)>,
}

impl Log {
    pub fn of(world: &World) -> Self {
        let path = world.store_path().with_extension("db-wal");
        let mut log = Self { path, last: None };
        log.last = log.look();
        log
    }

    fn look(&self) -> Option<(u64, SystemTime)> {
        let about = std::fs::metadata(&self.path).ok()?;
        Some((about.len(), about.modified().ok()?))
    }

    pub fn wait_for_changes(mut self, changes: u32) {
        let deadline = Instant::now() + PATIENCE;
        for _ in 0..changes {
            loop {
                let now = self.look();
                if now != self.last {
                    self.last = now;
                    break;
                }
                assert!(Instant::now() < deadline, "the daemon writes nothing");
                std::thread::yield_now();
            }
        }
    }
}

/// Compares the store with what the origin remembers. Tells how many documents are recorded.
fn recorded(world: &World, press: &Press, when: &str) -> usize {
    let store = world.store();
    let one = |sql| store.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok", "{when}");
    let dangling = store.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!dangling, "a foreign key leads nowhere, {when}");

    let stored = stored(&store);
    let press = press.0.lock().unwrap();
    let mut shown: BTreeMap<(usize, u64), u32> = BTreeMap::new();
    let mut documents = BTreeSet::new();
    for (feed, bytes) in polls(&store) {
        let number = bytes - LENGTH;
        let document = &press.served[number];
        assert_eq!(document.feed, feed, "{when}");
        documents.insert(number);
        // In the order of the polls: the last word counts.
        shown.extend(document.entries.iter().map(|(entry, edition)| ((feed, *entry), *edition)));
    }
    let lost: Vec<_> = shown.keys().filter(|entry| !stored.contains_key(entry)).collect();
    assert!(lost.is_empty(), "recorded but not there: {lost:?}, {when}");
    for (entry, rows) in &stored {
        assert_eq!(rows.len(), 1, "{entry:?} is there {} times, {when}", rows.len());
        let edition = shown.get(entry);
        assert!(edition.is_some(), "{entry:?} is there without its poll, {when}");
        assert_eq!(edition, rows.first(), "{entry:?} is not as it was last told, {when}");
    }
    let lied: Vec<_> = press.claimed.difference(&documents).collect();
    assert!(lied.is_empty(), "validators of documents that were never stored: {lied:?}, {when}");
    documents.len()
}

/// The feed and the length of every document whose poll is recorded as done.
fn polls(store: &Connection) -> Vec<(usize, usize)> {
    let mut rows = store
        .prepare(
            "SELECT f.name, p.bytes FROM fetches p JOIN feeds f ON f.id = p.feed_id
              WHERE p.status = 200 AND p.error IS NULL ORDER BY p.id",
        )
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap)
        .map(|(name, bytes): (_, i64)| (number(&name), bytes as usize))
        .collect()
}

/// The editions of every entry in the store; more than one is one too many.
fn stored(store: &Connection) -> BTreeMap<(usize, u64), Vec<u32>> {
    let mut rows = store
        .prepare("SELECT f.name, e.guid, e.summary FROM entries e JOIN feeds f ON f.id = e.feed_id")
        .unwrap();
    let rows = rows
        .query_map([], |row| {
            let (feed, guid, text): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let edition = text.rsplit("edition ").next().and_then(|rest| rest.split('.').next());
            let edition: u32 = edition.unwrap().parse().expect("a text ends in its edition");
            Ok(((number(&feed), guid.rsplit('-').next().unwrap().parse().unwrap()), edition))
        })
        .unwrap();
    let mut all: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for row in rows {
        let (entry, edition) = row.unwrap();
        all.entry(entry).or_default().push(edition);
    }
    all
}

/// Each entry that was there is there, in an article of the same public id; and two feeds'
/// entries of one story share theirs.
fn ids_stay(seen: &mut BTreeMap<(usize, u64), String>, world: &World, round: usize) {
    let store = world.store();
    let mut rows = store
        .prepare(
            "SELECT f.name, e.guid, a.public_id FROM entries e
               JOIN feeds f ON f.id = e.feed_id JOIN articles a ON a.id = e.article_id",
        )
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .unwrap();
    let now: BTreeMap<(usize, u64), String> = rows
        .map(Result::unwrap)
        .map(|(feed, guid, id)| {
            ((number(&feed), guid.rsplit('-').next().unwrap().parse().unwrap()), id)
        })
        .collect();
    for (entry, id) in seen.iter() {
        assert_eq!(now.get(entry), Some(id), "{entry:?} was renamed in round {round}");
    }
    for ((feed, entry), id) in now.iter().filter(|((_, entry), _)| entry % SHARED == 0) {
        let neighbour = now.get(&(feed ^ 1, *entry));
        assert!(
            neighbour.is_none_or(|theirs| theirs == id),
            "story {entry} of feed {feed} is split"
        );
    }
    *seen = now;
}

fn name(feed: usize) -> String {
    format!("feed-{feed}")
}

fn number(name: &str) -> usize {
    name.strip_prefix("feed-").unwrap().parse().unwrap()
}

/// Makes the documents, and remembers them.
#[derive(Clone)]
struct Press(Arc<Mutex<Desk>>);

struct Desk {
    chance: Chance,
    feeds: Vec<Issue>,
    served: Vec<Document>,
    /// Numbers of documents that the daemon said it has (`If-None-Match`).
    claimed: BTreeSet<usize>,
    /// Requests since the daemon's start.
    asked: usize,
    tell: Option<Tell>,
    /// Nothing changes any more.
    rests: bool,
    /// Feeds whose last document the daemon has.
    known: BTreeSet<usize>,
    all_known: Option<mpsc::Sender<()>>,
    began: DateTime<Utc>,
}

/// Whom to tell of which request.
struct Tell {
    nth: usize,
    /// Hold the answer after this part.
    quarters: Option<usize>,
    told: mpsc::Sender<()>,
}

/// Where a feed stands.
#[derive(Default)]
struct Issue {
    newest: u64,
    /// Of those entries that were edited.
    editions: BTreeMap<u64, u32>,
    /// The number and the text of the last document.
    last: Option<usize>,
}

struct Document {
    feed: usize,
    entries: Vec<(u64, u32)>,
}

impl Press {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Desk {
            chance: Chance(0xFEED),
            feeds: (0..FEEDS).map(|_| Issue::default()).collect(),
            served: Vec::new(),
            claimed: BTreeSet::new(),
            asked: 0,
            tell: None,
            rests: false,
            known: BTreeSet::new(),
            all_known: None,
            began: Utc::now() - TimeDelta::days(1),
        })))
    }

    /// Word of the `nth` request from now on, or of that part of its answer.
    fn tell(&self, nth: usize, quarters: Option<usize>) -> mpsc::Receiver<()> {
        let (told, word) = mpsc::channel();
        let mut desk = self.0.lock().unwrap();
        desk.asked = 0;
        desk.tell = Some(Tell { nth, quarters, told });
        word
    }

    fn forget(&self) {
        self.0.lock().unwrap().tell = None;
    }

    fn rest(&self) {
        let mut desk = self.0.lock().unwrap();
        desk.rests = true;
        // What was known once may have been printed anew since, and be under way.
        desk.known.clear();
    }

    fn wait_until_all_are_known(&self) {
        let (told, word) = mpsc::channel();
        self.0.lock().unwrap().all_known = Some(told);
        word.recv_timeout(PATIENCE).expect("every feed is asked for again");
    }

    fn answer(&self, feed: usize, asked: &Asked) -> Answer {
        let mut desk = self.0.lock().unwrap();
        desk.asked += 1;
        let before = desk.served.len();
        let answer = desk.answer(feed, asked);
        let (now, prints) = (desk.asked, desk.served.len() > before);
        // A 304 has no part that could be sent: then it is the next document.
        match desk.tell.take_if(|tell| tell.nth <= now && prints) {
            None => answer,
            Some(Tell { quarters: None, told, .. }) => {
                // Nobody listens where the test has failed.
                let _ = told.send(());
                answer
            }
            Some(Tell { quarters: Some(4), told, .. }) => answer.held_after(usize::MAX, told),
            Some(Tell { quarters: Some(quarters), told, .. }) => {
                answer.held_after(LENGTH * quarters / 4, told)
            }
        }
    }
}

impl Desk {
    fn answer(&mut self, feed: usize, asked: &Asked) -> Answer {
        let claim =
            asked.text("if-none-match").and_then(|etag| etag.trim_matches('"').parse().ok());
        self.claimed.extend(claim);
        let last = self.feeds[feed].last;
        let same = self.rests || self.chance.below(6) == 0;
        if same && last.is_some() && claim == last {
            self.known.insert(feed);
            if self.known.len() == FEEDS
                && let Some(told) = &self.all_known
            {
                let _ = told.send(());
            }
            return Answer::not_modified();
        }
        if !same {
            self.edit(feed);
        }
        self.print(feed)
    }

    /// One to three new entries, and now and then a new edition of an old one.
    fn edit(&mut self, feed: usize) {
        let (new, edited) = (1 + self.chance.below(3), self.chance.below(WINDOW * 2));
        let issue = &mut self.feeds[feed];
        issue.newest += new;
        if edited < WINDOW.min(issue.newest) {
            *issue.editions.entry(issue.newest - edited).or_default() += 1;
        }
    }

    fn print(&mut self, feed: usize) -> Answer {
        let number = self.served.len();
        self.known.remove(&feed);
        let issue = &mut self.feeds[feed];
        issue.last = Some(number);
        let oldest = issue.newest.saturating_sub(WINDOW - 1).max(1);
        let mut text = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{0}</title>\
             <link>https://{0}.example.org/</link><description>{0}</description>",
            name(feed)
        );
        let mut entries = Vec::new();
        for entry in (oldest..=issue.newest).rev() {
            let edition = issue.editions.get(&entry).copied().unwrap_or_default();
            entries.push((entry, edition));
            let shared = entry % SHARED == 0;
            let teller = if shared { feed & !1 } else { feed };
            let mut words = Chance(((teller as u64) << 32) + entry);
            write!(
                text,
                "<item><title>{}</title><link>https://{}.example.org/{entry}</link>\
                 <guid isPermaLink=\"false\">{}-{entry}</guid><pubDate>{}</pubDate>\
                 <description>{}, edition {edition}.</description></item>",
                words.words(5),
                name(teller),
                name(feed),
                (self.began + TimeDelta::minutes(entry as i64)).to_rfc2822(),
                words.words(30)
            )
            .unwrap();
        }
        text.push_str("</channel></rss>");
        let filler = LENGTH + number - text.len() - "<!---->".len();
        write!(text, "<!--{}-->", ".".repeat(filler)).unwrap();
        self.served.push(Document { feed, entries });
        Answer::ok(text)
            .header("Content-Type", "application/rss+xml")
            .header("ETag", format!("\"{number}\""))
    }
}

/// A seeded generator (SplitMix64): the same kills in each run, as far as they are ours.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn moment(&mut self) -> Moment {
        let nth = 1 + self.below(FEEDS as u64 + 2) as usize;
        match self.below(8) {
            0 => Moment::Starting { writes: 1 + self.below(3) as u32 },
            1..=4 => Moment::Answering { nth, quarters: self.below(5) as usize },
            _ => Moment::Writing { nth, writes: 1 + self.below(4) as u32 },
        }
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| {
                (0..3).map(|_| SYLLABLES[self.below(SYLLABLES.len() as u64) as usize]).collect()
            })
            .collect();
        words.join(" ")
    }
}

const SYLLABLES: [&str; 16] = [
    "ba", "lo", "mi", "ne", "ru", "sta", "ve", "ko", "di", "fa", "gu", "he", "jo", "pra", "ti",
    "zu",
];
