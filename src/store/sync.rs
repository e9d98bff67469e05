//! The config's feeds into the store: new ones in, missing ones paused, settings updated.
//!
//! In: settings. Out: rows of `feeds` that agree with them. The rule: where they agree already,
//! which is so at almost every start, one look at the table is all.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, named_params};

use super::{
    FeedId,
    error::Fault,
    feeds::{CLOCK_JUMP, after_clock_jump, all_tags, release, tags_of},
    values::millis,
};
use crate::model::{FeedSetting, Time, Timing};

/// Makes `feeds` agree with the config. Tells whether an output could show it.
pub(super) fn sync(
    connection: &Connection,
    feeds: &[FeedSetting],
    now: Time,
) -> Result<bool, Fault> {
    let mut wanted: HashMap<&str, &FeedSetting> = HashMap::with_capacity(feeds.len());
    for setting in feeds {
        // Listed twice: the first counts.
        wanted.entry(setting.url.as_str()).or_insert(setting);
    }
    let known = compare(connection, &wanted, now)?;
    if known.clock_was_ahead {
        after_clock_jump(connection, now)?;
    }
    let Known { mut differing, mut settled, mut unwanted, mut moved, .. } = known;
    let mut changed = false;
    for setting in feeds {
        let address = setting.url.as_str();
        if !settled.insert(address) {
            continue;
        }
        let id = differing.remove(address).or_else(|| {
            // The operator wrote down where the feed had moved: it is the same feed.
            moved.remove(address).filter(|id| unwanted.remove(id).is_some())
        });
        changed |= match id {
            Some(id) => update_setting(connection, id, setting, now)?,
            None => insert(connection, setting, now)?,
        };
    }
    let mut pause =
        connection.prepare_cached("UPDATE feeds SET status = 'paused' WHERE id = ?1")?;
    for (id, _) in unwanted.into_iter().filter(|(_, is_paused)| !is_paused) {
        pause.execute([id])?;
        release(connection, &[FeedId(id)])?;
    }
    Ok(changed)
}

/// What the table has of the feeds that are wanted, and of others.
#[derive(Default)]
struct Known<'a> {
    /// Rows that are not as the config has them, by address.
    differing: HashMap<&'a str, i64>,
    /// Addresses whose rows are: almost all of them at almost every start.
    settled: HashSet<&'a str>,
    /// Rows of other addresses, and whether they are paused already.
    unwanted: HashMap<i64, bool>,
    /// Those of them that have moved, by where they are now.
    moved: HashMap<String, i64>,
    /// See [`after_clock_jump`].
    clock_was_ahead: bool,
}

/// Reads the table once, and writes nothing.
fn compare<'a>(
    connection: &Connection,
    wanted: &HashMap<&'a str, &'a FeedSetting>,
    now: Time,
) -> Result<Known<'a>, Fault> {
    let tags = all_tags(connection)?;
    // The same as what the conditions of `update_setting` ask.
    let mut feeds = connection.prepare(
        "SELECT id, url, moved_to, status = 'paused', name, schedule, stands_alone,
                wished_interval_millis,
                status = 'paused' OR moved_to IS url OR (next_poll IS NULL AND status <> 'gone'),
                last_fetch > ?1
           FROM feeds ORDER BY id",
    )?;
    let mut rows = feeds.query([millis(now + CLOCK_JUMP)])?;
    let mut known = Known::default();
    known.settled.reserve(wanted.len());
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        known.clock_was_ahead |= row.get::<_, Option<bool>>(9)? == Some(true);
        let text = |column| row.get_ref(column).map(|value| value.as_str_or_null().ok().flatten());
        let Some((address, setting)) = text(1)?.and_then(|url| wanted.get_key_value(url)) else {
            known.unwanted.insert(id, row.get(3)?);
            known.moved.extend(row.get::<_, Option<String>>(2)?.map(|address| (address, id)));
            continue;
        };
        let is_settled = !row.get::<_, bool>(8)?
            && text(4)? == Some(&setting.name)
            && text(5)? == setting.timing.schedule.as_deref()
            && row.get::<_, bool>(6)? == setting.stands_alone
            && row.get::<_, Option<i64>>(7)? == wished_millis(&setting.timing)
            && tags.get(&id).map_or(&[][..], Vec::as_slice) == setting.tags;
        if is_settled {
            known.settled.insert(address);
        } else {
            known.differing.insert(address, id);
        }
    }
    Ok(known)
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

fn wished_millis(timing: &Timing) -> Option<i64> {
    timing.interval.map(|wish| i64::try_from(wish.as_millis()).unwrap_or(i64::MAX))
}
