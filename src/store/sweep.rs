//! Retention: takes away what is old and shown by no feed any more.
//!
//! In: the instant and how long to keep. Out: counts. What a feed's last document shows
//! stays, however old, so that a quiet feed is never empty and nothing can come back as new;
//! what goes leaves a mark of 32 bytes for the same reason.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    time::Duration,
};

use chrono::TimeDelta;
use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Swept,
    candidates::change_keys,
    error::Fault,
    filter,
    grouping::heir,
    identity::Marks,
    search::SearchText,
    values::{from_blob, millis, seconds, signed, time, url},
    writing::Writing,
};
use crate::model::Time;

/// Entries of one step: a poll's commit waits no longer than for this.
const STEP_ENTRIES: usize = 500;

/// Rows of `fetches` of one step.
const STEP_FETCHES: usize = 5_000;

/// The story of polls is for finding out what went wrong lately.
const KEEP_FETCHES: TimeDelta = TimeDelta::days(30);

/// After a pause longer than this the clock is not believed at once: the first sweep takes
/// note of the time only, the next one works. A clock that is a year ahead for an hour
/// takes nothing away.
const STEADY_CLOCK: TimeDelta = TimeDelta::days(3);

/// What a sweep has to do, step by step.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// First seen before this instant: old.
    limit: String,
    fetches_limit: String,
    /// The last entry that was looked at, by first sight.
    after: (String, i64),
    entries_done: bool,
}

/// `None`: not now (see [`STEADY_CLOCK`]).
pub(super) fn plan(
    connection: &Connection,
    now: Time,
    keep: Duration,
) -> Result<Option<Plan>, Fault> {
    let last: Option<String> =
        connection.query_row("SELECT last_sweep FROM state", [], |row| row.get(0))?;
    connection.execute("UPDATE state SET last_sweep = ?1", [millis(now)])?;
    if time(last).is_some_and(|last| (now - last).abs() > STEADY_CLOCK) {
        return Ok(None);
    }
    let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
    let before = |age: TimeDelta| now.checked_sub_signed(age).unwrap_or(Time::UNIX_EPOCH);
    Ok(Some(Plan {
        limit: seconds(before(keep)),
        fetches_limit: millis(before(KEEP_FETCHES)),
        after: (String::new(), 0),
        entries_done: false,
    }))
}

/// One bounded piece of work. `None`: nothing is left to do.
pub(super) fn step(connection: &Writing, plan: &mut Plan) -> Result<Option<Swept>, Fault> {
    if !plan.entries_done {
        return step_entries(connection, plan).map(Some);
    }
    let fetches = prune_fetches(connection, &plan.fetches_limit)?;
    if fetches > 0 {
        return Ok(Some(Swept { fetches, ..Swept::default() }));
    }
    forget_feeds(connection, &plan.limit)?;
    Ok(None)
}

fn step_entries(connection: &Writing, plan: &mut Plan) -> Result<Swept, Fault> {
    let mut rows = connection.prepare_cached(
        "SELECT first_seen, id, feed_id, guid FROM entries
          WHERE (first_seen, id) > (?1, ?2) AND first_seen < ?3
          ORDER BY first_seen, id LIMIT ?4",
    )?;
    let most = i64::try_from(STEP_ENTRIES).unwrap_or(i64::MAX);
    let old: Vec<(String, i64, i64, String)> = rows
        .query_map((&plan.after.0, plan.after.1, &plan.limit, most), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    plan.entries_done = old.len() < STEP_ENTRIES;
    let mut shown: HashMap<i64, HashSet<i64>> = HashMap::new();
    let mut swept = Swept::default();
    for (first_seen, entry, feed, guid) in old {
        plan.after = (first_seen, entry);
        if let Entry::Vacant(unknown) = shown.entry(feed) {
            unknown.insert(shown_by(connection, feed)?);
        }
        let guid = signed(xxh3_64(guid.as_bytes()));
        if shown.get(&feed).is_some_and(|shown| shown.contains(&guid)) {
            continue;
        }
        swept.articles += u64::from(remove(connection, feed, entry)?);
        swept.entries += 1;
    }
    if swept.entries > 0 {
        filter::note_sweep(connection)?;
        super::commit::bump_revision(connection)?;
    }
    Ok(swept)
}

/// Hashes of the guids that a feed's last document shows. A feed that is not configured
/// any more shows nothing.
fn shown_by(connection: &Connection, feed: i64) -> Result<HashSet<i64>, Fault> {
    let guids: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT iif(status = 'paused', NULL, document_guids) FROM feeds WHERE id = ?1",
        )?
        .query_row([feed], |row| row.get(0))?;
    Ok(guids.as_deref().map(from_blob).unwrap_or_default().into_iter().collect())
}

/// Takes one entry away; its article, too, if nothing else tells it. Tells whether.
fn remove(connection: &Writing, feed: i64, entry: i64) -> Result<bool, Fault> {
    let (article, representative, keys): (i64, bool, Option<Vec<u8>>) = connection
        .prepare_cached(
            "SELECT e.article_id, a.entry_id = e.id, e.dedup_keys
               FROM entries e JOIN articles a ON a.id = e.article_id WHERE e.id = ?1",
        )?
        .query_row([entry], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    mark_swept(connection, feed, entry)?;
    let heir = heir(connection, article, entry)?;
    if representative {
        connection.unindex(article, SearchText::stored(connection, entry)?)?;
        if let Some(heir) = heir {
            connection
                .prepare_cached("UPDATE articles SET entry_id = ?2 WHERE id = ?1")?
                .execute((article, heir))?;
            connection.index(article, SearchText::stored(connection, heir)?)?;
        }
    }
    change_keys(connection, entry, keys.as_deref(), None)?;
    connection
        .prepare_cached(
            "DELETE FROM feed_articles WHERE feed_id = ?1 AND article_id = ?2
                AND position = (SELECT position FROM articles WHERE id = ?2)
                AND NOT EXISTS (SELECT 1 FROM entries
                                 WHERE article_id = ?2 AND feed_id = ?1 AND id <> ?3)",
        )?
        .execute((feed, article, entry))?;
    if heir.is_none() {
        connection.prepare_cached("DELETE FROM articles WHERE id = ?1")?.execute([article])?;
    }
    connection.prepare_cached("DELETE FROM entries WHERE id = ?1")?.execute([entry])?;
    connection
        .prepare_cached("UPDATE feeds SET entry_count = entry_count - 1 WHERE id = ?1")?
        .execute([feed])?;
    Ok(heir.is_none())
}

fn mark_swept(connection: &Connection, feed: i64, entry: i64) -> Result<(), Fault> {
    let (guid, marks) = connection
        .prepare_cached(
            "SELECT guid, url, title, iif(title IS NULL, coalesce(content, summary), NULL)
               FROM entries WHERE id = ?1",
        )?
        .query_row([entry], |row| {
            let address = url(row.get(1)?);
            let title: Option<String> = row.get(2)?;
            let text: Option<String> = row.get(3)?;
            let marks = Marks::new(address.as_ref(), title.as_deref(), text.as_deref(), None);
            Ok((row.get::<_, String>(0)?, marks))
        })?;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO swept_entries (feed_id, guid_hash, url_hash, title_hash)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((
            feed,
            signed(xxh3_64(guid.as_bytes())),
            signed(marks.url.unwrap_or(0)),
            signed(marks.title.unwrap_or(0)),
        ))?;
    Ok(())
}

/// A feed that left the config long ago goes with its last entry.
fn forget_feeds(connection: &Connection, limit: &str) -> Result<(), Fault> {
    connection.execute(
        "DELETE FROM feeds WHERE status = 'paused' AND coalesce(last_fetch, '') < ?1
            AND NOT EXISTS (SELECT 1 FROM entries WHERE feed_id = feeds.id)",
        [limit],
    )?;
    Ok(())
}

fn prune_fetches(connection: &Connection, limit: &str) -> Result<u64, Fault> {
    let step = i64::try_from(STEP_FETCHES).unwrap_or(i64::MAX);
    // Rows stand in the order of time: look at the oldest only.
    let pruned = connection
        .prepare_cached(
            "DELETE FROM fetches WHERE id IN (
                 SELECT id FROM (SELECT id, at FROM fetches ORDER BY id LIMIT ?2) WHERE at < ?1)",
        )?
        .execute((limit, step))?;
    Ok(u64::try_from(pruned).unwrap_or(0))
}

/// Brings parts of the search index together, where there are sixteen of one size: each is
/// looked into by every search. Writes about so many pages of 4 kB, and tells whether it wrote any.
pub(super) fn merge_index(connection: &Writing, pages: i64) -> Result<bool, Fault> {
    let before = connection.total_changes();
    connection
        .prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?
        .execute([pages])?;
    // FTS5's own word for "nothing left to merge".
    Ok(connection.total_changes() - before >= 2)
}

/// Gives space back and merges the search index, a little at a time. Tells whether there
/// is more to do.
pub(super) fn tidy(connection: &Writing) -> Result<bool, Fault> {
    let merged = merge_index(connection, TIDY_PAGES)?;
    let free = |connection: &Connection| {
        connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))
    };
    let free_before = free(connection)?;
    // One page a row: it has to be read to its end.
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({TIDY_PAGES})"))?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    let left = free(connection)?;
    Ok(merged || (left > 0 && left < free_before))
}

/// Pages that one step of [`tidy`] writes, 4 MB of the index and 16 MiB of the file at most, so that
/// no poll waits long.
const TIDY_PAGES: i64 = 1_000;

/// What is wrong with the file, one line each.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut findings: Vec<String> = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    findings.retain(|line| line != "ok");
    let mut orphans = connection.prepare("PRAGMA foreign_key_check")?;
    let rows = orphans.query_map([], |row| {
        let (table, id, parent): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let id = id.map_or_else(|| "?".into(), |id| id.to_string());
        Ok(format!("row {id} of {table} refers to a row that is not in {parent}"))
    })?;
    for row in rows {
        findings.push(row?);
    }
    Ok(findings)
}
