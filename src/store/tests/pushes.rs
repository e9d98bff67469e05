//! What hubs bring: noted before they are answered, and never forgotten before it is in.

use super::*;

async fn due(house: &House) -> Vec<FeedId> {
    let due = house.store.claim(Claim::Due, noon(), 9, Duration::from_secs(60)).await.unwrap();
    due.into_iter().map(|feed| feed.id).collect()
}

#[tokio::test]
async fn a_note_ends_with_the_commit_of_its_own_push_alone() {
    let house = House::with(&["a"]).await;
    let one = house.store.note_push(FeedId(1), noon()).await.unwrap();
    let two = house.store.note_push(FeedId(1), noon()).await.unwrap();
    assert_ne!(one, two);
    let raise = "CREATE TRIGGER fault BEFORE INSERT ON entries BEGIN SELECT raise(ABORT, 'f'); END";
    house.shell().execute_batch(raise).unwrap();
    let push = update(FeedId(1), noon(), &[entry("one")]);
    house.store.commit_push(one, push.clone(), Committed::default()).await.unwrap_err();
    assert_eq!(house.number("SELECT count(*) FROM pushes"), 2);
    house.shell().execute_batch("DROP TRIGGER fault").unwrap();
    house.store.commit_push(one, push, Committed::default()).await.unwrap();
    assert_eq!(house.number("SELECT id FROM pushes"), two.0);
    house.store.settle_push(two).await.unwrap();
    assert_eq!(house.number("SELECT count(*) FROM pushes"), 0);
}

#[tokio::test]
async fn the_feed_of_a_push_that_was_not_taken_in_is_due_at_the_next_start() {
    let house = House::with(&["a", "b"]).await;
    for feed in [1, 2] {
        house.poll(feed, noon(), &[entry("one")]).await;
    }
    house.store.note_push(FeedId(2), noon()).await.unwrap();
    assert_eq!(due(&house).await, []);
    house.store.close().await.unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { store, ..house };
    assert_eq!(house.store.redeem_pushes(noon()).await.unwrap(), 1);
    assert_eq!(due(&house).await, [FeedId(2)]);
    assert_eq!(house.store.redeem_pushes(noon()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_feed_that_is_polled_for_a_push_is_given_the_rest_that_its_server_asked_for() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let rest = "UPDATE feeds SET rest_until = '2026-03-01T12:30:00.000Z'";
    house.shell().execute(rest, []).unwrap();
    let push = house.store.note_push(FeedId(1), noon()).await.unwrap();
    house.store.poll_for_push(push, FeedId(1), noon()).await.unwrap();
    assert_eq!(house.text("SELECT next_poll FROM feeds"), "2026-03-01T12:30:00.000Z");
    assert_eq!(house.number("SELECT count(*) FROM pushes"), 0);
}
