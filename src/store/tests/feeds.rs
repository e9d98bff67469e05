//! Which feeds are due, for whom, and what people see of them.

use super::*;
use crate::model::RetryAfter;

const LEASE: Duration = Duration::from_secs(120);

async fn names(house: &House, which: Claim, now: Time) -> Vec<String> {
    let claimed = house.store.claim(which, now, 100, LEASE).await.unwrap();
    claimed.into_iter().map(|feed| feed.name).collect()
}

#[tokio::test]
async fn a_claimed_feed_is_nobody_elses_until_its_lease_ends() {
    let house = House::with(&["a", "b"]).await;
    let beside = Store::open(&house.path(), OpenAs::Beside, RULES).unwrap();
    assert_eq!(names(&house, Claim::Due, noon()).await, ["a", "b"]);
    assert!(beside.claim(Claim::Every, noon(), 9, LEASE).await.unwrap().is_empty());
    assert_eq!(house.store.next_due().await.unwrap(), Some(noon() + LEASE));
    house.store.release(vec![FeedId(2)]).await.unwrap();
    assert_eq!(names(&house, Claim::Due, noon()).await, ["b"]);
    assert_eq!(names(&house, Claim::Due, noon() + hours(1)).await, ["a", "b"]);
}

#[tokio::test]
async fn a_commit_gives_the_lease_back_and_sets_the_next_poll() {
    let house = House::with(&["a", "b"]).await;
    names(&house, Claim::Due, noon()).await;
    house.poll(1, noon(), &[]).await;
    house.poll(2, noon() - hours(1), &[]).await;
    assert_eq!(house.store.next_due().await.unwrap(), Some(noon()));
    assert_eq!(names(&house, Claim::Due, noon()).await, ["b"]);
    house.store.release(vec![FeedId(2)]).await.unwrap();
    assert_eq!(names(&house, Claim::Due, noon() + hours(9)).await, ["b", "a"], "longest due first");
}

#[tokio::test]
async fn every_feed_comes_once_for_one_instant() {
    let house = House::with(&["a", "b"]).await;
    house.poll(1, noon(), &[]).await;
    let start = noon() + hours(1);
    assert_eq!(names(&house, Claim::Every, start).await, ["a", "b"], "as they lie in the file");
    house.poll(1, start + TimeDelta::seconds(1), &[]).await;
    house.poll(2, start + TimeDelta::seconds(1), &[]).await;
    assert!(names(&house, Claim::Every, start).await.is_empty());
    assert_eq!(names(&house, Claim::EveryOf(vec!["b".into()]), start + hours(1)).await, ["b"]);
}

#[tokio::test]
async fn who_asked_for_rest_or_is_gone_is_not_polled_even_by_force() {
    let house = House::with(&["a", "b", "c"]).await;
    let mut rest = update(FeedId(1), noon(), &[]);
    rest.memory.retry_after = Some(RetryAfter { until: noon() + hours(2), whole_host: false });
    house.store.commit(rest).await.unwrap();
    let mut gone = update(FeedId(2), noon(), &[]);
    (gone.state, gone.next_poll) = (FeedState::Gone, None);
    house.store.commit(gone).await.unwrap();
    assert_eq!(names(&house, Claim::Every, noon() + hours(1)).await, ["c"]);
    assert_eq!(names(&house, Claim::Every, noon() + hours(3)).await, ["a", "c"]);
}

#[tokio::test]
async fn a_feed_that_is_put_off_is_not_due_before() {
    let house = House::with(&["a", "b"]).await;
    let due = house.store.claim(Claim::Due, noon(), 9, hours(1).to_std().unwrap()).await.unwrap();
    house.store.put_off(vec![(due[0].id, noon() + hours(1))]).await.unwrap();
    house.store.release(vec![due[1].id]).await.unwrap();
    let now = house.store.claim(Claim::Due, noon(), 9, hours(1).to_std().unwrap()).await.unwrap();
    assert_eq!(now.iter().map(|feed| feed.id).collect::<Vec<_>>(), [due[1].id]);
    assert!(names(&house, Claim::Due, noon() + hours(1)).await.contains(&due[0].name));
}

#[tokio::test]
async fn a_hosts_rest_is_known_after_a_restart_and_a_feeds_own_is_not_the_hosts() {
    let house = House::with(&["a", "b"]).await;
    for (feed, whole_host) in [(1, true), (2, false)] {
        let mut rest = update(FeedId(feed), noon(), &[]);
        rest.memory.retry_after = Some(RetryAfter { until: noon() + hours(2), whole_host });
        house.store.commit(rest).await.unwrap();
    }
    let rests = house.store.rests(noon()).await.unwrap();
    assert_eq!(rests.len(), 1);
    assert_eq!(rests[0].1, noon() + hours(2));
    assert!(house.store.rests(noon() + hours(3)).await.unwrap().is_empty());
}

#[tokio::test]
async fn feeds_that_are_due_at_once_can_be_spread() {
    let house = House::with(&["a", "b", "c"]).await;
    let wait =
        |nth: usize, of: usize| std::time::Duration::from_secs(3600 * nth as u64 / of as u64);
    house.store.spread_due(noon(), wait).await.unwrap();
    assert_eq!(names(&house, Claim::Due, noon()).await.len(), 1);
}

#[tokio::test]
async fn a_feed_that_leaves_the_config_is_paused_and_comes_back_as_it_was() {
    let house = House::with(&["a", "b"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    house.configure(&["b"]).await;
    assert_eq!(names(&house, Claim::Due, noon() + hours(9)).await, ["b"]);
    assert_eq!(house.river().await.len(), 1);
    // Its poll was under way: the commit does not wake it.
    house.poll(1, noon() + hours(1), &[entry("one"), entry("two")]).await;
    let feeds = house.store.feeds().await.unwrap();
    assert_eq!(
        (feeds[0].status, feeds[0].entries, feeds[0].next_poll),
        (FeedState::Paused, 2, None)
    );
    house.configure(&["b", "a"]).await;
    let feeds = house.store.feeds().await.unwrap();
    assert_eq!((feeds[0].status, feeds[0].entries), (FeedState::Ok, 2));
    assert_eq!(feeds[0].tags, ["tag-a", "all"]);
}

#[tokio::test]
async fn a_feed_whose_new_address_is_written_into_the_config_is_the_same_feed() {
    let house = House::with(&["a"]).await;
    let mut moved = update(FeedId(1), noon(), &[entry("one")]);
    moved.address = Address::MovedTo("https://new.example/feed".parse().unwrap());
    house.store.commit(moved).await.unwrap();
    let claimed = house.store.claim(Claim::Due, noon() + hours(1), 9, LEASE).await.unwrap();
    assert_eq!(claimed[0].poll_url.as_str(), "https://new.example/feed");
    assert_eq!(claimed[0].validators.etag.as_deref(), Some(&b"\"v1\""[..]));
    let mut renamed = setting("a");
    renamed.url = "https://new.example/feed".parse().unwrap();
    house.store.sync_feeds(vec![renamed], noon()).await.unwrap();
    let feeds = house.store.feeds().await.unwrap();
    assert_eq!(feeds.len(), 1);
    assert_eq!(
        (feeds[0].url.as_str(), feeds[0].entries, &feeds[0].moved_to),
        ("https://new.example/feed", 1, &None)
    );
}

#[tokio::test]
async fn validators_of_another_address_are_not_kept() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let mut moved = update(FeedId(1), noon(), &[]);
    moved.validators = None;
    moved.address = Address::MovedTo("https://new.example/feed".parse().unwrap());
    house.store.commit(moved).await.unwrap();
    let claimed = house.store.claim(Claim::Every, noon() + hours(1), 9, LEASE).await.unwrap();
    assert_eq!(claimed[0].validators, Validators::default());
}

#[tokio::test]
async fn a_shorter_interval_counts_at_once() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[]).await;
    let mut eager = setting("a");
    eager.timing.interval = Some(Duration::from_secs(900));
    house.store.sync_feeds(vec![eager], noon() + TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(house.store.next_due().await.unwrap(), Some(noon() + TimeDelta::minutes(15)));
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_stops_no_feed() {
    let house = House::with(&["a"]).await;
    let ahead = noon() + hours(24 * 365);
    house.store.claim(Claim::Due, ahead, 9, LEASE).await.unwrap();
    house.poll(1, ahead, &[entry("one")]).await;
    assert!(names(&house, Claim::Due, noon()).await.is_empty());
    assert_eq!(house.store.next_due().await.unwrap(), Some(noon() + hours(1)), "the gap stays");
    assert_eq!(names(&house, Claim::Due, noon() + hours(1)).await, ["a"]);
}

#[tokio::test]
async fn a_failure_is_a_row_with_one_clear_line_and_keeps_the_validators() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let mut failed = update(FeedId(1), noon() + hours(1), &[]);
    (failed.reading, failed.validators, failed.body_hash) = (None, None, None);
    failed.record = FetchRecord {
        status: Some(500),
        error: Some("HTTP 500\n\u{1b}[31mno".into()),
        ..Default::default()
    };
    failed.state = FeedState::Failing;
    failed.memory.consecutive_failures = 1;
    failed.memory.failing_since = Some(noon() + hours(1));
    failed.memory.reason = "backing off".into();
    house.store.commit(failed).await.unwrap();
    assert_eq!(house.text("SELECT error FROM fetches WHERE status = 500"), "HTTP 500 [31mno");
    let feeds = house.store.feeds().await.unwrap();
    assert_eq!(feeds[0].status, FeedState::Failing);
    assert_eq!(feeds[0].last_success, Some(noon()));
    assert_eq!(feeds[0].reason.as_deref(), Some("backing off"));
    assert_eq!(feeds[0].recent_polls, [Some(1), None]);
    let claimed = house.store.claim(Claim::Every, noon() + hours(2), 9, LEASE).await.unwrap();
    assert_eq!(claimed[0].validators.etag.as_deref(), Some(&b"\"v1\""[..]));
    assert_eq!(claimed[0].body_hash, Some(u64::MAX - 1));
    assert_eq!(claimed[0].entries, 1);
    assert_eq!(house.number("SELECT count(*) FROM feed_health WHERE status = 'failing'"), 1);
}

#[tokio::test]
async fn a_daemon_that_starts_frees_what_a_dead_one_had_taken() {
    let house = House::with(&["a", "b"]).await;
    names(&house, Claim::Due, noon()).await;
    house.store.close().await.unwrap();
    let next = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    assert_eq!(next.claim(Claim::Due, noon(), 9, LEASE).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_daemon_that_starts_leaves_the_feeds_of_a_command_beside_it_alone() {
    let house = House::with(&["a", "b"]).await;
    house.store.close().await.unwrap();
    let beside = Store::open(&house.path(), OpenAs::Beside, RULES).unwrap();
    assert_eq!(beside.claim(Claim::Every, noon(), 1, LEASE).await.unwrap().len(), 1);
    let daemon = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    assert_eq!(daemon.claim(Claim::Due, noon(), 9, LEASE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_config_that_says_the_same_writes_nothing() {
    let house = House::with(&["a", "b"]).await;
    let shell = house.shell();
    let written = || shell.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0));
    let before = written().unwrap();
    house.configure(&["b", "a"]).await;
    assert_eq!(written().unwrap(), before);
    house.configure(&["b"]).await;
    assert_ne!(written().unwrap(), before);
}

#[tokio::test]
async fn each_setting_of_a_feed_that_is_there_can_be_changed() {
    let house = House::with(&["a"]).await;
    type Change = fn(&mut FeedSetting);
    let changes: [Change; 5] = [
        |feed| feed.name = "renamed".to_owned(),
        |feed| feed.timing.interval = Some(Duration::from_secs(7_200)),
        |feed| feed.timing.schedule = Some("0 0 * * *".to_owned()),
        |feed| feed.stands_alone = true,
        |feed| feed.tags = vec!["other".to_owned()],
    ];
    let mut wanted = setting("a");
    for change in changes {
        change(&mut wanted);
        house.store.sync_feeds(vec![wanted.clone()], noon()).await.unwrap();
        let claimed = house.store.claim(Claim::Every, noon(), 9, LEASE).await.unwrap();
        house.store.release(vec![FeedId(1)]).await.unwrap();
        let tags = house.store.feeds().await.unwrap().remove(0).tags;
        let feed = claimed.into_iter().next().unwrap();
        let DueFeed { url, name, timing, stands_alone, .. } = feed;
        assert_eq!(FeedSetting { url, name, tags, timing, stands_alone }, wanted);
    }
}

#[tokio::test]
async fn the_last_polls_are_remembered_oldest_first() {
    let house = House::with(&["a"]).await;
    for poll in 0..30 {
        let mut unchanged = update(FeedId(1), noon() + hours(poll), &[]);
        unchanged.reading = None;
        unchanged.record.error = (poll % 10 == 9).then(|| "HTTP 500".to_owned());
        house.store.commit(unchanged).await.unwrap();
    }
    house.poll(1, noon() + hours(30), &[entry("one"), entry("two")]).await;
    let polls = house.store.feeds().await.unwrap().remove(0).recent_polls;
    assert_eq!(polls.len(), 24);
    assert_eq!(polls[20..], [Some(0), Some(0), None, Some(2)]);
}

#[tokio::test]
async fn the_poll_of_a_feed_that_is_not_there_is_refused() {
    let house = House::with(&["a"]).await;
    let mut unknown = update(FeedId(2), noon(), &[]);
    unknown.reading = None;
    assert!(house.store.commit(unknown).await.is_err());
    assert_eq!(house.number("SELECT count(*) FROM fetches"), 0);
}
