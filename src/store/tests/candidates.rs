//! How entries find each other in a store that is old, large, or of an earlier version.

use super::*;
use crate::store::migrations::MIGRATIONS;

const TEXT: &str = "<p>The harbour of Ostvik gives back its last crane after a long quarrel over \
    who owns the quay, the port authority said. Dockers had used it as a lookout, and gulls \
    nested in its cab, so nobody could agree on a day for taking it down.</p>";

const TITLE: &str = "Harbour gives back its last crane after quarrel";

fn story(feed: &str, published: Option<Time>) -> Entry {
    let address = format!("https://{feed}.example/crane");
    changed(entry("x"), |entry| {
        entry.guid.clone_from(&address);
        entry.url = Some(Url::parse(&address).unwrap());
        entry.title = Some(TITLE.into());
        entry.summary = None;
        entry.published = published;
        entry.content = Some(Html::sanitized(TEXT));
    })
}

fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

#[tokio::test]
async fn entries_find_each_other_across_the_border_of_two_periods() {
    // Periods of 28 days since 1970: 2026-03-12 is the first day of one.
    let border = at("2026-03-12T00:00:00Z");
    let house = House::with(&["one", "two"]).await;
    house.poll(1, border - hours(3), &[story("one", Some(border - hours(4)))]).await;
    let done = house.poll(2, border + hours(3), &[story("two", Some(border + hours(2)))]).await;
    assert_eq!(done.joined, 1);
    house.store.close().await.unwrap();
    assert_eq!(house.number("SELECT count(DISTINCT key >> 36) FROM dedup_keys"), 2);
}

#[tokio::test]
async fn a_feed_that_is_added_later_finds_what_was_seen_long_before() {
    let house = House::with(&["one", "two", "three"]).await;
    let told = noon() - days(300);
    house.poll(1, told + hours(1), &[story("one", Some(told))]).await;
    house.poll(3, noon(), &[entry("pears")]).await;
    // Its archive reaches back, and was published within hours of the other's.
    let done = house.poll(2, noon(), &[story("two", Some(told + hours(5)))]).await;
    assert_eq!(done.joined, 1);
    // The same text told again today is another one.
    let again = House::with(&["one", "two"]).await;
    again.poll(1, told + hours(1), &[story("one", Some(told))]).await;
    assert_eq!(again.poll(2, noon(), &[story("two", Some(noon()))]).await.joined, 0);
}

#[tokio::test]
async fn an_entry_that_is_edited_much_later_is_found_by_what_comes_then() {
    let house = House::with(&["one", "two"]).await;
    let first = changed(story("one", None), |entry| entry.content = None);
    house.poll(1, noon(), &[first]).await;
    let later = noon() + days(90);
    house.poll(1, later, &[story("one", Some(later))]).await;
    let done = house.poll(2, later + hours(1), &[story("two", Some(later))]).await;
    assert_eq!(done.joined, 1);
    house.healthy().await;
    house.store.close().await.unwrap();
    let stale = "SELECT count(*) FROM dedup_keys WHERE entry_id = 1 AND key >> 36 <>
                     (SELECT max(key >> 36) FROM dedup_keys)";
    assert_eq!(house.number(stale), 0);
}

#[tokio::test]
async fn a_key_that_too_many_share_is_passed_over_and_the_others_are_not() {
    let names: Vec<String> = (0..70).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let house = House::with(&names).await;
    // One title for all of them, and a text of its own for each.
    let told = |number: i64| {
        changed(story(&format!("f{number}"), Some(noon())), |entry| {
            let own = ["amber", "birch", "cedar", "delta", "ember"];
            let text: Vec<String> =
                (0..40).map(|at| format!("{}{number}", own[at % own.len()])).collect();
            entry.content = Some(Html::sanitized(format!("<p>{}</p>", text.join(" "))));
        })
    };
    for number in 0..69 {
        house.poll(number + 1, noon(), &[told(number)]).await;
    }
    let near = house.store.near(EntryId(3)).await.unwrap().unwrap();
    assert_eq!(near, Vec::new(), "a crowded title leads to nobody");
    let copy = changed(story("f69", Some(noon())), |entry| entry.content = told(5).content);
    assert_eq!(house.poll(70, noon() + hours(1), &[copy]).await.joined, 1);
}

#[tokio::test]
async fn a_store_of_before_periods_is_brought_up_to_date_and_finds_its_entries() {
    let house = House::with(&["one", "two"]).await;
    house.poll(1, noon(), &[story("one", Some(noon())), entry("pears")]).await;
    house.store.close().await.unwrap();
    as_of_before_periods(&house.shell());
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { folder: house.folder, store };
    assert_eq!(house.number("SELECT count(*) FROM dedup_keys WHERE key >= 1 << 47 OR key < 0"), 0);
    let done = house.poll(2, noon() + hours(1), &[story("two", Some(noon()))]).await;
    assert_eq!(done.joined, 1);
    // Keys of an old row go with it, and with an edit.
    let edited = changed(story("one", Some(noon())), |entry| {
        entry.content = Some(Html::sanitized("<p>Something else altogether stands here.</p>"));
    });
    house.poll(1, noon() + hours(2), &[edited]).await;
    let keys_in_row = "SELECT sum(length(dedup_keys)) / 8 FROM entries WHERE feed_id = 1 AND
                           guid LIKE '%crane'";
    let keys_of_row = "SELECT count(*) FROM dedup_keys WHERE entry_id =
                           (SELECT id FROM entries WHERE feed_id = 1 AND guid LIKE '%crane')";
    assert_eq!(house.number(keys_in_row), house.number(keys_of_row));
    house.store.sweep(noon() + days(400), Duration::from_secs(86_400)).await.unwrap();
    house.store.sweep(noon() + days(401), Duration::from_secs(86_400)).await.unwrap();
    house.healthy().await;
}

/// Takes the migrations from the fifth on back: whole hashes in rows and index.
fn as_of_before_periods(shell: &Connection) {
    let mut rows = shell.prepare("SELECT id, dedup_keys FROM entries").unwrap();
    let rows: Vec<(i64, Vec<u8>)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    shell.execute_batch("DROP TABLE dedup_keys").unwrap();
    let old = MIGRATIONS[0].split("\n\n").find(|sql| sql.contains("CREATE TABLE dedup_keys"));
    shell.execute_batch(old.unwrap()).unwrap();
    for (id, keys) in rows {
        let hashes: Vec<i64> = values::from_blob(&keys)
            .into_iter()
            .enumerate()
            // Bits above those that are kept, some of them the sign.
            .map(|(nth, key)| key & ((1 << 36) - 1) | (nth as i64 - 3) << 50 | 1 << 48)
            .collect();
        for &hash in &hashes {
            shell.execute("INSERT INTO dedup_keys VALUES (?1, ?2)", (hash, id)).unwrap();
        }
        let blob = values::blob(hashes);
        shell.execute("UPDATE entries SET dedup_keys = ?2 WHERE id = ?1", (id, blob)).unwrap();
    }
    let later = "DROP TABLE pushes; ALTER TABLE state DROP COLUMN html_version;
                 ALTER TABLE state DROP COLUMN cleaning_version;
                 ALTER TABLE state DROP COLUMN cleaned_to;
                 ALTER TABLE state DROP COLUMN keys_from;
                 ALTER TABLE state DROP COLUMN index_from;
                 DROP TABLE leases;
                 DROP TABLE key_filters; DROP TABLE key_changes;
                 ALTER TABLE state DROP COLUMN filter_from;
                 ALTER TABLE state DROP COLUMN filter_to;
                 ALTER TABLE state DROP COLUMN filter_kind;
                 ALTER TABLE feeds ADD COLUMN leased_until TEXT;
                 CREATE INDEX feeds_leased ON feeds (leased_until);";
    shell.execute_batch(later).unwrap();
    shell.pragma_update(None, "user_version", 4).unwrap();
}
