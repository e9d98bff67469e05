//! Feeds: which are due, who polls them, and how they do.
//!
//! In: instants. Out: claimed feeds, and their state for people. The truth about time is the
//! column `next_poll`: it survives a restart.

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use url::Url;

use super::{
    Claim, FeedId,
    error::Fault,
    values::{count, from_json, millis, state, time, unsigned, url},
};
use crate::model::{
    DueFeed, FeedState, FeedStatus, PollMemory, Time, Timing, Validators, redacted,
};

/// Our clock was wrong if a poll ended further than this in the future.
pub(super) const CLOCK_JUMP: TimeDelta = TimeDelta::minutes(10);

/// A feed that says nothing for so many of its usual gaps is silent ...
const SILENT_GAPS: f64 = 10.0;

/// ... but never sooner than this, however busy it was.
const SILENT_AT_LEAST: TimeDelta = TimeDelta::days(60);

pub(super) fn tags_of(connection: &Connection, feed: FeedId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT tag FROM feed_tags WHERE feed_id = ?1 ORDER BY place")?
        .query_map([feed.0], |row| row.get(0))?
        .collect()
}

/// The tags of each feed that has any.
pub(super) fn all_tags(connection: &Connection) -> rusqlite::Result<HashMap<i64, Vec<String>>> {
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    let mut all =
        connection.prepare_cached("SELECT feed_id, tag FROM feed_tags ORDER BY 1, place")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        tags.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(tags)
}

/// Feeds that were polled by a clock far ahead of `now` would wait until it comes true:
/// they keep the gap to their next poll, from now on.
pub(super) fn after_clock_jump(connection: &Connection, now: Time) -> Result<(), Fault> {
    let limit = millis(now + CLOCK_JUMP);
    connection
        .prepare_cached(
            "DELETE FROM leases WHERE feed_id IN (SELECT id FROM feeds WHERE last_fetch > ?1)",
        )?
        .execute([&limit])?;
    connection
        .prepare_cached(
            "UPDATE feeds SET
             next_poll = strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || max(0, min(31536000,
                 86400.0 * (julianday(next_poll) - julianday(last_fetch)))) || ' seconds'),
             last_fetch = :now, rest_until = NULL
          WHERE last_fetch > :limit",
        )?
        .execute(named_params! { ":now": millis(now), ":limit": limit })?;
    Ok(())
}

/// In the order in which [`due_feed`] reads them.
const DUE_COLUMNS: &str = "id, name, url, moved_to, etag, last_modified, body_hash,
    wished_interval_millis, schedule, memory, next_poll, last_fetch, last_success, entry_count,
    stands_alone, (SELECT lease_until FROM subscriptions WHERE feed_id = feeds.id)";

/// Takes feeds for polling: whoever comes later does not get them until the lease ends or the
/// poll's commit gives them back.
pub(super) fn claim(
    connection: &Connection,
    which: &Claim,
    now: Time,
    limit: u32,
    lease: Duration,
) -> Result<Vec<DueFeed>, Fault> {
    let (due, names) = match which {
        Claim::Due => (true, None),
        Claim::DueOf(names) => (true, Some(names)),
        Claim::Every => (false, None),
        Claim::EveryOf(names) => (false, Some(names)),
    };
    let names = names.map(serde_json::to_string).transpose()?;
    // `Every` may be asked with one instant until nothing is left: what was polled since
    // then is not among it. In the order in which they lie in the file: those that are
    // committed together then share pages.
    let (when, order) = if due {
        ("next_poll <= :now", "next_poll, id")
    } else {
        ("coalesce(rest_until, '') <= :now AND coalesce(last_fetch, '') < :now", "id")
    };
    let whose = if names.is_some() {
        "name IN (SELECT value FROM json_each(:names))"
    } else {
        ":names IS NULL"
    };
    let sql = format!(
        "SELECT {DUE_COLUMNS} FROM feeds
          WHERE {when} AND {whose} AND status NOT IN ('gone', 'paused') AND {FREE}
          ORDER BY {order} LIMIT :limit"
    );
    let mut due_now = connection.prepare_cached(&sql)?;
    let mut rows =
        due_now.query(named_params! { ":now": millis(now), ":names": names, ":limit": limit })?;
    let until = lease_end(now, lease);
    let mut claimed = Vec::new();
    while let Some(row) = rows.next()? {
        // One that cannot be read is leased, too: it does not stand before the others at once.
        take(connection, row.get(0)?, &until)?;
        claimed.extend(due_feed(row)?);
    }
    Ok(claimed)
}

/// Takes this one feed, due or not; `None` where somebody else has it, and for a feed that
/// is not polled any more.
pub(super) fn claim_one(
    connection: &Connection,
    feed: FeedId,
    now: Time,
    lease: Duration,
) -> Result<Option<DueFeed>, Fault> {
    let sql = format!(
        "SELECT {DUE_COLUMNS} FROM feeds
          WHERE id = :id AND status NOT IN ('gone', 'paused') AND {FREE}"
    );
    let claimed = connection
        .prepare_cached(&sql)?
        .query_row(named_params! { ":id": feed.0, ":now": millis(now) }, due_feed)
        .optional()?;
    if claimed.is_some() {
        take(connection, feed.0, &lease_end(now, lease))?;
    }
    Ok(claimed.flatten())
}

/// Nobody has taken it, or not for longer than until `:now`.
const FREE: &str = "NOT EXISTS (SELECT 1 FROM leases WHERE feed_id = feeds.id AND until > :now)";

fn take(connection: &Connection, feed: i64, until: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO leases (feed_id, until) VALUES (?1, ?2)
             ON CONFLICT (feed_id) DO UPDATE SET until = excluded.until",
        )?
        .execute((feed, until))?;
    Ok(())
}

fn lease_end(now: Time, lease: Duration) -> String {
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::days(1));
    millis(now.checked_add_signed(lease).unwrap_or(now))
}

/// `None` for a URL that a person's hand made unreadable.
fn due_feed(row: &Row<'_>) -> rusqlite::Result<Option<DueFeed>> {
    let text = |column| row.get_ref(column).map(|value| value.as_str_or_null().ok().flatten());
    let address = |column| text(column).map(|text| Url::parse(text?).ok());
    let Some(url) = address(2)? else { return Ok(None) };
    let interval: Option<i64> = row.get(7)?;
    Ok(Some(DueFeed {
        id: FeedId(row.get(0)?),
        name: row.get(1)?,
        poll_url: address(3)?.unwrap_or_else(|| url.clone()),
        url,
        validators: Validators { etag: row.get(4)?, last_modified: row.get(5)? },
        body_hash: row.get::<_, Option<i64>>(6)?.map(unsigned),
        timing: Timing {
            interval: interval.map(|millis| Duration::from_millis(count(millis))),
            schedule: row.get(8)?,
        },
        memory: PollMemory {
            pushed_until: time(row.get(15)?),
            ..text(9)?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
        },
        next_poll: time(row.get(10)?).unwrap_or_default(),
        last_fetch: time(row.get(11)?),
        last_success: time(row.get(12)?),
        entries: count(row.get(13)?),
        stands_alone: row.get(14)?,
    }))
}

pub(super) fn release(connection: &Connection, feeds: &[FeedId]) -> Result<(), Fault> {
    let mut free = connection.prepare_cached("DELETE FROM leases WHERE feed_id = ?1")?;
    for feed in feeds {
        free.execute([feed.0])?;
    }
    Ok(())
}

/// The same, to be polled not before these instants.
pub(super) fn put_off(connection: &Connection, feeds: &[(FeedId, Time)]) -> Result<(), Fault> {
    let mut later = connection
        .prepare_cached("UPDATE feeds SET next_poll = max(next_poll, ?2) WHERE id = ?1")?;
    for (feed, until) in feeds {
        later.execute((feed.0, millis(*until)))?;
        release(connection, &[*feed])?;
    }
    Ok(())
}

/// Addresses at hosts that asked for rest, and until when.
pub(super) fn rests(connection: &Connection, now: Time) -> Result<Vec<(Url, Time)>, Fault> {
    let mut resting = connection.prepare_cached(
        "SELECT coalesce(moved_to, url), memory FROM feeds WHERE rest_until > ?1",
    )?;
    let mut rows = resting.query([millis(now)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let memory: PollMemory = from_json(row.get(1)?);
        if let Some(rest) = memory.retry_after.filter(|rest| rest.whole_host)
            && let Ok(url) = Url::parse(&row.get::<_, String>(0)?)
        {
            found.push((url, rest.until));
        }
    }
    Ok(found)
}

/// Puts the feeds that are due off by `wait(nth, of)`: in an order that has nothing to do
/// with the config's, where the feeds of one host often stand together.
pub(super) fn spread_due(
    connection: &Connection,
    now: Time,
    wait: &dyn Fn(usize, usize) -> Duration,
) -> Result<(), Fault> {
    let mut due: Vec<(i64, u64)> = connection
        .prepare(
            "SELECT id, url FROM feeds
              WHERE status NOT IN ('gone', 'paused') AND next_poll <= ?1",
        )?
        .query_map([millis(now)], |row| {
            Ok((row.get(0)?, xxhash_rust::xxh3::xxh3_64(row.get::<_, String>(1)?.as_bytes())))
        })?
        .collect::<Result<_, _>>()?;
    due.sort_unstable_by_key(|(_, place)| *place);
    let mut later = connection.prepare_cached("UPDATE feeds SET next_poll = ?2 WHERE id = ?1")?;
    for (nth, (feed, _)) in due.iter().enumerate() {
        let wait = wait(nth, due.len());
        if wait > Duration::ZERO {
            let wait = TimeDelta::from_std(wait).unwrap_or_default();
            later.execute((feed, millis(now + wait)))?;
        }
    }
    Ok(())
}

/// When the next feed is due: a leased one not before its lease ends.
pub(super) fn next_due(connection: &Connection) -> Result<Option<Time>, Fault> {
    let free = connection
        .prepare_cached(
            "SELECT next_poll FROM feeds
              WHERE status NOT IN ('gone', 'paused') AND next_poll IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM leases WHERE feed_id = feeds.id)
              ORDER BY next_poll LIMIT 1",
        )?
        .query_row([], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    let leased: Option<String> = connection
        .prepare_cached(
            // Not by a join, which may well walk through all feeds.
            "SELECT min((SELECT max(until, coalesce(next_poll, until)) FROM feeds
                          WHERE id = feed_id AND status NOT IN ('gone', 'paused')))
               FROM leases",
        )?
        .query_row([], |row| row.get(0))?;
    Ok([time(free.flatten()), time(leased)].into_iter().flatten().min())
}

/// Every feed and its state, in the order in which they came into the config.
pub(super) fn statuses(connection: &Connection) -> Result<Vec<FeedStatus>, Fault> {
    let mut tags = all_tags(connection)?;
    let mut feeds = connection.prepare_cached(
        "SELECT id, url, name, title, home_page, status, last_success, last_fetch, next_poll,
                interval_seconds, memory, consecutive_failures, failing_since, error,
                entry_count, moved_to, repairs, recent
           FROM feeds ORDER BY id",
    )?;
    let found = feeds
        .query_map([], |row| feed_status(row, &mut tags))?
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn feed_status(
    row: &Row<'_>,
    tags: &mut HashMap<i64, Vec<String>>,
) -> rusqlite::Result<Option<FeedStatus>> {
    let Some(address) = url(row.get("url")?) else { return Ok(None) };
    let id: i64 = row.get("id")?;
    let memory: PollMemory = from_json(row.get("memory")?);
    let state_text: String = row.get("status")?;
    let status = state(&state_text);
    let last_success = time(row.get("last_success")?);
    let next_poll = time(row.get("next_poll")?);
    let polled = !matches!(status, FeedState::Gone | FeedState::Paused);
    Ok(Some(FeedStatus {
        id: FeedId(id),
        url: redacted(&address),
        name: row.get("name")?,
        title: row.get("title")?,
        home_page: url(row.get("home_page")?),
        tags: tags.remove(&id).unwrap_or_default(),
        status,
        last_success,
        last_fetch: time(row.get("last_fetch")?),
        next_poll: next_poll.filter(|_| polled),
        interval_seconds: count(row.get("interval_seconds")?),
        silent_since: silent_since(status, &memory, last_success),
        last_new_entry: memory.last_new_entry,
        reason: Some(memory.reason).filter(|reason| !reason.is_empty()),
        consecutive_failures: row.get("consecutive_failures")?,
        failing_since: time(row.get("failing_since")?),
        error: row.get("error")?,
        entries: count(row.get("entry_count")?),
        moved_to: url(row.get("moved_to")?).map(|moved: Url| redacted(&moved)),
        repairs: from_json(row.get("repairs")?),
        recent_polls: recent_polls(&row.get::<_, String>("recent")?),
    }))
}

/// Since when a feed that answers has said nothing new, where that is unusually long.
fn silent_since(
    status: FeedState,
    memory: &PollMemory,
    last_success: Option<Time>,
) -> Option<Time> {
    let last_new = memory.last_new_entry.filter(|_| status == FeedState::Ok)?;
    let quiet = last_success? - last_new;
    let usual = memory.entry_gap_seconds.filter(|gap| gap.is_finite()).unwrap_or(0.0);
    let silent = quiet > SILENT_AT_LEAST && quiet.as_seconds_f64() > usual * SILENT_GAPS;
    silent.then_some(last_new)
}

pub(super) fn recent_polls(text: &str) -> Vec<Option<u64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}
