//! Keys and words that wait while there is more to do: found all the same, and never lost.

use super::*;

/// Commits that come all at once, so that many share transactions and more wait behind.
async fn rush(house: &House, updates: Vec<FeedUpdate>) -> Vec<Result<Committed, StoreError>> {
    let commits: Vec<_> = updates
        .into_iter()
        .map(|update| {
            let store = house.store.clone();
            tokio::spawn(async move { store.commit(update).await })
        })
        .collect();
    let mut done = Vec::new();
    for commit in commits {
        done.push(commit.await.unwrap());
    }
    done
}

fn names(count: i64) -> Vec<String> {
    (1..=count).map(|number| format!("feed{number}")).collect()
}

async fn house_of(count: i64) -> House {
    let names = names(count);
    House::with(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Closes the store, and opens it again.
async fn again(house: &mut House) {
    house.store.close().await.unwrap();
    house.store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
}

fn all_keys_are_written(house: &House) {
    let keys = "SELECT sum(length(dedup_keys)) / 8 FROM entries";
    assert_eq!(house.number("SELECT count(*) FROM dedup_keys"), house.number(keys));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_rush_every_feed_finds_the_story_that_others_tell() {
    const FEEDS: i64 = 400;
    const STORIES: i64 = 20;
    let house = house_of(FEEDS).await;
    let updates = (1..=FEEDS).map(|feed| {
        let own = entry(&format!("own{feed}"));
        let story = entry(&format!("story{}", feed % STORIES));
        let told = changed(story, |entry| entry.guid = format!("of-{feed}"));
        update(FeedId(feed), noon(), &[told, own])
    });
    for done in rush(&house, updates.collect()).await {
        assert_eq!(done.unwrap().new_entries, 2);
    }
    assert_eq!(house.number("SELECT count(*) FROM articles"), FEEDS + STORIES);
    house.store.close().await.unwrap();
    // Nothing waits any more, and all is there.
    assert_eq!(house.text("SELECT keys_from || index_from FROM state"), "");
    assert_eq!(house.number("SELECT count(*) FROM search_docsize"), FEEDS + STORIES);
    all_keys_are_written(&house);
    house.shell().execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
    assert_eq!(house.number("SELECT count(*) FROM search('own77')"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_transaction_left_waiting_is_forgotten_and_the_rest_is_not() {
    const FEEDS: i64 = 120;
    let mut house = house_of(FEEDS).await;
    house
        .shell()
        .execute_batch(
            "CREATE TRIGGER fault BEFORE UPDATE ON feeds WHEN new.id % 3 = 0
             BEGIN SELECT raise(ABORT, 'fault'); END",
        )
        .unwrap();
    let updates =
        (1..=FEEDS).map(|feed| update(FeedId(feed), noon(), &[entry(&format!("own{feed}"))]));
    let done = rush(&house, updates.collect()).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 80);
    house.shell().execute_batch("DROP TRIGGER fault").unwrap();
    again(&mut house).await;
    assert_eq!(house.number("SELECT count(*) FROM entries"), 80);
    assert_eq!(house.number("SELECT count(*) FROM search_docsize"), 80);
    all_keys_are_written(&house);
    house.healthy().await;
}

#[tokio::test]
async fn what_waited_when_the_process_died_is_made_again_from_the_rows() {
    let mut house = House::with(&["one", "two"]).await;
    house.poll(1, noon(), &[entry("apples"), entry("crane")]).await;
    house.store.close().await.unwrap();
    // The store of a process that died in a rush: the last article's words and the keys of
    // its entry had not been written.
    house
        .shell()
        .execute_batch(
            "INSERT INTO search (search, rowid, title, author, text)
                 VALUES ('delete', 2, 'About apples', 'Ada' || char(10) || 'Bob', 'All about apples.');
             DELETE FROM dedup_keys WHERE entry_id = 2;
             UPDATE state SET keys_from = 2, index_from = 2;",
        )
        .unwrap();
    assert_eq!(house.number("SELECT count(*) FROM search('apples')"), 0);
    house.store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    assert_eq!(house.found("apples").await, ["About apples"]);
    assert_eq!(house.found("crane").await, ["About crane"]);
    assert_eq!(house.text("SELECT keys_from || index_from FROM state"), "");
    let told_again = changed(entry("apples"), |entry| entry.guid = "another".into());
    assert_eq!(house.poll(2, noon(), &[told_again]).await.joined, 1);
    house.healthy().await;
}

#[tokio::test]
async fn what_another_process_stored_meanwhile_is_found_as_well() {
    let house = House::with(&["one", "two", "three"]).await;
    // The second of them is looked for, and from then on a filter knows what there is.
    house.poll(1, noon(), &[entry("apples"), entry("pears")]).await;
    let beside = Store::open(&house.path(), OpenAs::Beside, RULES).unwrap();
    beside.commit(update(FeedId(2), noon(), &[entry("crane")])).await.unwrap();
    let told_again = changed(entry("crane"), |entry| entry.guid = "another".into());
    assert_eq!(house.poll(3, noon(), &[told_again]).await.joined, 1);
}

/// Two processes in a rush at once: each has keys and words waiting that the other needs.
#[tokio::test]
async fn what_waits_in_one_process_is_found_by_another() {
    let house = house_of(4).await;
    let beside = Store::open(&house.path(), OpenAs::Beside, RULES).unwrap();
    let mut told = Vec::new();
    for round in 0..12 {
        let word = format!("story{round}");
        // One story from each feed; the two processes take turns.
        for (feed, store) in [(1, &house.store), (2, &beside), (3, &house.store), (4, &beside)] {
            let copy = changed(entry(&word), |entry| entry.guid = format!("{word}-{feed}"));
            let done = store.commit(update(FeedId(feed), noon(), &[copy])).await.unwrap();
            assert_eq!(done.joined, u32::from(feed > 1), "{word} of feed {feed}");
        }
        told.push(word);
    }
    // Edited while it waits, by the one in which it does not, and the other goes on.
    let own = changed(entry("own"), |entry| entry.guid = "own-1".into());
    house.poll(1, noon(), std::slice::from_ref(&own)).await;
    let edited = changed(own, |entry| {
        entry.title = Some("Nothing but pears".into());
        entry.content = Some(Html::sanitized("<p>Nothing but pears now.</p>"));
    });
    beside.commit(update(FeedId(1), noon() + hours(1), &[edited])).await.unwrap();
    house.poll(3, noon(), &[entry("last")]).await;
    beside.close().await.unwrap();
    house.store.close().await.unwrap();
    assert_eq!(house.text("SELECT keys_from || index_from FROM state"), "");
    all_keys_are_written(&house);
    let stale = "SELECT count(*) FROM dedup_keys k WHERE NOT EXISTS (
        SELECT 1 FROM entries e WHERE e.id = k.entry_id
           AND instr(hex(e.dedup_keys), printf('%02X%02X', k.key & 255, k.key >> 8 & 255)) > 0)";
    assert_eq!(house.number(stale), 0);
    for word in &told {
        let hits = format!("SELECT count(*) FROM search('{word}')");
        assert_eq!(house.number(&hits), 1, "{word}");
    }
    house.shell().execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
}

/// Whoever opens the store completes it, and waits for transactions that others have open.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_opened_while_another_process_is_in_a_rush() {
    let house = house_of(1).await;
    house.poll(1, noon(), &[entry("pears")]).await;
    let beside = house.shell();
    beside.execute_batch("UPDATE state SET keys_from = 1, index_from = 1").unwrap();
    let path = house.path();
    let opening = std::thread::spawn(move || Store::open(&path, OpenAs::Beside, RULES).map(drop));
    let mut rounds = 0;
    while rounds < 300 && !opening.is_finished() {
        let write = "BEGIN IMMEDIATE; UPDATE state SET revision = revision + 1; COMMIT";
        beside.execute_batch(write).unwrap();
        rounds += 1;
    }
    opening.join().unwrap().unwrap();
    assert_eq!(house.text("SELECT keys_from || index_from FROM state"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_written_are_found_all_the_same_and_written_later() {
    let house = house_of(3).await;
    let fault = "CREATE TRIGGER fault BEFORE INSERT ON dedup_keys
                 BEGIN SELECT raise(ABORT, 'fault'); END";
    house.poll(1, noon(), &[entry("pears")]).await;
    house.shell().execute_batch(fault).unwrap();
    // In a rush they wait; else the commit fails, and the feed is asked again.
    let crane = update(FeedId(1), noon(), &[entry("crane")]);
    let was_kept = house.store.commit(crane.clone()).await.is_ok();
    house.shell().execute_batch("DROP TRIGGER fault").unwrap();
    if !was_kept {
        house.store.commit(crane).await.unwrap();
    }
    let told_again = changed(entry("crane"), |entry| entry.guid = "another".into());
    assert_eq!(house.poll(2, noon(), &[told_again]).await.joined, 1);
    house.store.close().await.unwrap();
    all_keys_are_written(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_that_waits_can_be_edited_and_taken_away() {
    const FEEDS: i64 = 200;
    let house = house_of(FEEDS).await;
    let first =
        (1..=FEEDS).map(|feed| update(FeedId(feed), noon(), &[entry(&format!("own{feed}"))]));
    let second = (1..=FEEDS).map(|feed| {
        let edited = changed(entry(&format!("own{feed}")), |entry| {
            entry.content = Some(Html::sanitized(format!("<p>Pears of tree{feed}.</p>")));
        });
        update(FeedId(feed), noon() + hours(1), &[edited])
    });
    // Each feed's edit right behind its first word.
    let updates = first.zip(second).flat_map(|(first, second)| [first, second]).collect();
    let mut both = Vec::new();
    for done in rush(&house, updates).await {
        both.push(done.unwrap());
    }
    assert_eq!(both.iter().map(|done| done.new_entries).sum::<u32>(), FEEDS as u32);
    house.store.close().await.unwrap();
    house.shell().execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
    assert_eq!(house.number("SELECT count(*) FROM search_docsize"), FEEDS);
    let stale = "SELECT count(*) FROM dedup_keys k WHERE NOT EXISTS (
        SELECT 1 FROM entries e WHERE e.id = k.entry_id)";
    assert_eq!(house.number(stale), 0);
    all_keys_are_written(&house);
}

/// Closes the store, and tells of how many entries what was left in it knows the keys. It knows
/// all that are in the table.
async fn filtered_to(house: &House) -> i64 {
    house.store.close().await.unwrap();
    let shell = house.shell();
    let from = house.number("SELECT filter_from FROM state");
    assert!(filter::Filter::work_to_load(&shell, from).unwrap().is_some());
    let filter = filter::Filter::load(&shell, from).unwrap().unwrap();
    let mut keys = shell.prepare("SELECT key FROM dedup_keys").unwrap();
    let keys = keys.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    let mut lacking = keys.map(Result::unwrap).filter(|key| !filter.may_have(*key));
    assert_eq!(lacking.next(), None);
    house.number("SELECT filter_to FROM state")
}

fn numbered(numbers: std::ops::Range<i64>, text: &str) -> Vec<Entry> {
    let told = numbers.map(|number| {
        changed(entry(&format!("told{number}")), |entry| {
            entry.title = Some(format!("{text} of {number}"));
            entry.url = Some(format!("https://example.org/{text}/{number}").parse().unwrap());
            let words: Vec<String> =
                (0..60).map(|at| format!("{text}{}", (number + 3) * (at * at + 7))).collect();
            entry.content = Some(Html::sanitized(format!("<p>{}</p>", words.join(" "))));
        })
    });
    told.collect()
}

#[tokio::test]
async fn which_keys_nobody_has_is_known_after_a_restart() {
    let mut house = House::with(&["one", "two", "three"]).await;
    house.poll(1, noon(), &numbered(0..60, "Apples")).await;
    assert_eq!(filtered_to(&house).await, 60);
    assert_eq!(
        house.number("SELECT sum(keys) FROM key_filters"),
        house.number("SELECT count(*) FROM dedup_keys")
    );

    // A few more, and other words for some that are known.
    again(&mut house).await;
    house.poll(1, noon() + hours(1), &numbered(55..65, "Pears")).await;
    assert_eq!(filtered_to(&house).await, 60);
    assert_eq!(house.number("SELECT count(*) FROM key_changes"), 5);
    again(&mut house).await;
    for (text, joined) in [("Pears", 1), ("Apples", 0)] {
        let copy = changed(numbered(57..58, text).remove(0), |entry| entry.guid = text.into());
        assert_eq!(house.poll(2, noon() + hours(2), &[copy]).await.joined, joined, "{text}");
    }

    // Many more: what is known of them is written as well.
    house.poll(3, noon() + hours(3), &numbered(100..160, "Plums")).await;
    assert_eq!(filtered_to(&house).await, 127);
    assert_eq!(house.number("SELECT count(*) FROM key_changes"), 0);
    assert_eq!(house.number("SELECT count(*) FROM key_filters"), 1);

    // The last ones are swept, and others get their numbers.
    again(&mut house).await;
    house.poll(3, noon() + hours(4), &numbered(200..201, "Cherries")).await;
    let keep = Duration::from_secs(86_400);
    house.store.sweep(noon() + hours(48), keep).await.unwrap();
    house.store.sweep(noon() + hours(49), keep).await.unwrap();
    let left = house.number("SELECT max(id) FROM entries");
    assert_eq!(filtered_to(&house).await, left.min(127));
    again(&mut house).await;
    house.poll(3, noon() + hours(50), &numbered(300..320, "Quinces")).await;
    filtered_to(&house).await;

    // Made otherwise, it is not read.
    house.shell().execute("UPDATE state SET filter_kind = filter_kind + 1", []).unwrap();
    assert_eq!(filter::Filter::work_to_load(&house.shell(), i64::MAX).unwrap(), None);
    again(&mut house).await;
    let again = changed(numbered(310..311, "Quinces").remove(0), |entry| entry.guid = "q".into());
    assert_eq!(house.poll(2, noon() + hours(51), &[again]).await.joined, 1);
    house.healthy().await;
}

/// FTS5 writes out what it has in memory whenever it is told of a row before the last one.
#[tokio::test]
async fn edits_of_many_articles_are_one_part_of_the_index() {
    let house = House::with(&["one"]).await;
    let said = |what: &str| -> Vec<Entry> {
        let entries = (0..40).map(|number| {
            changed(entry(&number.to_string()), |entry| {
                entry.content = Some(Html::sanitized(format!("<p>{what} of {number}</p>")));
            })
        });
        entries.collect()
    };
    house.poll(1, noon(), &said("Apples")).await;
    let mut edited = said("Pears");
    edited.reverse();
    house.poll(1, noon() + hours(1), &edited).await;
    assert_eq!(house.number("SELECT count(DISTINCT segid) FROM search_idx"), 2);
    assert_eq!((house.found("pears").await.len(), house.found("apples").await.len()), (40, 0));
    house.healthy().await;
}
