//! What goes wrong with files, and that nothing is lost by it.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn open(path: &Path, how: OpenAs) -> StoreError {
    Store::open(path, how, RULES).unwrap_err()
}

#[tokio::test]
async fn validators_and_entries_come_together_or_not_at_all() {
    let house = House::with(&["a", "b"]).await;
    for table in ["entries", "articles", "fetches", "search_docsize"] {
        let raise = format!(
            "CREATE TRIGGER fault BEFORE INSERT ON {table} BEGIN SELECT raise(ABORT, 'fault'); END"
        );
        house.shell().execute_batch(&raise).unwrap();
        let bad = house.store.commit(update(FeedId(1), noon(), &[entry("one")]));
        let error = bad.await.unwrap_err().to_string();
        assert!(error.contains("merganser.db: ") && error.contains(" failed: "), "{error}");
        house.shell().execute_batch("DROP TRIGGER fault").unwrap();
        assert_eq!(house.number("SELECT count(*) FROM entries"), 0);
        assert_eq!(
            house.number(
                "SELECT count(*) FROM feeds WHERE etag IS NOT NULL OR last_fetch IS NOT NULL"
            ),
            0
        );
        assert_eq!(house.number("SELECT count(*) FROM fetches"), 0);
    }
    house.poll(1, noon(), &[entry("one")]).await;
    house.healthy().await;
}

#[tokio::test]
async fn a_job_that_fails_undoes_itself_alone() {
    let house = House::with(&["a", "b"]).await;
    house
        .shell()
        .execute_batch("CREATE TRIGGER fault BEFORE UPDATE ON feeds WHEN new.id = 1 BEGIN SELECT raise(ABORT, 'fault'); END")
        .unwrap();
    // All at once, so that they share transactions.
    let commits = (0..40).map(|number| {
        let store = house.store.clone();
        let feed = FeedId(number % 2 + 1);
        tokio::spawn(async move {
            store.commit(update(feed, noon(), &[entry(&number.to_string())])).await
        })
    });
    let mut good = 0;
    for commit in commits.collect::<Vec<_>>() {
        good += i64::from(commit.await.unwrap().is_ok());
    }
    assert_eq!(good, 20);
    assert_eq!(house.number("SELECT count(*) FROM entries WHERE feed_id = 2"), 20);
    assert_eq!(house.number("SELECT count(*) FROM entries"), 20);
    house.healthy().await;
}

#[tokio::test]
async fn a_panic_inside_a_job_is_that_jobs_error() {
    let house = House::with(&["a"]).await;
    let writer = house.store.writer().unwrap();
    let broken = writer.run("testing", |connection| {
        connection.execute("UPDATE feeds SET name = 'lost'", [])?;
        if connection.is_autocommit() { Ok(()) } else { panic!("on purpose") }
    });
    assert!(broken.await.unwrap_err().to_string().contains("testing failed"));
    assert_eq!(house.text("SELECT name FROM feeds"), "a");
    house.poll(1, noon(), &[entry("one")]).await;
}

/// The store as it is after a kill at about forty moments of the writing: its log cut there.
async fn cut_everywhere(house: &House, whole: impl Fn(&Connection, &str)) {
    let file = std::fs::read(house.path()).unwrap();
    let log = std::fs::read(house.folder.path().join("merganser.db-wal")).unwrap();
    assert!(!log.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merganser.db");
    for cut in 0..40 {
        let length = (log.len() * cut / 39).saturating_sub(cut * 7 % 40);
        std::fs::write(&path, &file).unwrap();
        std::fs::write(folder.path().join("merganser.db-wal"), &log[..length]).unwrap();
        let _ = std::fs::remove_file(folder.path().join("merganser.db-shm"));
        let Ok(store) = Store::open(&path, OpenAs::Daemon, RULES) else {
            panic!("cut at {length}");
        };
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        store.close().await.unwrap();
        whole(&Connection::open(&path).unwrap(), &format!("cut at {length} of {}", log.len()));
    }
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_log_cut_at_any_byte_leaves_a_sound_store_and_no_validator_without_its_entries() {
    let house = House::with(&["a"]).await;
    for number in 0..12 {
        let mut next = update(FeedId(1), noon() + hours(number), &[entry(&number.to_string())]);
        next.validators =
            Some(Validators { etag: Some(number.to_string().into_bytes()), last_modified: None });
        house.store.commit(next).await.unwrap();
    }
    let lied = "SELECT count(*) FROM feeds WHERE etag IS NOT NULL AND NOT EXISTS
                    (SELECT 1 FROM entries WHERE guid = 'guid-' || CAST(etag AS TEXT))";
    cut_everywhere(&house, |store, when| assert_eq!(count(store, lied), 0, "{when}")).await;
}

#[tokio::test]
async fn a_sweep_cut_at_any_byte_leaves_a_sound_store_and_takes_nothing_that_is_young() {
    let house = House::with(&["a"]).await;
    let old: Vec<Entry> = (0..40).map(|number| entry(&format!("old-{number}"))).collect();
    house.poll(1, noon(), &old).await;
    house.poll(1, noon() + hours(24 * 39), &[entry("young")]).await;
    let keep = Duration::from_secs(30 * 86_400);
    let swept = house.store.sweep(noon() + hours(24 * 40), keep).await.unwrap();
    assert_eq!(swept.entries, 40);
    let young = "SELECT count(*) FROM entries WHERE guid = 'guid-young'";
    let homeless = "SELECT count(*) FROM articles WHERE entry_id NOT IN (SELECT id FROM entries)";
    let polled = "SELECT count(*) FROM fetches";
    cut_everywhere(&house, |store, when| {
        assert_eq!(count(store, homeless), 0, "{when}");
        if count(store, polled) == 2 {
            assert_eq!(count(store, young), 1, "{when}");
        }
    })
    .await;
}

#[tokio::test]
async fn parts_cut_at_any_byte_say_of_no_document_that_it_is_all_there() {
    let house = House::with(&["a"]).await;
    let words: Vec<Entry> = (0..9).map(|number| entry(&number.to_string())).collect();
    let whole = update(FeedId(1), noon(), &words);
    let reading = whole.reading.clone().unwrap();
    let mut parts = Committed::default();
    for from in [6, 3] {
        let part = Reading { entries: reading.entries[from..from + 3].to_vec(), ..reading.clone() };
        let done = house.store.commit_part(FeedId(1), noon(), part, from).await.unwrap();
        assert_eq!(done.new_entries, 3);
        parts = parts.and(done);
    }
    let rest = Reading { entries: reading.entries[..3].to_vec(), ..reading };
    let rest = FeedUpdate { reading: Some(rest), ..whole };
    assert_eq!(house.store.commit_rest(rest, parts).await.unwrap().new_entries, 9);
    assert_eq!(house.number("SELECT entry_count FROM feeds WHERE id = 1"), 9);
    assert_eq!(house.number("SELECT new_entries FROM fetches"), 9);
    cut_everywhere(&house, |store, when| {
        let entries = count(store, "SELECT count(*) FROM entries");
        let counted = count(store, "SELECT coalesce(sum(entry_count), 0) FROM feeds");
        assert_eq!(entries, counted, "{when}");
        let asserted =
            "SELECT count(*) FROM feeds WHERE coalesce(etag, body_hash, last_fetch) IS NOT NULL";
        assert!(entries == 9 || count(store, asserted) == 0, "{when}: {entries} entries");
    })
    .await;
    house.healthy().await;
}

#[tokio::test]
async fn a_store_has_one_daemon_and_any_number_of_others() {
    let house = House::with(&["a"]).await;
    let second = open(&house.path(), OpenAs::Daemon).to_string();
    assert!(
        second.contains("another merganser daemon") && second.contains("merganser.db.lock"),
        "{second}"
    );
    let beside = Store::open(&house.path(), OpenAs::Beside, RULES).unwrap();
    beside.commit(update(FeedId(1), noon(), &[entry("one")])).await.unwrap();
    let reader = Store::open(&house.path(), OpenAs::Reader, RULES).unwrap();
    assert_eq!(
        reader.articles(ArticleQuery { limit: 1, ..Default::default() }).await.unwrap().len(),
        1
    );
    assert!(matches!(reader.release(vec![]).await, Err(StoreError::OnlyReading { .. })));
    house.store.close().await.unwrap();
    assert!(matches!(house.store.feeds().await, Err(StoreError::Closed { .. })));
    Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
}

#[test]
fn a_newer_a_foreign_and_a_damaged_file_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merganser.db");
    let make = |sql: &str| {
        let _ = std::fs::remove_file(&path);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    let mut cases: Vec<(Vec<u8>, &str)> = Vec::new();
    make("PRAGMA application_id = 1296388679; PRAGMA user_version = 99; CREATE TABLE feeds (id);");
    cases.push((std::fs::read(&path).unwrap(), "newer merganser (schema 99"));
    make("CREATE TABLE notes (text);");
    cases.push((std::fs::read(&path).unwrap(), "of another program"));
    make("PRAGMA user_version = 1; CREATE TABLE feeds (id);");
    cases.push((std::fs::read(&path).unwrap(), "of another program"));
    cases.push((
        b"This is a letter, not a database, and it is long enough to be read as one.".repeat(20),
        "not an SQLite database",
    ));
    for (bytes, expected) in cases {
        std::fs::write(&path, &bytes).unwrap();
        for how in [OpenAs::Daemon, OpenAs::Beside, OpenAs::Reader] {
            let error = open(&path, how).to_string();
            assert!(error.contains(expected) && error.contains("merganser.db"), "{error}");
            assert!(!error.contains('\n'));
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
}

#[tokio::test]
async fn a_damaged_store_is_reported_after_an_unclean_end_and_left_alone() {
    let house = House::with(&["a"]).await;
    let entries: Vec<Entry> = (0..300).map(|number| entry(&number.to_string())).collect();
    house.poll(1, noon(), &entries).await;
    house.store.close().await.unwrap();
    let mut bytes = std::fs::read(house.path()).unwrap();
    let end = bytes.len() - 4_096;
    bytes[3 * 4_096..end].fill(0xa5);
    std::fs::write(house.path(), &bytes).unwrap();
    // A log that is not empty is what an unclean end leaves.
    std::fs::write(house.folder.path().join("merganser.db-wal"), [0; 40]).unwrap();
    let error = open(&house.path(), OpenAs::Daemon).to_string();
    assert!(error.contains("damaged") && error.contains("restore a backup"), "{error}");
    assert_eq!(std::fs::read(house.path()).unwrap(), bytes);
}

#[test]
fn a_reader_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merganser.db");
    assert!(matches!(open(&path, OpenAs::Reader), StoreError::NotThere { .. }));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let missing = open(&folder.path().join("no/merganser.db"), OpenAs::Daemon).to_string();
    assert!(missing.contains("does not exist: create it"), "{missing}");
}

#[tokio::test]
async fn files_are_nobody_elses_business() {
    let house = House::with(&["a"]).await;
    for name in std::fs::read_dir(house.folder.path()).unwrap() {
        let name = name.unwrap();
        assert_eq!(name.metadata().unwrap().permissions().mode() & 0o7137, 0, "{name:?}");
    }
}

#[tokio::test]
async fn a_store_deleted_in_use_is_said_so_and_work_goes_on_when_it_is_back() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let aside = house.folder.path().join("aside.db");
    std::fs::rename(house.path(), &aside).unwrap();
    let error = house.store.commit(update(FeedId(1), noon(), &[entry("two")])).await.unwrap_err();
    assert!(error.to_string().contains("deleted or moved while in use"), "{error}");
    assert!(matches!(house.store.feeds().await, Err(StoreError::Vanished { .. })));
    std::fs::rename(&aside, house.path()).unwrap();
    house.poll(1, noon(), &[entry("two")]).await;
    assert_eq!(house.river().await.len(), 2);
}

#[tokio::test]
async fn a_backup_restored_under_a_running_daemon_is_taken_up() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let copy = house.folder.path().join("copy.db");
    house.store.backup(copy.clone()).await.unwrap();
    assert!(
        house.store.backup(copy.clone()).await.unwrap_err().to_string().contains("never replaces")
    );
    house.poll(1, noon(), &[entry("two")]).await;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", house.path().display()));
    }
    std::fs::rename(&copy, house.path()).unwrap();
    assert_eq!(house.river().await.len(), 1);
    house.poll(1, noon(), &[entry("two"), entry("three")]).await;
    assert_eq!(house.river().await.len(), 3);
    house.healthy().await;
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_work_goes_on_when_there_is_space() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let writer = house.store.writer().unwrap();
    let limit = |pages: i64| {
        writer.run_alone("testing", move |connection| {
            Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
        })
    };
    limit(1).await.unwrap();
    let large: Vec<Entry> = (0..400).map(|number| entry(&number.to_string())).collect();
    let error = house.store.commit(update(FeedId(1), noon(), &large)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    limit(1_000_000).await.unwrap();
    assert_eq!(house.river().await.len(), 1);
    assert_eq!(house.poll(1, noon(), &large).await.new_entries, 400);
    house.healthy().await;
}
