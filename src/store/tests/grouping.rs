//! Entries of several feeds that are one article, by the rules and by hand.

use super::*;

/// A story of some length, told at one of several addresses.
fn story(address: &str, title: &str, text: &str) -> Entry {
    changed(entry("x"), |entry| {
        entry.guid = address.into();
        entry.url = Some(Url::parse(address).unwrap());
        entry.title = Some(title.into());
        entry.summary = None;
        entry.content = (!text.is_empty()).then(|| Html::sanitized(text));
    })
}

const BRIDGE: &str = "<p>Workers have closed the old bridge over the river after a crack was \
    found in its third arch, the council said. Drivers have to take the ferry until an engineer \
    has looked at the stones, which may last for some weeks, and shops on the far bank fear for \
    their trade.</p>";

const TITLE: &str = "Old river bridge closed after crack found";

fn copies() -> [Entry; 2] {
    [
        story("https://one.example/bridge", TITLE, BRIDGE),
        story("https://two.example/8", TITLE, BRIDGE),
    ]
}

async fn grouped() -> House {
    let house = House::with(&["one", "two", "three"]).await;
    let [one, two] = copies();
    house.poll(1, noon(), &[one]).await;
    assert_eq!(house.poll(2, noon(), &[two]).await.joined, 1);
    house
}

#[tokio::test]
async fn the_same_text_in_two_feeds_is_one_article_with_its_reason_in_words() {
    let house = grouped().await;
    assert_eq!(house.river().await.len(), 1);
    assert_eq!(
        house.text("SELECT grouped_because FROM entries WHERE id = 2"),
        "same title, 100 % of the shorter text"
    );
    house.healthy().await;
}

#[tokio::test]
async fn a_feed_that_stands_alone_joins_nothing() {
    let house = House::with(&["one", "two"]).await;
    let mut settings = vec![setting("one"), setting("two")];
    settings[1].stands_alone = true;
    house.store.sync_feeds(settings, noon()).await.unwrap();
    let [one, two] = copies();
    house.poll(1, noon(), &[one]).await;
    house.poll(2, noon(), &[two]).await;
    assert_eq!(house.river().await.len(), 2);
}

#[tokio::test]
async fn a_footer_that_a_feed_repeats_joins_nothing_and_is_known_after_a_restart() {
    let footer = BRIDGE.replace("bridge", "page");
    let house = House::with(&["one", "two"]).await;
    for (number, word) in ["apples", "pears"].iter().enumerate() {
        let text = format!("<p>All about {word}, and nothing else.</p>{footer}");
        let address = format!("https://one.example/{word}");
        house.poll(1, noon() + hours(number as i64), &[story(&address, word, &text)]).await;
    }
    house.store.close().await.unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let text = format!("<p>Plums are what matters here.</p>{footer}");
    let plums = story("https://two.example/plums", "What matters about plums today", &text);
    let done = store.commit(update(FeedId(2), noon() + hours(3), &[plums])).await.unwrap();
    assert_eq!(done.joined, 0);
}

#[tokio::test]
async fn an_entry_that_gains_its_text_later_joins_then() {
    let house = House::with(&["one", "two"]).await;
    let [one, two] = copies();
    let early = changed(two.clone(), |entry| {
        entry.title = Some("Bridge news".into());
        entry.content = None;
    });
    house.poll(1, noon(), &[one]).await;
    house.poll(2, noon(), &[early]).await;
    assert_eq!(house.river().await.len(), 2);
    house.poll(2, noon() + hours(1), &[two]).await;
    assert_eq!(house.river().await.len(), 1);
    house.healthy().await;
}

#[tokio::test]
async fn a_persons_split_outlives_polls_and_regrouping_and_a_merge_takes_it_back() {
    let house = grouped().await;
    let id = house.text("SELECT public_id FROM articles");
    assert!(house.store.split(EntryId(2), noon()).await.unwrap().is_some());
    assert_eq!(house.river().await.len(), 2);
    house.healthy().await;
    let report = house.store.regroup(noon()).await.unwrap();
    assert_eq!(report.changes, Vec::<String>::new());
    let edited = changed(copies()[1].clone(), |entry| entry.authors.clear());
    house.poll(2, noon() + hours(1), &[edited]).await;
    assert_eq!(house.river().await.len(), 2);
    let near = house.store.near(EntryId(2)).await.unwrap().unwrap();
    assert!(near[0].reason.ends_with("they were split by hand"), "{near:?}");

    let river = house.river().await;
    let (one, other) = (river[0].id.clone(), river[1].id.clone());
    assert!(house.store.merge(one, other, noon()).await.unwrap().is_some());
    assert_eq!(house.river().await.len(), 1);
    assert_eq!(house.text("SELECT public_id FROM articles"), id);
    assert_eq!(house.store.regroup(noon()).await.unwrap().changes, Vec::<String>::new());
    assert_eq!(house.river().await.len(), 1);
    house.healthy().await;
}

/// Each entry is edited, and fetched again after a restart and a regrouping: whatever was
/// said by hand stands.
#[tokio::test]
async fn what_people_said_outlives_restarts_edits_and_regroupings() {
    let house = grouped().await;
    house.poll(3, noon(), &[entry("pears")]).await;
    house.store.split(EntryId(2), noon()).await.unwrap().unwrap();
    let pears = house.text("SELECT public_id FROM articles ORDER BY id LIMIT 1 OFFSET 1");
    let bridge = copies()[0].guid.clone();
    house.store.merge(bridge, pears, noon()).await.unwrap().unwrap();
    let groups = "SELECT group_concat(entries) FROM (SELECT group_concat(id) AS entries
                    FROM (SELECT * FROM entries ORDER BY id) GROUP BY article_id ORDER BY min(id))";
    let expected = house.text(groups);
    assert_eq!(expected, "1,3,2");
    house.store.close().await.unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { folder: house.folder, store };
    for round in 1..4 {
        let when = noon() + hours(round);
        let edit =
            |told: Entry| changed(told, |entry| entry.authors = vec![format!("Editor {round}")]);
        let [one, two] = copies().map(edit);
        house.poll(1, when, &[one]).await;
        house.poll(2, when, &[two]).await;
        house.poll(3, when, &[edit(entry("pears"))]).await;
        assert_eq!(house.text(groups), expected, "after edits");
        house.store.regroup(when).await.unwrap();
        assert_eq!(house.text(groups), expected, "after a regrouping");
    }
    house.healthy().await;
}

/// An entry that is edited back and forth stays in one article, with one public id.
#[tokio::test]
async fn an_edit_brings_together_and_never_parts() {
    let house = grouped().await;
    let articles = "SELECT group_concat(public_id) FROM articles";
    let before = house.text(articles);
    for round in 0..6 {
        let [_, mut two] = copies();
        if round % 2 == 0 {
            two = changed(two, |entry| {
                entry.title = Some(format!("Nothing of the kind {round}"));
                entry.content = Some(Html::sanitized(format!("<p>Draft {round}.</p>")));
            });
        }
        house.poll(2, noon() + hours(round + 1), &[two]).await;
        assert_eq!(house.text(articles), before, "after edit {round}");
    }
    house.healthy().await;
}

#[tokio::test]
async fn two_entries_of_a_feed_that_stands_alone_stay_two_when_regrouped() {
    let house = House::with(&["one"]).await;
    let mut settings = vec![setting("one")];
    settings[0].stands_alone = true;
    house.store.sync_feeds(settings, noon()).await.unwrap();
    let [told, _] = copies();
    let again = changed(told.clone(), |entry| entry.guid = "the same page under a new guid".into());
    house.poll(1, noon(), std::slice::from_ref(&told)).await;
    house.poll(1, noon() + hours(1), &[told, again]).await;
    let before = house.river().await.len();
    house.store.regroup(noon() + hours(2)).await.unwrap();
    assert_eq!(house.river().await.len(), before);
}

#[tokio::test]
async fn what_was_merged_by_hand_stays_together_whatever_the_rules_say() {
    let house = House::with(&["one", "two"]).await;
    house.poll(1, noon(), &[entry("apples")]).await;
    house.poll(2, noon(), &[entry("pears")]).await;
    let river = house.river().await;
    house.store.merge(river[0].id.clone(), river[1].slug.clone(), noon()).await.unwrap();
    house.store.regroup(noon()).await.unwrap();
    assert_eq!(house.river().await.len(), 1);
    assert_eq!(house.number("SELECT count(*) FROM entries WHERE grouped_by = 'hand'"), 1);
    house.healthy().await;
}

#[tokio::test]
async fn regrouping_mends_wrong_groups_keeps_public_ids_and_changes_nothing_the_second_time() {
    let house = grouped().await;
    let [one, _] = copies();
    house.poll(3, noon(), &[entry("pears")]).await;
    let ids = "SELECT group_concat(public_id) FROM (SELECT public_id FROM articles ORDER BY 1)";
    let before = house.text(ids);
    // A wrong group, as an older version may have made it, and a right one taken apart.
    house.store.merge(one.guid.clone(), "2".into(), noon()).await.unwrap();
    house.shell().execute("DELETE FROM hands", []).unwrap();
    assert_eq!(house.river().await.len(), 1);
    let report = house.store.regroup(noon()).await.unwrap();
    assert!(!report.changes.is_empty());
    assert_eq!((report.entries, report.articles), (3, 2));
    house.healthy().await;
    assert_eq!(house.text(ids), before);
    assert_eq!(house.store.regroup(noon()).await.unwrap().changes, Vec::<String>::new());
    assert_eq!(one.guid, house.text("SELECT public_id FROM articles ORDER BY id"));
}

#[tokio::test]
async fn the_heir_of_a_representative_is_the_origins_own_entry() {
    let house = House::with(&["one", "two", "three"]).await;
    let [one, _] = copies();
    let planet = changed(one.clone(), |entry| {
        entry.origin =
            Some(crate::model::Origin { id: Some("tag:one".into()), ..Default::default() });
    });
    house.poll(3, noon(), std::slice::from_ref(&one)).await;
    house.poll(2, noon() + hours(1), &[planet]).await;
    house.poll(1, noon() + hours(2), &[one]).await;
    assert_eq!(house.river().await.len(), 1);
    house.store.split(EntryId(1), noon()).await.unwrap();
    assert_eq!(house.number("SELECT entry_id FROM articles ORDER BY id LIMIT 1"), 3);
    house.healthy().await;
}

#[tokio::test]
async fn near_entries_are_told_with_the_reason_why_they_were_not_joined() {
    let house = House::with(&["one", "two"]).await;
    let [one, _] = copies();
    let form =
        BRIDGE.replace("third", "fifth").replace("river", "Avon").replace("council", "Mayor");
    house.poll(1, noon(), &[one]).await;
    house.poll(2, noon(), &[story("https://two.example/9", TITLE, &form)]).await;
    assert_eq!(house.river().await.len(), 2);
    let near = house.store.near(EntryId(2)).await.unwrap().unwrap();
    assert_eq!((near.len(), near[0].entry), (1, EntryId(1)));
    assert!(near[0].reason.starts_with("a form: "), "{}", near[0].reason);
    assert_eq!(house.store.near(EntryId(77)).await.unwrap(), None);
}
