//! Retention: what goes, what stays, and that nothing comes back.

use super::*;

const KEEP: Duration = Duration::from_secs(30 * 86_400);

fn day(number: i64) -> Time {
    noon() + hours(24 * number)
}

fn guids(update: &mut FeedUpdate, words: &[&str]) {
    update.reading.as_mut().unwrap().guids = words.iter().map(|it| format!("guid-{it}")).collect();
}

#[tokio::test]
async fn what_is_old_and_shown_no_more_goes_and_does_not_come_back() {
    let house = House::with(&["a"]).await;
    house.poll(1, day(0), &[entry("shown"), entry("gone")]).await;
    let mut next = update(FeedId(1), day(20), &[entry("young")]);
    guids(&mut next, &["shown", "young"]);
    house.store.commit(next).await.unwrap();
    assert_eq!(house.store.sweep(day(29), KEEP).await.unwrap(), Swept::default());
    let revision = house.store.revision().await.unwrap();
    let swept = house.store.sweep(day(31), KEEP).await.unwrap();
    assert_eq!((swept.entries, swept.articles), (1, 1));
    assert!(house.store.revision().await.unwrap() > revision);
    assert_eq!(house.found("gone").await, Vec::<String>::new());
    house.healthy().await;
    // The feed shows it again.
    let again = house.poll(1, day(32), &[entry("shown"), entry("young"), entry("gone")]).await;
    assert_eq!(again, Committed::default());
    // Another text under that guid is news.
    let other = changed(entry("news"), |it| {
        it.guid = entry("gone").guid;
        it.published = Some(day(33));
    });
    assert_eq!(house.poll(1, day(33), &[other]).await.new_entries, 1);
    house.healthy().await;
}

#[tokio::test]
async fn a_quiet_feed_is_never_emptied() {
    let house = House::with(&["a"]).await;
    house.poll(1, day(0), &[entry("one"), entry("two")]).await;
    for months in 1..20 {
        let now = day(months);
        house.store.sweep(now, Duration::from_secs(60)).await.unwrap();
    }
    assert_eq!(house.river().await.len(), 2);
}

#[tokio::test]
async fn an_article_outlives_its_representative_with_its_id() {
    let house = House::with(&["a", "b"]).await;
    house.poll(1, day(0), &[entry("one")]).await;
    house.poll(2, day(0), &[entry("one")]).await;
    let before = house.river().await;
    house.configure(&["b"]).await;
    house.store.sweep(day(31), KEEP).await.unwrap();
    let after = house.river().await;
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].id, before[0].id);
    assert_eq!(after[0].sources.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(house.found("about").await.len(), 1);
    assert_eq!(house.number("SELECT count(*) FROM feeds"), 1, "the removed feed is forgotten");
    house.healthy().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_sweeps_nothing_at_once() {
    let house = House::with(&["a"]).await;
    house.poll(1, day(0), &[entry("one")]).await;
    let mut next = update(FeedId(1), day(1), &[]);
    guids(&mut next, &[]);
    house.store.commit(next).await.unwrap();
    house.store.sweep(day(1), KEEP).await.unwrap();
    assert_eq!(house.store.sweep(day(365), KEEP).await.unwrap(), Swept::default());
    assert_eq!(house.store.sweep(day(2), KEEP).await.unwrap(), Swept::default());
    assert_eq!(house.river().await.len(), 1);
}

#[tokio::test]
async fn many_old_entries_go_in_steps_and_the_space_comes_back() {
    let house = House::with(&["a"]).await;
    let long = "word ".repeat(1_000);
    let entries: Vec<Entry> = (0..1_700)
        .map(|number| {
            changed(entry(&number.to_string()), |it| it.content = Some(Html::sanitized(&*long)))
        })
        .collect();
    house.poll(1, day(0), &entries).await;
    let mut next = update(FeedId(1), day(1), &[entry("last")]);
    guids(&mut next, &["last"]);
    house.store.commit(next).await.unwrap();
    let pages = house.number("SELECT page_count FROM pragma_page_count");
    let swept = house.store.sweep(day(31), KEEP).await.unwrap();
    assert_eq!((swept.entries, swept.articles, swept.fetches), (1_700, 1_700, 1));
    let left = house.number("SELECT page_count FROM pragma_page_count");
    let free = house.number("SELECT freelist_count FROM pragma_freelist_count");
    assert!(left < pages / 10, "{left} of {pages} pages, {free} free");
    house.healthy().await;
}
