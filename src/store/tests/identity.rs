//! Guids as feeds really use them.

use super::*;

#[tokio::test]
async fn a_guid_used_for_another_text_is_another_entry() {
    let house = House::with(&["a"]).await;
    let with_guid = |word: &str, when: &str| {
        changed(entry(word), |entry| {
            entry.guid = "the-guid".into();
            entry.published = Some(at(when));
        })
    };
    house.poll(1, noon(), &[with_guid("monday", "2026-02-23T08:00:00Z")]).await;
    let done =
        house.poll(1, noon() + hours(1), &[with_guid("tuesday", "2026-02-24T08:00:00Z")]).await;
    assert_eq!(done.new_entries, 1);
    let river = house.river().await;
    assert_eq!(river.len(), 2);
    assert_ne!(river[0].id, river[1].id);
    let known = house.store.known(FeedId(1), vec!["the-guid".into(), "no".into()]).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known["the-guid"].len(), 2);
    house.healthy().await;
}

#[tokio::test]
async fn entries_of_one_guid_in_one_document_are_all_kept_and_stay() {
    let house = House::with(&["a"]).await;
    let home = |word: &str| {
        changed(entry(word), |entry| {
            entry.guid = "https://a.example/".into();
            entry.url = Some("https://a.example/".parse().unwrap());
        })
    };
    let first: Vec<Entry> = ["one", "two", "three"].map(home).into();
    assert_eq!(house.poll(1, noon(), &first).await.new_entries, 3);
    assert_eq!(house.poll(1, noon() + hours(1), &first).await, Committed::default());
    // The next document has a new one on top; the poll hands over what is not known.
    let mut next = update(FeedId(1), noon() + hours(2), &[home("zero")]);
    next.reading.as_mut().unwrap().guids = vec!["https://a.example/".into(); 4];
    assert_eq!(house.store.commit(next).await.unwrap().new_entries, 1);
    let ids: std::collections::HashSet<_> =
        house.river().await.into_iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(
        ids.iter().all(|id| id.starts_with("urn:uuid:")),
        "a home page is nobody's id: {ids:?}"
    );
    house.healthy().await;
}

#[tokio::test]
async fn ten_thousand_entries_of_one_guid_are_taken_in() {
    let house = House::with(&["a"]).await;
    let entries: Vec<Entry> = (0..10_000)
        .map(|number| changed(entry(&number.to_string()), |entry| entry.guid = "same".into()))
        .collect();
    // Each compared with each would be minutes.
    assert_eq!(house.poll(1, noon(), &entries).await.new_entries, 10_000);
}

#[tokio::test]
async fn a_guid_renewed_at_every_poll_makes_no_new_entry_and_no_new_output() {
    let house = House::with(&["a"]).await;
    let renewed = |number: u32| {
        changed(entry("one"), |entry| {
            entry.guid = format!("session-{number}");
            entry.published = Some(noon() + hours(i64::from(number)));
        })
    };
    house.poll(1, noon(), &[renewed(0)]).await;
    let before = house.river().await;
    let revision = house.store.revision().await.unwrap();
    for number in 1..4 {
        let done = house.poll(1, noon() + hours(number.into()), &[renewed(number)]).await;
        assert_eq!(done, Committed::default());
    }
    let after = house.river().await;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&after[0].id, after[0].changed, after[0].published),
        (&before[0].id, before[0].changed, before[0].published)
    );
    assert_eq!(after[0].sources[0].guid, "session-3");
    assert_eq!(house.store.revision().await.unwrap(), revision);
    house.healthy().await;
}

#[tokio::test]
async fn the_same_text_under_two_guids_of_one_document_stays_two_entries() {
    let house = House::with(&["a"]).await;
    let other = changed(entry("one"), |entry| entry.guid = "other".into());
    house.poll(1, noon(), &[entry("one")]).await;
    assert_eq!(house.poll(1, noon() + hours(1), &[entry("one"), other]).await.new_entries, 1);
}

#[tokio::test]
async fn title_and_address_may_change_at_once_where_the_date_stays() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let renamed = changed(entry("better"), |it| it.guid = entry("one").guid);
    let done = house.poll(1, noon() + hours(1), &[renamed]).await;
    assert_eq!(done, Committed { changed_entries: 1, ..Default::default() });
}

#[tokio::test]
async fn public_ids_are_made_from_the_entry_and_never_from_row_numbers() {
    let plain = |word: &str| changed(entry(word), |entry| entry.url = None);
    let mut seen = Vec::new();
    for names in [&["a", "b"][..], &["x", "b", "a"]] {
        let house = House::with(names).await;
        for (feed, name) in (1_i64..).zip(names) {
            house.poll(feed, noon(), &[plain(name)]).await;
        }
        let mut ids: Vec<_> = house.river().await.into_iter().map(|it| (it.title, it.id)).collect();
        ids.retain(|(title, _)| title.as_deref() != Some("About x"));
        ids.sort();
        seen.push(ids);
    }
    assert_eq!(seen[0].len(), 2);
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn an_id_of_the_origin_is_an_iri_that_names_one_thing() {
    use crate::store::identity::is_id_iri;
    for good in
        ["tag:example.org,2026:1", "https://example.org/?p=12", "urn:uuid:1", "HTTP://a.example/x"]
    {
        assert!(is_id_iri(good), "{good}");
    }
    for bad in [
        "",
        "12",
        "https://example.org/",
        "http:",
        "javascript:alert(1)",
        "C:\\x",
        "post:1",
        "https://a.example/a b",
        "tag:",
    ] {
        assert!(!is_id_iri(bad), "{bad}");
    }
}

#[tokio::test]
async fn a_document_of_thousands_is_committed_as_a_whole_or_not_at_all() {
    let house = House::with(&["a"]).await;
    let many: Vec<Entry> = (0..600).map(|number| entry(&format!("entry-{number}"))).collect();
    house
        .shell()
        .execute_batch(
            "CREATE TRIGGER fails BEFORE INSERT ON entries WHEN new.guid LIKE '%entry-599'
         BEGIN SELECT raise(ABORT, 'no'); END",
        )
        .unwrap();
    assert!(house.store.commit(update(FeedId(1), noon(), &many)).await.is_err());
    assert!(house.river().await.is_empty());
    house.shell().execute_batch("DROP TRIGGER fails").unwrap();
    house.poll(1, noon(), &many).await;
    assert_eq!(house.river().await.len(), 600);
}
