//! The river, outputs, and groups of entries.

use super::*;
use crate::model::{Arrived, OutputFilter};

fn dated(word: &str, when: Time) -> Entry {
    changed(entry(word), |entry| entry.published = Some(when))
}

fn titles(articles: &[Article]) -> Vec<&str> {
    articles.iter().filter_map(|article| article.title.as_deref()).collect()
}

#[tokio::test]
async fn pages_of_the_river_join_without_gap_or_overlap() {
    let house = House::with(&["a"]).await;
    // Three in each place, so that the row number has to decide.
    let entries: Vec<Entry> =
        (0..30).map(|number| dated(&number.to_string(), noon() - hours(number / 3))).collect();
    house.poll(1, noon(), &entries).await;
    let whole = house.river().await;
    assert_eq!(titles(&whole), titles_of(&entries), "as in the document");
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let query = ArticleQuery { before, limit: 7, ..Default::default() };
        let page = house.store.articles(query).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.position, last.row));
        paged.extend(page);
    }
    assert_eq!(titles(&paged), titles(&whole));
    let since = ArticleQuery { since: Some(noon() - hours(1)), limit: 100, ..Default::default() };
    assert_eq!(house.store.articles(since).await.unwrap().len(), 6);
}

fn titles_of(entries: &[Entry]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry.title.as_deref()).collect()
}

#[tokio::test]
async fn undated_entries_of_a_first_document_stand_an_hour_apart_in_its_order() {
    let house = House::with(&["a"]).await;
    let undated = |word: &str| changed(entry(word), |entry| entry.published = None);
    house.poll(1, noon(), &["one", "two", "three"].map(undated)).await;
    house.poll(1, noon() + hours(5), &[undated("new"), undated("newer")]).await;
    let river = house.river().await;
    assert_eq!(
        titles(&river),
        ["About new", "About newer", "About one", "About two", "About three"]
    );
    assert_eq!(river[0].position, noon() + hours(5));
    assert_eq!(river[1].position, noon() + hours(5));
    assert_eq!(river[4].position, noon() - hours(2));
}

#[tokio::test]
async fn an_output_takes_in_its_tags_and_feeds_and_so_many_of_each() {
    let house = House::with(&["a", "b", "c"]).await;
    house.poll(1, noon(), &[entry("a1"), entry("a2"), entry("a3")]).await;
    house.poll(2, noon(), &[entry("b1"), entry("a1")]).await;
    let ask = |filter: OutputFilter| {
        let store = house.store.clone();
        async move {
            let query = ArticleQuery { filter, limit: 10, ..Default::default() };
            store.articles(query).await.unwrap().len()
        }
    };
    let tags = |tags: &[&str]| OutputFilter {
        tags: tags.iter().map(|it| (*it).into()).collect(),
        ..Default::default()
    };
    assert_eq!(ask(tags(&["all"])).await, 4);
    assert_eq!(ask(tags(&["tag-b"])).await, 2, "its own and the one that it shares");
    assert_eq!(ask(tags(&["tag-c", "tag-a"])).await, 3);
    assert_eq!(ask(tags(&["nobody"])).await, 0);
    let of_a = OutputFilter { feeds: vec!["a".into()], ..tags(&["tag-b"]) };
    assert_eq!(ask(of_a).await, 0, "each list narrows");
    assert_eq!(ask(OutputFilter { max_per_feed: Some(1), ..Default::default() }).await, 2);
    let only = house.store.articles_that(ArticleQuery { limit: 1, ..Default::default() }, |it| {
        it.title.as_deref() == Some("About a3")
    });
    assert_eq!(titles(&only.await.unwrap()), ["About a3"]);
}

#[tokio::test]
async fn the_arrivals_of_a_feed_that_is_seldom_met_are_found_below_all_others() {
    let house = House::with(&["seldom", "often"]).await;
    let first: Vec<Entry> =
        (0..4).map(|hour| dated(&format!("old {hour}"), noon() - hours(hour))).collect();
    house.poll(1, noon(), &first).await;
    // More than are looked at before the feed's own list is.
    let many: Vec<Entry> = (0..2_200).map(|number| dated(&number.to_string(), noon())).collect();
    house.poll(2, noon(), &many).await;
    house.poll(1, noon(), &[dated("new", noon() - hours(9))]).await;
    let filter = OutputFilter { feeds: vec!["seldom".into()], ..Default::default() };
    let arrived = Some(Arrived::ALL);
    let query = ArticleQuery { filter, arrived, limit: 4, ..Default::default() };
    let found = house.store.articles(query).await.unwrap();
    // A document's entries arrive from its end, the oldest first.
    assert_eq!(titles(&found), ["About new", "About old 0", "About old 1", "About old 2"]);
    assert!(found.is_sorted_by_key(|article| std::cmp::Reverse(article.row)));
}

#[tokio::test]
async fn two_articles_that_a_third_entry_joins_become_the_older_one_and_both_ids_find_it() {
    let house = House::with(&["a", "b", "c"]).await;
    let told = |word: &str, guid: &str| changed(entry(word), |entry| entry.guid = guid.into());
    house.poll(1, noon(), &[told("story", "tag:a,2026:1")]).await;
    house.poll(2, noon() + hours(1), &[told("other", "tag:b,2026:2")]).await;
    assert_eq!(house.river().await.len(), 2);
    let done = house.poll(3, noon() + hours(2), &[told("story", "tag:b,2026:2")]).await;
    assert_eq!(done.joined, 1);
    let river = house.river().await;
    assert_eq!(river.len(), 1);
    assert_eq!(river[0].id, "tag:a,2026:1");
    assert_eq!(river[0].sources.len(), 3);
    for id in ["tag:a,2026:1", "tag:b,2026:2"] {
        let (article, members) = house.store.article(id.into()).await.unwrap().unwrap();
        assert_eq!((article.id.as_str(), members.len()), ("tag:a,2026:1", 3));
    }
    assert_eq!(house.found("about").await.len(), 1);
    house.healthy().await;
}

#[tokio::test]
async fn a_feed_that_stands_alone_joins_nothing_and_nothing_joins_it() {
    let house = House::with(&["a"]).await;
    let alone = FeedSetting { stands_alone: true, ..setting("alone") };
    house.store.sync_feeds(vec![setting("a"), alone, setting("b")], noon()).await.unwrap();
    for feed in [2, 1, 3] {
        house.poll(feed, noon(), &[entry("one")]).await;
    }
    let mut groups: Vec<usize> = house.river().await.iter().map(|it| it.sources.len()).collect();
    groups.sort_unstable();
    assert_eq!(groups, [1, 2]);
}

#[tokio::test]
async fn an_address_that_many_entries_share_joins_nothing() {
    let house = House::with(&["a", "b"]).await;
    let there = |word: &str| {
        changed(entry(word), |it| it.url = Some("https://example.org/list".parse().unwrap()))
    };
    let many: Vec<Entry> = (0..61).map(|number| there(&format!("n{number}"))).collect();
    house.poll(1, noon(), &many).await;
    assert_eq!(house.poll(2, noon(), &[there("other")]).await.joined, 0);
}

#[tokio::test]
async fn entries_far_apart_in_time_are_not_joined() {
    let house = House::with(&["a", "b"]).await;
    house.poll(1, noon(), &[dated("one", noon() - hours(24 * 30))]).await;
    assert_eq!(house.poll(2, noon(), &[dated("one", noon())]).await.joined, 0);
}

#[tokio::test]
async fn an_entry_that_only_tells_its_update_stands_there_and_an_edit_moves_nothing() {
    let house = House::with(&["a"]).await;
    let mut told = entry("one");
    told.published = None;
    told.updated = Some(noon() - hours(48));
    house.poll(1, noon(), &[told.clone()]).await;
    assert_eq!(house.river().await[0].position, noon() - hours(48));
    told.updated = Some(noon());
    told.raw_hash += 1;
    house.poll(1, noon() + hours(1), &[told]).await;
    assert_eq!(house.river().await[0].position, noon() - hours(48));
}
