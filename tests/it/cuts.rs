//! Killed in the middle of what lasts: a sweep, a migration, the making of the search index,
//! the cleaning of stored HTML, a checkpoint, a backup.
//!
//! Each begins with a copy of one store that was left tidily. When to kill is drawn from a
//! seeded generator and counted in bytes that the process has written, never in time: as many
//! as it wrote when it was not killed, at most. Then the store is sound, and the next start
//! leaves it as a start does that nobody cut.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use merganser::parse::html::RULES_VERSION;
use rusqlite::{Connection, types::Value};

use crate::{
    crash::{Chance, rounds},
    origin::{Answer, Origin},
    world::{PATIENCE, World},
};

/// Rounds of each kind where nobody asks for more.
const ROUNDS: usize = 5;

/// What the daemon says when all HTML is cleaned.
const CLEANED: &str = "stored HTML is cleaned again";

/// Entries of the feed before the sweep; some hundred go in a step.
const OLD: usize = 2_500;

/// Entries that the feed shows at last.
const SHOWN: usize = 10;

#[test]
fn a_sweep_that_is_killed_loses_nothing_that_is_shown_and_brings_nothing_back() {
    let origin = Origin::start();
    let scene = swept(&origin);
    let whole = document(0..OLD + SHOWN);
    let (mut chance, mut cut) = (Chance(0x5EE9), 0);
    let written = scene.written("swept entries");
    // Where a kill falls is not all ours: on until one has fallen between two steps.
    for round in 0..rounds(ROUNDS) + 50 {
        if round >= rounds(ROUNDS) && cut > 0 {
            break;
        }
        let at = scene.kill_before(written, &mut chance);
        let when = format!("round {round}, at {at} of {written} bytes");
        let store = sound(&scene.world, &when);
        let left = number(&store, "SELECT count(*) FROM entries");
        let marks = number(&store, "SELECT count(*) FROM swept_entries");
        assert_eq!(left + marks, (OLD + SHOWN) as i64, "gone without a mark, {when}");
        assert!(left >= SHOWN as i64, "{when}");
        cut += usize::from(marks > 0 && left > SHOWN as i64);
        let ids = ids(&store);
        drop(store);

        // Nothing comes back, and the next sweep ends what this one began.
        origin.on("/feed", Answer::ok(whole.as_str()).header("ETag", "\"all\""));
        scene.world.ok(&["fetch", "--force"]);
        let store = sound(&scene.world, &when);
        assert_eq!(number(&store, "SELECT count(*) FROM entries"), left, "{when}");
        assert_eq!(self::ids(&store), ids, "{when}");
        origin.on("/feed", Answer::ok(document(OLD..OLD + SHOWN)).header("ETag", "\"last\""));
        scene.world.ok(&["fetch", "--force"]);
        due(&scene.world);
        scene.world.ok(&["fetch"]);
        let store = sound(&scene.world, &when);
        assert_eq!(number(&store, "SELECT count(*) FROM entries"), SHOWN as i64, "{when}");
    }
    assert!(cut > 0, "no sweep was cut in the middle");
}

/// A store that a sweep has much to do in, left tidily.
fn swept(origin: &Origin) -> Scene {
    let world = World::new().feed("quay", &origin.url("/feed")).with("[retention]\nkeep = \"1d\"");
    for (entries, etag) in [(0..OLD + SHOWN, "\"all\""), (OLD..OLD + SHOWN, "\"last\"")] {
        origin.on("/feed", Answer::ok(document(entries)).header("ETag", etag));
        world.ok(&["fetch", "--force"]);
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), (OLD + SHOWN) as i64);
    let shell = Connection::open(world.store_path()).unwrap();
    shell.execute("UPDATE entries SET first_seen = '2020-01-01T00:00:00Z'", []).unwrap();
    drop(shell);
    due(&world);
    Scene::of(world)
}

/// The last sweep is more than a day ago.
fn due(world: &World) {
    let shell = Connection::open(world.store_path()).unwrap();
    let sql = "UPDATE state SET last_sweep = strftime('%FT%H:%M:%fZ', 'now', '-30 hours')";
    shell.execute(sql, []).unwrap();
}

/// Long texts, so that a sweep gives many pages back.
fn document(numbers: std::ops::Range<usize>) -> String {
    let items: String = numbers
        .map(|number| {
            let text = format!("boat {number} ").repeat(150);
            format!("<item><title>Boat {number}</title><guid>boat-{number}</guid><description>{text}</description></item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Quay</title>{items}</channel></rss>")
}

#[test]
fn a_migration_that_is_killed_is_done_or_not_begun_and_the_next_start_does_it() {
    let world = World::new();
    old_store(&world);
    cut_at_the_start(&Scene::of(world), "listening on", 0x01D, |store, when| {
        // All or nothing: there is no table of a version that the file does not say it has.
        let version = number(store, "SELECT user_version FROM pragma_user_version");
        let names = "SELECT count(*) FROM sqlite_master WHERE name IN ('pushes')";
        let newer = number(store, names) + number(store, HAS_HTML_VERSION);
        let keys = number(store, "SELECT count(*) FROM dedup_keys WHERE key >= 1 << 47");
        match version {
            OLD_VERSION => assert!(newer == 0 && keys > 0, "{when}"),
            _ => assert!(newer == 2 && keys == 0, "{when}, version {version}"),
        }
        assert_eq!(number(store, "SELECT count(*) FROM entries"), OLD_ROWS, "{when}");
    });
}

#[test]
fn a_search_index_whose_making_is_killed_is_the_old_one_or_the_new_one() {
    let world = World::new();
    old_store(&world);
    world.daemon().stop();
    let shell = Connection::open(world.store_path()).unwrap();
    shell.execute("UPDATE state SET search_version = 0", []).unwrap();
    drop(shell);
    cut_at_the_start(&Scene::of(world), "listening on", 0x5EA, |store, when| {
        let found = "SELECT count(*) FROM search('story')";
        assert_eq!(number(store, found), OLD_ROWS, "{when}");
    });
}

#[test]
fn a_cleaning_of_html_that_is_killed_goes_on_until_all_is_clean() {
    let world = World::new();
    old_store(&world);
    world.daemon().stop();
    let shell = Connection::open(world.store_path()).unwrap();
    let dirty = "UPDATE entries SET content = '<p onclick=\"x()\">' || content || '</p>'
                  WHERE id > 200 AND id <= 700;
                 BEGIN;
                 DELETE FROM articles WHERE id > 1000; DELETE FROM entries WHERE id > 1000;
                 DELETE FROM feed_articles WHERE article_id > 1000;
                 DELETE FROM dedup_keys WHERE entry_id > 1000;
                 UPDATE feeds SET entry_count = 1000;
                 COMMIT;
                 UPDATE state SET html_version = 0, search_version = 0;";
    shell.execute_batch(dirty).unwrap();
    drop(shell);
    let clean = "SELECT count(*) FROM entries WHERE content LIKE '%onclick%'
                    AND id <= (SELECT coalesce(cleaned_to, 0) FROM state)";
    cut_at_the_start(&Scene::of(world), CLEANED, 0xC1E, |store, when| {
        assert_eq!(number(store, clean), 0, "noted as clean, {when}");
        let version = number(store, "SELECT html_version FROM state");
        let dirty = "SELECT count(*) FROM entries WHERE content LIKE '%onclick%'";
        let dirty = number(store, dirty);
        assert!(version < i64::from(RULES_VERSION) || dirty == 0, "{when}");
    });
}

/// Kills the daemon on its way to a line of its log, looks at what it left, and compares what
/// the next start makes of it with what a start makes that nobody cut.
fn cut_at_the_start(scene: &Scene, until: &str, seed: u64, look: impl Fn(&Connection, &str)) {
    let mut chance = Chance(seed);
    let written = scene.written(until);
    let whole = content(&sound(&scene.world, "uncut"));
    for round in 0..rounds(ROUNDS) {
        let at = scene.kill_before(written, &mut chance);
        let when = format!("round {round}, at {at} of {written} bytes");
        look(&sound(&scene.world, &when), &when);
        let daemon = scene.world.daemon();
        if until == CLEANED {
            scene.wait_until_all_is_clean();
        }
        daemon.stop();
        let now = content(&sound(&scene.world, &when));
        assert_eq!(now, whole, "{when}");
    }
}

#[test]
fn a_checkpoint_that_is_killed_leaves_all_that_was_committed() {
    let world = World::new();
    old_store(&world);
    let scene = Scene::of(world);
    let whole = content(&sound(&scene.world, "before"));
    let file = scene.world.store_path();
    let size = || fs::metadata(&file).unwrap().len();
    let before = size();
    scene.world.daemon().stop();
    let grown = size() - before;
    assert!(grown > 0, "nothing is written at the end");
    let mut chance = Chance(0xC4E);
    for round in 0..rounds(ROUNDS) {
        scene.restore();
        let daemon = scene.world.daemon();
        // The log holds a migration now; the end writes it into the file.
        assert_eq!(size(), before);
        daemon.signal("TERM");
        wait_for_bytes(&file, before + chance.below(grown), || false);
        daemon.kill();
        let store = sound(&scene.world, &format!("round {round}"));
        assert_eq!(content(&store)["entries"], whole["entries"], "round {round}");
        assert!(number(&store, "SELECT user_version FROM pragma_user_version") > OLD_VERSION);
    }
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_under_its_name_and_the_next_one_is_whole() {
    let world = World::new();
    old_store(&world);
    let mut daemon = world.daemon();
    daemon.wait_for_log("store");
    let copy = world.folder().join("copy.db");
    let name = copy.display().to_string();
    world.ok(&["backup", &name]);
    let whole = content(&Connection::open(&copy).unwrap());
    let size = fs::metadata(&copy).unwrap().len();
    let mut chance = Chance(0xBAC);
    for round in 0..rounds(ROUNDS) {
        fs::remove_file(&copy).unwrap();
        let at = chance.below(size);
        let backup = spawn(&world, &["backup", &name]);
        wait_for_bytes(&world.folder().join("copy.db.part"), at, || copy.exists());
        drop(backup);
        if copy.exists() {
            let store = Connection::open(&copy).unwrap();
            assert_eq!(content(&store), whole, "round {round}, at {at} of {size} bytes");
            drop(store);
            fs::remove_file(&copy).unwrap();
        }
        world.ok(&["backup", &name]);
        let store = Connection::open(&copy).unwrap();
        assert_eq!(content(&store), whole, "round {round}");
    }
    daemon.stop();
}

/// A world, and its store as it was at first.
struct Scene {
    world: World,
    first: PathBuf,
}

impl Scene {
    fn of(world: World) -> Self {
        world.write_config();
        let shell = Connection::open(world.store_path()).unwrap();
        shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
        drop(shell);
        let first = world.folder().join("first.db");
        fs::copy(world.store_path(), &first).unwrap();
        Self { world, first }
    }

    fn restore(&self) {
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", self.world.store_path().display()));
        }
        fs::copy(&self.first, self.world.store_path()).unwrap();
    }

    fn log(&self) -> PathBuf {
        self.world.store_path().with_extension("db-wal")
    }

    /// Bytes of the store's log when the daemon comes to a line of its own, from the first
    /// store.
    fn written(&self, until: &str) -> u64 {
        self.restore();
        let daemon = self.run_until(until);
        let written = fs::metadata(self.log()).unwrap().len();
        daemon.kill();
        assert!(written > 0, "nothing is written before {until:?}");
        written
    }

    fn run_until(&self, line: &str) -> crate::world::Daemon {
        let mut daemon = self.world.daemon();
        if !daemon.seen.iter().any(|seen| seen.contains(line)) {
            daemon.wait_for_log(line);
        }
        daemon
    }

    /// A daemon that was killed at the very last may have had it all done.
    fn wait_until_all_is_clean(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.world.one::<u32>("SELECT html_version FROM state") < RULES_VERSION {
            assert!(Instant::now() < deadline, "the HTML is not cleaned again");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills a daemon that began with the first store, before it has written so much. Tells
    /// at how many bytes.
    fn kill_before(&self, written: u64, chance: &mut Chance) -> u64 {
        self.restore();
        let at = chance.below(written);
        let daemon = spawn(&self.world, &["run"]);
        wait_for_bytes(&self.log(), at, || false);
        drop(daemon);
        at
    }
}

/// A process that is killed when it is dropped, at the end of a failed test, too.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(world: &World, arguments: &[&str]) -> Doomed {
    let mut command = world.command(arguments);
    Doomed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn wait_for_bytes(path: &Path, bytes: u64, over: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !fs::metadata(path).is_ok_and(|about| about.len() > bytes) && !over() {
        assert!(Instant::now() < deadline, "{} does not grow", path.display());
        std::thread::yield_now();
    }
}

/// The store after a kill: no damage, and everything where it belongs.
fn sound(world: &World, when: &str) -> Connection {
    let store = Connection::open(world.store_path()).unwrap();
    store.busy_timeout(Duration::from_secs(30)).unwrap();
    let said: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok", "{when}");
    let dangling = store.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!dangling, "a foreign key leads nowhere, {when}");
    store.execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
    for (what, sql) in [
        (
            "counts",
            "SELECT count(*) FROM feeds f WHERE entry_count <>
                 (SELECT count(*) FROM entries WHERE feed_id = f.id)",
        ),
        (
            "representatives",
            "SELECT count(*) FROM articles a WHERE NOT EXISTS
                 (SELECT 1 FROM entries WHERE id = a.entry_id AND article_id = a.id)",
        ),
        ("keys", "SELECT count(*) FROM dedup_keys WHERE entry_id NOT IN (SELECT id FROM entries)"),
        (
            "rivers",
            "SELECT count(*) FROM articles a JOIN entries e ON e.article_id = a.id WHERE NOT EXISTS
                 (SELECT 1 FROM feed_articles WHERE feed_id = e.feed_id
                     AND position = a.position AND article_id = a.id)",
        ),
    ] {
        assert_eq!(number(&store, sql), 0, "{what} are wrong, {when}");
    }
    store
}

fn number(store: &Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn ids(store: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT e.guid, a.public_id FROM entries e JOIN articles a ON a.id = e.article_id
                ORDER BY e.guid";
    let mut rows = store.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A hash of each table's rows, but of what tells when something was done.
fn content(store: &Connection) -> BTreeMap<&'static str, u64> {
    let tables = [
        ("entries", "SELECT * FROM entries ORDER BY id"),
        ("articles", "SELECT id, entry_id, public_id, slug, position FROM articles ORDER BY id"),
        ("keys", "SELECT * FROM dedup_keys ORDER BY key, entry_id"),
        ("rivers", "SELECT * FROM feed_articles ORDER BY feed_id, position, article_id"),
        ("found", "SELECT rowid FROM search('story') ORDER BY rowid"),
    ];
    let hash = |sql| {
        let mut hasher = DefaultHasher::new();
        let mut statement = store.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                format!("{:?}", row.get::<_, Value>(column).unwrap()).hash(&mut hasher);
            }
        }
        hasher.finish()
    };
    tables.into_iter().map(|(table, sql)| (table, hash(sql))).collect()
}

/// The version that old stores of these tests have.
const OLD_VERSION: i64 = 4;

const OLD_ROWS: i64 = 8_000;

const HAS_HTML_VERSION: &str =
    "SELECT count(*) FROM pragma_table_info('state') WHERE name = 'html_version'";

/// A store as an older version left it, with many rows.
fn old_store(world: &World) {
    let mut store = Connection::open(world.store_path()).unwrap();
    let at_first = "PRAGMA page_size = 16384; PRAGMA auto_vacuum = incremental;
                    PRAGMA journal_mode = wal;";
    store.execute_batch(at_first).unwrap();
    let making = store.transaction().unwrap();
    for sql in [
        include_str!("../../src/store/migrations/0001_the_house.sql"),
        include_str!("../../src/store/migrations/0002_one_story_once.sql"),
        include_str!("../../src/store/migrations/0003_what_hubs_were_told.sql"),
        include_str!("../../src/store/migrations/0004_what_hubs_push.sql"),
    ] {
        making.execute_batch(sql).unwrap();
    }
    making
        .execute_batch(&format!(
            "INSERT INTO feeds (id, url, name, status, entry_count)
                 VALUES (1, 'https://old.example.org/feed', 'old', 'paused', {OLD_ROWS});
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {OLD_ROWS})
             INSERT INTO entries (id, feed_id, guid, article_id, first_seen, raw_hash, said_hash,
                     title, url, content)
                 SELECT i, 1, 'old-' || i, i, strftime('%FT%H:%M:%SZ', 'now', -i || ' minutes'),
                     i, i, 'Old story ' || i, 'https://old.example.org/' || i,
                     'A story of many words, number ' || i FROM n;
             INSERT INTO articles (id, entry_id, public_id, slug, position, first_seen, changed)
                 SELECT id, id, 'urn:old:' || id, printf('%016x', id), first_seen, first_seen,
                     printf('2026-01-01T00:00:00.%06dZ', id)
                   FROM entries;
             INSERT INTO feed_articles SELECT 1, position, id FROM articles;
             INSERT INTO dedup_keys
                 SELECT (e.id * 2654435761 + k.value * 40503) % 4294967291 * 2147483647, e.id
                   FROM entries e, json_each('[1,2,3,4,5,6]') k;
             INSERT INTO search (rowid, title, author, text)
                 SELECT id, title, author, text FROM search_text;
             UPDATE state SET last_sweep = strftime('%FT%H:%M:%fZ', 'now');
             PRAGMA application_id = {};
             PRAGMA user_version = {OLD_VERSION};",
            0x4d45_5247
        ))
        .unwrap();
    making.commit().unwrap();
}
