//! Commits what one poll learned.
//!
//! In: a [`FeedUpdate`]. Out: [`Committed`] counts. All of it is one transaction, so that a
//! feed's validators never run ahead of its entries: a server that is asked with them
//! answers 304, and would never send those entries again.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Address, Committed, FeedId, FeedUpdate, Reading,
    entries::{self, Intake},
    error::Fault,
    feeds,
    grouping::{Grouper, Joined},
    values::{blob, from_blob, list_json, millis, number, seconds, signed},
    writing::Writing,
};
use crate::model::{ArticleId, DedupSettings, GroupingReason, Time};

/// Guids of one feed that are remembered as shown: a document may have a million entries,
/// a part that is merged into it may come with each poll.
const REMEMBERED_GUIDS: usize = 100_000;

/// Signs of an error that are kept.
const ERROR_CHARS: usize = 500;

/// What taking in a document needs to know of the feed before it.
struct Before {
    url: Url,
    stands_alone: bool,
    document_guids: Option<Vec<u8>>,
}

impl Before {
    fn intake<'a>(
        &'a self,
        connection: &'a Writing,
        feed: FeedId,
        at: Time,
        rules: &'a DedupSettings,
    ) -> Intake<'a> {
        Intake {
            connection,
            feed,
            feed_url: &self.url,
            stands_alone: self.stands_alone,
            first_document: self.document_guids.is_none(),
            first_place: 0,
            at,
            rules,
        }
    }
}

pub(super) fn commit(
    connection: &Writing,
    update: &FeedUpdate,
    parts: Committed,
    rules: &DedupSettings,
) -> Result<Committed, Fault> {
    let mut done = Committed::default();
    let mut shown = false;
    if let Some(reading) = &update.reading {
        let before = before(connection, update.feed)?;
        let intake = before.intake(connection, update.feed, update.at, rules);
        done = entries::take_in(&intake, reading)?;
        shown = done != Committed::default();
        shown |= set_document(connection, update, reading, &before)?;
    }
    let all = done.and(parts);
    set_poll(connection, update, all, done.new_entries)?;
    add_fetch(connection, update, all)?;
    if shown {
        bump_revision(connection)?;
    }
    Ok(all)
}

/// Entries of a document whose poll is committed later, and nothing else.
pub(super) fn commit_part(
    connection: &Writing,
    feed: FeedId,
    at: Time,
    reading: &Reading,
    first_place: usize,
    rules: &DedupSettings,
) -> Result<Committed, Fault> {
    let before = before(connection, feed)?;
    let intake = Intake { first_place, ..before.intake(connection, feed, at, rules) };
    let done = entries::take_in(&intake, reading)?;
    if done.new_entries > 0 {
        connection
            .prepare_cached("UPDATE feeds SET entry_count = entry_count + ?2 WHERE id = ?1")?
            .execute((feed.0, done.new_entries))?;
    }
    if done != Committed::default() {
        bump_revision(connection)?;
    }
    Ok(done)
}

/// Which article each entry would join, and why; nothing is written.
pub(super) fn weigh(
    connection: &Writing,
    update: &FeedUpdate,
    rules: &DedupSettings,
) -> Result<Vec<Option<(ArticleId, GroupingReason)>>, Fault> {
    let before = before(connection, update.feed)?;
    let Some(reading) = &update.reading else { return Ok(Vec::new()) };
    let intake = before.intake(connection, update.feed, update.at, rules);
    let mut grouper = Grouper::looking(&intake, reading)?;
    let weighed = reading.entries.iter().map(|arriving| {
        let published = arriving.entry.published.map(|published| published.min(update.at));
        let (_, joins) = grouper.weigh(arriving, published, None)?;
        let joined = joins.into_iter().next().map(Joined::by);
        Ok(joined.map(|joined| (ArticleId(joined.article), joined.reason)))
    });
    weighed.collect()
}

/// Says that an output could show something else now.
pub(super) fn bump_revision(connection: &Connection) -> Result<(), Fault> {
    // Of one row, by its number: SQLite would keep a journal of a statement that could change
    // several, and FTS5 would write out its words for that.
    connection
        .prepare_cached("UPDATE state SET revision = revision + 1 WHERE id = 1")?
        .execute([])?;
    Ok(())
}

fn before(connection: &Connection, feed: FeedId) -> Result<Before, Fault> {
    let mut row = connection
        .prepare_cached("SELECT url, stands_alone, document_guids FROM feeds WHERE id = ?1")?;
    row.query_row([feed.0], |row| {
        let address: String = row.get(0)?;
        let Ok(address) = Url::parse(&address) else { return Ok(None) };
        Ok(Some(Before { url: address, stands_alone: row.get(1)?, document_guids: row.get(2)? }))
    })
    .optional()?
    .flatten()
    .ok_or(Fault::NoSuchFeed(feed.0))
}

/// What the document said of its feed. Tells whether an output could show it.
fn set_document(
    connection: &Connection,
    update: &FeedUpdate,
    reading: &Reading,
    before: &Before,
) -> Result<bool, Fault> {
    let meta = &reading.meta;
    let text = |url: &Option<Url>| url.as_ref().map(Url::to_string);
    let title = meta.title.as_deref().filter(|title| !title.trim().is_empty());
    // Its own date moves with each poll in some feeds; it is no news by itself.
    let news: bool = connection
        .prepare_cached(
            "SELECT (title, atom_id, home_page) IS NOT (:title, :atom_id, :home_page)
               FROM feeds WHERE id = :id",
        )?
        .query_row(
            named_params! {
                ":id": update.feed.0, ":title": title, ":atom_id": meta.id,
                ":home_page": text(&meta.home_page),
            },
            |row| row.get(0),
        )?;
    let links = (reading.links != Default::default())
        .then(|| serde_json::to_string(&reading.links))
        .transpose()?;
    connection
        .prepare_cached(
            "UPDATE feeds SET title = :title, atom_id = :atom_id, self_url = :self_url,
                 home_page = :home_page, description = :description, language = :language,
                 updated = :updated, links = :links, repairs = :repairs, document_guids = :guids
              WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": update.feed.0,
            ":title": title,
            ":atom_id": meta.id,
            ":self_url": text(&meta.url),
            ":home_page": text(&meta.home_page),
            ":description": meta.description,
            ":language": meta.language,
            ":updated": meta.updated.map(seconds),
            ":links": links,
            ":repairs": list_json(&reading.repairs)?,
            ":guids": document_guids(reading, before),
        })?;
    Ok(news)
}

/// The guids that the feed shows now. A part of a document adds to those before.
fn document_guids(reading: &Reading, before: &Before) -> Vec<u8> {
    let hashes = reading.guids.iter().map(|guid| signed(xxh3_64(guid.as_bytes())));
    let older = before.document_guids.as_deref().filter(|_| reading.partial);
    let mut known = HashSet::new();
    let all = hashes.chain(older.map(from_blob).unwrap_or_default());
    blob(all.filter(|hash| known.insert(*hash)).take(REMEMBERED_GUIDS))
}

/// Validators, address, state and the next poll; gives the lease back.
///
/// What it means for a row is told by the row itself, so that a poll that brought nothing
/// reads it once. `uncounted`: those of its new entries that no part has counted.
fn set_poll(
    connection: &Connection,
    update: &FeedUpdate,
    done: Committed,
    uncounted: u32,
) -> Result<(), Fault> {
    let (moves, target) = match &update.address {
        Address::Keep => (false, None),
        Address::MovedTo(target) => (true, Some(target.as_str())),
        Address::Configured => (true, None),
    };
    let (etag, last_modified) = match &update.validators {
        Some(given) => (given.etag.as_deref(), given.last_modified.as_deref()),
        None => (None, None),
    };
    let memory = &update.memory;
    let error = update.record.error.as_deref().map(short_line);
    let poll = match error {
        None => done.new_entries.to_string(),
        Some(_) => "-".to_owned(),
    };
    let rows = connection.prepare_cached(SET_POLL)?.execute(params![
        update.feed.0,
        update.validators.is_some(),
        etag,
        last_modified,
        moves,
        target,
        update.body_hash.map(signed),
        update.next_poll.map(millis),
        memory.retry_after.map(|rest| millis(rest.until)),
        millis(update.at),
        error,
        memory.consecutive_failures,
        memory.failing_since.map(millis),
        number(update.interval.as_secs()),
        poll,
        RECENT_GAPS,
        serde_json::to_string(memory)?,
        uncounted,
    ])?;
    if rows == 0 {
        return Err(Fault::NoSuchFeed(update.feed.0));
    }
    // Of its own: SQLite makes a table of the five words that a state may be, each time that
    // one is written. A feed that left the config during its poll stays paused.
    connection
        .prepare_cached(
            "UPDATE feeds SET status = ?2 WHERE id = ?1 AND status <> ?2 AND status <> 'paused'",
        )?
        .execute((update.feed.0, update.state.word()))?;
    feeds::release(connection, &[update.feed])
}

/// Validators speak of one address; those of another would make a server say 304 for something
/// that we never had.
const SET_POLL: &str = "UPDATE feeds SET
         etag = CASE WHEN ?2 THEN ?3
                     WHEN ?5 AND moved_to IS NOT nullif(?6, url) THEN NULL ELSE etag END,
         last_modified = CASE WHEN ?2 THEN ?4
                              WHEN ?5 AND moved_to IS NOT nullif(?6, url) THEN NULL
                              ELSE last_modified END,
         moved_to = iif(?5, nullif(?6, url), moved_to),
         body_hash = coalesce(?7, body_hash), next_poll = ?8, rest_until = ?9, last_fetch = ?10,
         last_success = iif(?11 IS NULL, ?10, last_success), error = ?11,
         consecutive_failures = ?12, failing_since = ?13, interval_seconds = ?14,
         recent = ltrim(iif(length(recent) - length(replace(recent, ' ', '')) < ?16, recent,
                            substr(recent, instr(recent, ' ') + 1)) || ' ' || ?15),
         memory = ?17, entry_count = entry_count + ?18
      WHERE id = ?1";

/// Signs between the polls that `recent` keeps: what a sparkline of a feed shows.
const RECENT_GAPS: u32 = 23;

fn add_fetch(connection: &Connection, update: &FeedUpdate, done: Committed) -> Result<(), Fault> {
    let record = &update.record;
    connection
        .prepare_cached(
            "INSERT INTO fetches (feed_id, at, status, bytes, millis, new_entries, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            update.feed.0,
            millis(update.at),
            record.status,
            number(record.bytes),
            number(record.millis),
            done.new_entries,
            record.error.as_deref().map(short_line),
        ))?;
    Ok(())
}

/// One line without control signs, of bounded length: servers have a hand in it.
fn short_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(ERROR_CHARS)
        .collect()
}
