//! Feeds: what the config asks for, which are due, and how they do.
//!
//! In: settings and instants. Out: claimed feeds, and their state for people. The truth
//! about time is the column `next_poll`: it survives a restart.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use url::Url;

use super::{
    Claim, FeedId,
    error::Fault,
    values::{count, from_json, millis, state, time, unsigned, url},
};
use crate::model::{
    DueFeed, FeedSetting, FeedState, FeedStatus, PollMemory, Time, Timing, Validators, redacted,
};

/// Our clock was wrong if a poll ended further than this in the future.
pub(super) const CLOCK_JUMP: TimeDelta = TimeDelta::minutes(10);

/// A feed that says nothing for so many of its usual gaps is silent ...
const SILENT_GAPS: f64 = 10.0;

/// ... but never sooner than this, however busy it was.
const SILENT_AT_LEAST: TimeDelta = TimeDelta::days(60);

/// Makes `feeds` agree with the config. Tells whether an output could show it.
pub(super) fn sync(
    connection: &Connection,
    feeds: &[FeedSetting],
    now: Time,
) -> Result<bool, Fault> {
    after_clock_jump(connection, now)?;
    let mut known: HashMap<String, i64> = connection
        .prepare("SELECT url, id FROM feeds")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let moved: HashMap<String, i64> = connection
        .prepare("SELECT moved_to, id FROM feeds WHERE moved_to IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let wanted: HashSet<&str> = feeds.iter().map(|it| it.url.as_str()).collect();
    let mut done = HashSet::new();
    let old_address: HashMap<i64, String> =
        known.iter().map(|(address, id)| (*id, address.clone())).collect();
    let mut changed = false;
    for setting in feeds {
        let address = setting.url.as_str();
        if !done.insert(address) {
            // Listed twice: the first counts.
            continue;
        }
        let id = known.remove(address).or_else(|| {
            // The operator wrote down where the feed had moved: it is the same feed.
            let id = *moved.get(address)?;
            let old = old_address.get(&id)?;
            if wanted.contains(old.as_str()) { None } else { known.remove(old) }
        });
        changed |= match id {
            Some(id) => update_setting(connection, id, setting, now)?,
            None => insert(connection, setting, now)?,
        };
    }
    let mut pause = connection.prepare_cached(
        "UPDATE feeds SET status = 'paused', leased_until = NULL
          WHERE id = ?1 AND status <> 'paused'",
    )?;
    for id in known.into_values() {
        pause.execute([id])?;
    }
    Ok(changed)
}

fn insert(connection: &Connection, setting: &FeedSetting, now: Time) -> Result<bool, Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO feeds (url, name, status, next_poll, wished_interval_millis, schedule,
                            stands_alone)
         VALUES (:url, :name, 'new', :now, :interval, :schedule, :alone)",
    )?;
    insert.execute(named_params! {
        ":url": setting.url.as_str(),
        ":name": setting.name,
        ":now": millis(now),
        ":interval": wished_millis(&setting.timing),
        ":schedule": setting.timing.schedule,
        ":alone": setting.stands_alone,
    })?;
    set_tags(connection, connection.last_insert_rowid(), &setting.tags)?;
    Ok(false)
}

fn update_setting(
    connection: &Connection,
    id: i64,
    setting: &FeedSetting,
    now: Time,
) -> Result<bool, Fault> {
    let renamed: bool = connection
        .prepare_cached("SELECT name <> ?2 FROM feeds WHERE id = ?1")?
        .query_row((id, &setting.name), |row| row.get(0))?;
    // A shorter wish counts from now on, not only after the next poll; the server's plea to
    // be left alone stands above it.
    let mut update = connection.prepare_cached(
        "UPDATE feeds SET
             url = :url, name = :name, schedule = :schedule, stands_alone = :alone,
             moved_to = nullif(moved_to, :url),
             next_poll = CASE WHEN wished_interval_millis IS :interval OR :interval IS NULL
                                   OR last_fetch IS NULL OR next_poll IS NULL THEN next_poll
                 ELSE min(next_poll, max(:now, coalesce(rest_until, ''),
                     strftime('%Y-%m-%dT%H:%M:%fZ', last_fetch,
                              '+' || (:interval / 1000.0) || ' seconds'))) END,
             wished_interval_millis = :interval,
             status = CASE WHEN status <> 'paused' THEN status
                           WHEN consecutive_failures > 0 THEN 'failing'
                           WHEN last_success IS NULL THEN 'new' ELSE 'ok' END
          WHERE id = :id AND (moved_to = :url OR status = 'paused'
              OR (url, name, schedule, stands_alone, wished_interval_millis)
                  IS NOT (:url, :name, :schedule, :alone, :interval))",
    )?;
    update.execute(named_params! {
        ":id": id,
        ":url": setting.url.as_str(),
        ":name": setting.name,
        ":schedule": setting.timing.schedule,
        ":alone": setting.stands_alone,
        ":interval": wished_millis(&setting.timing),
        ":now": millis(now),
    })?;
    // A feed that was gone has no next poll; back in the config it is asked again.
    connection
        .prepare_cached(
            "UPDATE feeds SET next_poll = ?2
              WHERE id = ?1 AND next_poll IS NULL AND status <> 'gone'",
        )?
        .execute((id, millis(now)))?;
    Ok(set_tags(connection, id, &setting.tags)? || renamed)
}

fn set_tags(connection: &Connection, feed: i64, tags: &[String]) -> Result<bool, Fault> {
    if tags_of(connection, FeedId(feed))? == tags {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM feed_tags WHERE feed_id = ?1")?.execute([feed])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO feed_tags (feed_id, place, tag) VALUES (?1, ?2, ?3)")?;
    for (place, tag) in (0_i64..).zip(tags) {
        insert.execute((feed, place, tag))?;
    }
    Ok(true)
}

pub(super) fn tags_of(connection: &Connection, feed: FeedId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT tag FROM feed_tags WHERE feed_id = ?1 ORDER BY place")?
        .query_map([feed.0], |row| row.get(0))?
        .collect()
}

fn wished_millis(timing: &Timing) -> Option<i64> {
    timing.interval.map(|wish| i64::try_from(wish.as_millis()).unwrap_or(i64::MAX))
}

/// Feeds that were polled by a clock far ahead of `now` would wait until it comes true:
/// they keep the gap to their next poll, from now on.
pub(super) fn after_clock_jump(connection: &Connection, now: Time) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE feeds SET
             next_poll = strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || max(0, min(31536000,
                 86400.0 * (julianday(next_poll) - julianday(last_fetch)))) || ' seconds'),
             last_fetch = :now, leased_until = NULL, rest_until = NULL
          WHERE last_fetch > :limit",
        )?
        .execute(named_params! { ":now": millis(now), ":limit": millis(now + CLOCK_JUMP) })?;
    Ok(())
}

const DUE_COLUMNS: &str = "id, name, url, moved_to, etag, last_modified, body_hash,
    wished_interval_millis, schedule, memory, next_poll, last_fetch, last_success, entry_count,
    stands_alone,
    (SELECT lease_until FROM subscriptions WHERE feed_id = feeds.id) AS pushed_until";

/// Takes feeds for polling, longest due first: whoever comes later does not get them until
/// the lease ends or the poll's commit gives them back.
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
    // then is not among it.
    let when = if due {
        "next_poll <= :now"
    } else {
        "coalesce(rest_until, '') <= :now AND coalesce(last_fetch, '') < :now"
    };
    let whose = if names.is_some() {
        "name IN (SELECT value FROM json_each(:names))"
    } else {
        ":names IS NULL"
    };
    let sql = format!(
        "UPDATE feeds SET leased_until = :until WHERE id IN (
             SELECT id FROM feeds
              WHERE {when} AND {whose} AND status NOT IN ('gone', 'paused')
                AND (leased_until IS NULL OR leased_until <= :now)
              ORDER BY next_poll LIMIT :limit)
         RETURNING {DUE_COLUMNS}"
    );
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::days(1));
    let mut claimed = connection
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":until": millis(now.checked_add_signed(lease).unwrap_or(now)),
                ":now": millis(now),
                ":names": names,
                ":limit": limit,
            },
            due_feed,
        )?
        .filter_map(Result::transpose)
        .collect::<Result<Vec<_>, _>>()?;
    // Where all are taken, in the order in which they lie in the file: those that are committed
    // together then share pages.
    claimed.sort_by_key(|feed| (due.then_some(feed.next_poll), feed.id));
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
        "UPDATE feeds SET leased_until = :until
          WHERE id = :id AND status NOT IN ('gone', 'paused')
            AND (leased_until IS NULL OR leased_until <= :now)
         RETURNING {DUE_COLUMNS}"
    );
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::days(1));
    let until = millis(now.checked_add_signed(lease).unwrap_or(now));
    let claimed = connection
        .prepare_cached(&sql)?
        .query_row(named_params! { ":until": until, ":id": feed.0, ":now": millis(now) }, due_feed)
        .optional()?;
    Ok(claimed.flatten())
}

/// `None` for a URL that a person's hand made unreadable.
fn due_feed(row: &Row<'_>) -> rusqlite::Result<Option<DueFeed>> {
    let Some(address) = url(row.get("url")?) else { return Ok(None) };
    let interval: Option<i64> = row.get("wished_interval_millis")?;
    Ok(Some(DueFeed {
        id: FeedId(row.get("id")?),
        name: row.get("name")?,
        poll_url: url(row.get("moved_to")?).unwrap_or_else(|| address.clone()),
        url: address,
        validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
        body_hash: row.get::<_, Option<i64>>("body_hash")?.map(unsigned),
        timing: Timing {
            interval: interval.map(|millis| Duration::from_millis(count(millis))),
            schedule: row.get("schedule")?,
        },
        memory: PollMemory {
            pushed_until: time(row.get("pushed_until")?),
            ..from_json(row.get("memory")?)
        },
        next_poll: time(row.get("next_poll")?).unwrap_or_default(),
        last_fetch: time(row.get("last_fetch")?),
        last_success: time(row.get("last_success")?),
        entries: count(row.get("entry_count")?),
        stands_alone: row.get("stands_alone")?,
    }))
}

pub(super) fn release(connection: &Connection, feeds: &[FeedId]) -> Result<(), Fault> {
    let mut free =
        connection.prepare_cached("UPDATE feeds SET leased_until = NULL WHERE id = ?1")?;
    for feed in feeds {
        free.execute([feed.0])?;
    }
    Ok(())
}

/// The same, to be polled not before these instants.
pub(super) fn put_off(connection: &Connection, feeds: &[(FeedId, Time)]) -> Result<(), Fault> {
    let mut later = connection.prepare_cached(
        "UPDATE feeds SET leased_until = NULL, next_poll = max(next_poll, ?2) WHERE id = ?1",
    )?;
    for (feed, until) in feeds {
        later.execute((feed.0, millis(*until)))?;
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
                AND leased_until IS NULL
              ORDER BY next_poll LIMIT 1",
        )?
        .query_row([], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    let leased: Option<String> = connection
        .prepare_cached(
            "SELECT min(max(leased_until, coalesce(next_poll, leased_until))) FROM feeds
              WHERE leased_until IS NOT NULL AND status NOT IN ('gone', 'paused')",
        )?
        .query_row([], |row| row.get(0))?;
    Ok([time(free.flatten()), time(leased)].into_iter().flatten().min())
}

/// Every feed and its state, in the order in which they came into the config.
pub(super) fn statuses(connection: &Connection) -> Result<Vec<FeedStatus>, Fault> {
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    let mut all =
        connection.prepare_cached("SELECT feed_id, tag FROM feed_tags ORDER BY 1, place")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        tags.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
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

/// Polls that `recent` keeps: what a sparkline of a feed shows.
const RECENT_POLLS: usize = 24;

pub(super) fn recent_polls(text: &str) -> Vec<Option<u64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

/// `recent` with one more poll at its end.
pub(super) fn with_poll(recent: &str, new_entries: Option<u64>) -> String {
    let mut polls = recent_polls(recent);
    polls.push(new_entries);
    let skip = polls.len().saturating_sub(RECENT_POLLS);
    let words = polls.into_iter().skip(skip);
    let words = words.map(|poll| poll.map_or_else(|| "-".into(), |new| new.to_string()));
    words.collect::<Vec<_>>().join(" ")
}
