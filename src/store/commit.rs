//! Commits what one poll learned.
//!
//! In: a [`FeedUpdate`]. Out: [`Committed`] counts. All of it is one transaction, so that a
//! feed's validators never run ahead of its entries: a server that is asked with them
//! answers 304, and would never send those entries again.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, named_params};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Address, Committed, FeedId, FeedUpdate, Reading,
    entries::{self, Intake},
    error::Fault,
    feeds,
    grouping::{Grouper, Joined},
    values::{blob, from_blob, list_json, millis, number, seconds, signed, url},
    writing::Writing,
};
use crate::model::{ArticleId, DedupSettings, FeedState, GroupingReason, Time};

/// Guids of one feed that are remembered as shown: a document may have a million entries,
/// a part that is merged into it may come with each poll.
const REMEMBERED_GUIDS: usize = 100_000;

/// Signs of an error that are kept.
const ERROR_CHARS: usize = 500;

/// What the commit needs to know of the feed before it.
struct Before {
    url: Url,
    status: String,
    moved_to: Option<Url>,
    recent: String,
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
    let before = before(connection, update.feed)?;
    let mut done = Committed::default();
    let mut shown = false;
    if let Some(reading) = &update.reading {
        let intake = before.intake(connection, update.feed, update.at, rules);
        done = entries::take_in(&intake, reading)?;
        shown = done != Committed::default();
        shown |= set_document(connection, update, reading, &before)?;
    }
    let all = done.and(parts);
    set_poll(connection, update, &before, all, done.new_entries)?;
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
    let mut row = connection.prepare_cached(
        "SELECT url, status, moved_to, recent, stands_alone, document_guids
           FROM feeds WHERE id = ?1",
    )?;
    row.query_row([feed.0], |row| {
        let address: String = row.get(0)?;
        let Ok(address) = Url::parse(&address) else { return Ok(None) };
        Ok(Some(Before {
            url: address,
            status: row.get(1)?,
            moved_to: url(row.get(2)?),
            recent: row.get(3)?,
            stands_alone: row.get(4)?,
            document_guids: row.get(5)?,
        }))
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
/// `uncounted`: those of its new entries that no part has counted.
fn set_poll(
    connection: &Connection,
    update: &FeedUpdate,
    before: &Before,
    done: Committed,
    uncounted: u32,
) -> Result<(), Fault> {
    let failed = update.record.error.is_some();
    let moved_to = match &update.address {
        Address::Keep => before.moved_to.clone(),
        Address::MovedTo(target) => Some(target.clone()).filter(|target| *target != before.url),
        Address::Configured => None,
    };
    // Validators speak of one address; those of another would make a server say 304 for
    // something that we never had.
    let dropped = moved_to != before.moved_to && update.validators.is_none();
    let validators = update.validators.clone().unwrap_or_default();
    let recent = feeds::with_poll(&before.recent, (!failed).then_some(done.new_entries.into()));
    // A feed that left the config during its poll stays paused.
    let state = if before.status == "paused" { FeedState::Paused } else { update.state };
    let error = update.record.error.as_deref().map(short_line);
    connection
        .prepare_cached(
            "UPDATE feeds SET
                 etag = iif(:set, :etag, etag),
                 last_modified = iif(:set, :last_modified, last_modified),
                 body_hash = coalesce(:body_hash, body_hash),
                 moved_to = :moved_to, status = :status, next_poll = :next_poll,
                 leased_until = NULL, rest_until = :rest_until, last_fetch = :at,
                 last_success = iif(:error IS NULL, :at, last_success),
                 consecutive_failures = :failures, failing_since = :failing_since,
                 error = :error, interval_seconds = :interval, recent = :recent,
                 memory = :memory, entry_count = entry_count + :uncounted
              WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": update.feed.0,
            ":set": update.validators.is_some() || dropped,
            ":etag": validators.etag,
            ":last_modified": validators.last_modified,
            ":body_hash": update.body_hash.map(signed),
            ":moved_to": moved_to.map(String::from),
            ":status": state.word(),
            ":next_poll": update.next_poll.map(millis),
            ":rest_until": update.memory.retry_after.map(|rest| millis(rest.until)),
            ":at": millis(update.at),
            ":failures": update.memory.consecutive_failures,
            ":failing_since": update.memory.failing_since.map(millis),
            ":error": error,
            ":interval": number(update.interval.as_secs()),
            ":recent": recent,
            ":memory": serde_json::to_string(&update.memory)?,
            ":uncounted": uncounted,
        })?;
    Ok(())
}

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
