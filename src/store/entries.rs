//! Takes a document's entries in: each into its row, each row into its article.
//!
//! In: new and changed entries. Out: rows of `entries` and `articles`, the search index,
//! the keys of deduplication. An edit changes what is said, never the place, the first
//! sight or the public id.

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension as _, named_params};
use url::Url;

use super::{
    Arriving, Committed, FeedId, Reading, candidates,
    error::Fault,
    grouping::{self, Grouper, Joined},
    identity::{self, Identity, Recognizer, said_hash},
    search::SearchText,
    stamp,
    values::{blob, list_json, seconds, signed},
    writing::Writing,
};
use crate::model::{DedupSettings, Entry, Html, Time};

/// The circumstances of one document.
pub(super) struct Intake<'a> {
    pub connection: &'a Writing,
    pub feed: FeedId,
    pub feed_url: &'a Url,
    pub stands_alone: bool,
    /// Nothing was read of this feed before.
    pub first_document: bool,
    /// Where the first of the entries stands among all that are new or changed.
    pub first_place: usize,
    pub at: Time,
    pub rules: &'a DedupSettings,
}

pub(super) fn take_in(intake: &Intake<'_>, reading: &Reading) -> Result<Committed, Fault> {
    let mut done = Committed::default();
    let mut recognizer = Recognizer::new(intake.connection, intake.feed, reading)?;
    let mut grouper = Grouper::new(intake, reading)?;
    // Backwards: a document has its newest first, and of two articles in one place the one
    // with the higher row is shown first.
    for (place, arriving) in reading.entries.iter().enumerate().rev() {
        let entry = &arriving.entry;
        let place = intake.first_place + place;
        match recognizer.judge(entry)? {
            Identity::Unchanged | Identity::Swept => {}
            Identity::Edit(row) | Identity::Renewed(row) => {
                let shown = edit(intake, &mut grouper, row, arriving)?;
                done.changed_entries += u32::from(shown);
            }
            Identity::New { variant } => {
                let (row, joined) = insert(intake, &mut grouper, arriving, variant, place)?;
                recognizer.stored(entry, row, variant);
                done.new_entries += 1;
                if joined { done.joined += 1 } else { done.new_articles += 1 }
            }
        }
    }
    Ok(done)
}

/// Where an entry stands in the river: see [`crate::model::Article::position`].
fn position(intake: &Intake<'_>, published: Option<Time>, place: usize) -> Time {
    let place = i32::try_from(place).unwrap_or(i32::MAX);
    match published {
        Some(published) => published.min(intake.at),
        None if intake.first_document => {
            intake.at.checked_sub_signed(TimeDelta::hours(1) * place).unwrap_or(intake.at)
        }
        None => intake.at,
    }
}

/// A new entry, in the article that it joins or in one of its own. Tells its row, and
/// whether it joined.
fn insert(
    intake: &Intake<'_>,
    grouper: &mut Grouper<'_>,
    arriving: &Arriving,
    variant: i64,
    place: usize,
) -> Result<(i64, bool), Fault> {
    let connection = intake.connection;
    let entry = &arriving.entry;
    let published = entry.published.map(|published| published.min(intake.at));
    let grouped = grouper.find(arriving, published)?;
    let joined = grouped.joined;
    let row = next(connection, "SELECT coalesce(max(id), 0) + 1 FROM entries")?;
    let article = match &joined {
        Some(joined) => joined.article,
        None => next_article(connection)?,
    };
    let place_of = Place { row, variant, article, published };
    insert_row(intake, arriving, &place_of, joined.as_ref(), &grouped.keys)?;
    let standing = match &joined {
        Some(_) => {
            touch(connection, article, intake.at)?;
            connection
                .prepare_cached("SELECT position FROM articles WHERE id = ?1")?
                .query_row([article], |row| row.get(0))?
        }
        None => {
            // Where a feed tells only when an entry was updated, the first word on it stands: a
            // later edit moves nothing.
            let standing = position(intake, published.or(entry.updated), place);
            insert_article(intake, arriving, (article, row, variant), standing)?;
            seconds(standing)
        }
    };
    // Not from a SELECT: SQLite would keep a journal of the statement, for each entry.
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO feed_articles (feed_id, position, article_id)
             VALUES (?1, ?2, ?3)",
        )?
        .execute((intake.feed.0, standing, article))?;
    Ok((row, joined.is_some()))
}

/// Where a new row goes.
struct Place {
    row: i64,
    variant: i64,
    article: i64,
    published: Option<Time>,
}

fn insert_row(
    intake: &Intake<'_>,
    arriving: &Arriving,
    place: &Place,
    joined: Option<&Joined>,
    keys: &[i64],
) -> Result<(), Fault> {
    let entry = &arriving.entry;
    let said = Said::of(arriving, keys)?;
    let reason = joined.map(|joined| &joined.reason);
    intake
        .connection
        .prepare_cached(
            "INSERT INTO entries (id, feed_id, guid, variant, article_id, first_seen, published,
                 updated, raw_hash, said_hash, grouped_by, grouped_because, grouped_with, url,
                 title, author, categories, enclosures, language, origin, original_url, comments,
                 dedup_keys, summary, content)
             VALUES (:id, :feed, :guid, :variant, :article, :at, :published, :updated, :raw_hash,
                 :said_hash, :rule, :because, :with, :url, :title, :author, :categories,
                 :enclosures, :language, :origin, :original_url, :comments, :keys,
                 :summary, :content)",
        )?
        .execute(named_params! {
            ":id": place.row,
            ":feed": intake.feed.0,
            ":guid": entry.guid,
            ":variant": place.variant,
            ":article": place.article,
            ":at": seconds(intake.at),
            ":published": place.published.map(seconds),
            ":updated": entry.updated.map(seconds),
            ":raw_hash": signed(entry.raw_hash),
            ":said_hash": signed(said_hash(entry)),
            ":rule": reason.map(|reason| &reason.rule),
            ":because": reason.map(|reason| &reason.reason),
            ":with": reason.and_then(|reason| reason.with).map(|entry| entry.0),
            ":url": said.url,
            ":title": entry.title,
            ":author": said.author,
            ":categories": said.categories,
            ":enclosures": said.enclosures,
            ":language": entry.language,
            ":origin": said.origin,
            ":original_url": said.original_url,
            ":comments": said.comments,
            ":keys": said.keys,
            ":summary": said.summary,
            ":content": said.content,
        })?;
    candidates::add_keys(intake.connection, place.row, keys);
    Ok(())
}

fn insert_article(
    intake: &Intake<'_>,
    arriving: &Arriving,
    (article, row, variant): (i64, i64, i64),
    standing: Time,
) -> Result<(), Fault> {
    let began =
        Beginning { article, row, variant, standing, first_seen: intake.at, now: intake.at };
    let words = arriving.words.clone();
    begin_article(intake.connection, intake.feed_url, &arriving.entry, words, &began)
}

/// Where a new article begins.
pub(super) struct Beginning {
    pub article: i64,
    /// Its representative.
    pub row: i64,
    pub variant: i64,
    pub standing: Time,
    pub first_seen: Time,
    pub now: Time,
}

/// The number of the next article.
pub(super) fn next_article(connection: &Connection) -> Result<i64, Fault> {
    next(connection, "SELECT coalesce(max(id), 0) + 1 FROM articles")
}

/// A new article, shown as this entry, with a public id that nobody else has.
pub(super) fn begin_article(
    connection: &Writing,
    feed_url: &Url,
    entry: &Entry,
    words: SearchText,
    began: &Beginning,
) -> Result<(), Fault> {
    let (mut variant, mut taken) = (began.variant, false);
    // Taken, too: by a feed of this URL that was deleted and came back while its article
    // lives on in other feeds.
    let public_id = loop {
        let public_id = identity::public_id(feed_url, entry, variant, taken);
        if !grouping::is_taken(connection, &public_id)? {
            break public_id;
        }
        variant = variant.wrapping_add(i64::from(taken));
        taken = true;
    };
    connection
        .prepare_cached(
            "INSERT INTO articles (id, entry_id, public_id, slug, position, first_seen, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            began.article,
            began.row,
            &public_id,
            identity::slug(&public_id),
            seconds(began.standing),
            seconds(began.first_seen),
            stamp::next(connection, began.now)?,
        ))?;
    Ok(connection.index(began.article, words)?)
}

/// What an edit has to know of the row.
struct Row {
    article: i64,
    representative: bool,
    keys: Option<Vec<u8>>,
    /// Something of it is different that an output shows.
    shown: bool,
}

/// Changes what an entry says. Tells whether a reader could see it.
///
/// Where nothing but the dates is different, they stay: some feeds give each entry the
/// hour of the poll, and each output would change with it.
fn edit(
    intake: &Intake<'_>,
    grouper: &mut Grouper<'_>,
    row: i64,
    arriving: &Arriving,
) -> Result<bool, Fault> {
    let connection = intake.connection;
    let entry = &arriving.entry;
    let mut said = Said::of(arriving, &[])?;
    let before = before_edit(connection, row, entry, &said)?;
    let published = entry.published.map(|published| published.min(intake.at));
    let grouped = grouper.find_again(arriving, published, row, before.article)?;
    said.keys = keys_column(&grouped.keys);
    if before.representative && before.shown {
        let old = SearchText::stored(connection, row)?;
        let new = &arriving.words;
        if old != *new {
            connection.unindex(before.article, old)?;
            connection.index(before.article, new.clone())?;
        }
    }
    let dated = update_row(intake, row, entry, &said, before.shown)?;
    candidates::change_keys(connection, row, before.keys.as_deref(), said.keys.as_deref())?;
    let mut shown = before.shown || (before.representative && dated);
    if shown {
        touch(connection, before.article, intake.at)?;
    }
    if let Some(joined) = grouped.joined {
        grouping::join_again(connection, row, before.article, &joined, intake.at)?;
        shown = true;
    }
    Ok(shown)
}

/// The row as it is, and whether what `said` says of it would look different.
fn before_edit(
    connection: &Connection,
    row: i64,
    entry: &Entry,
    said: &Said<'_>,
) -> Result<Row, Fault> {
    let before = connection
        .prepare_cached(
            "SELECT e.article_id, a.entry_id = e.id, e.dedup_keys,
                    iif(a.entry_id = e.id,
                        (url, title, author, categories, enclosures, language, origin, comments,
                         summary, content)
                        IS NOT (:url, :title, :author, :categories, :enclosures, :language,
                                :origin, :comments, :summary, :content),
                        (url, origin) IS NOT (:url, :origin))
               FROM entries e JOIN articles a ON a.id = e.article_id WHERE e.id = :id",
        )?
        .query_row(
            named_params! {
                ":id": row,
                ":url": said.url,
                ":title": entry.title,
                ":author": said.author,
                ":categories": said.categories,
                ":enclosures": said.enclosures,
                ":language": entry.language,
                ":origin": said.origin,
                ":comments": said.comments,
                ":summary": said.summary,
                ":content": said.content,
            },
            |found| {
                Ok(Row {
                    article: found.get(0)?,
                    representative: found.get(1)?,
                    keys: found.get(2)?,
                    shown: found.get(3)?,
                })
            },
        )?;
    Ok(before)
}

/// Tells whether a date came where there was none.
fn update_row(
    intake: &Intake<'_>,
    row: i64,
    entry: &Entry,
    said: &Said<'_>,
    redate: bool,
) -> Result<bool, Fault> {
    let connection = intake.connection;
    let dated = connection
        .prepare_cached(
            "SELECT (published IS NULL AND ?2) OR (updated IS NULL AND ?3)
               FROM entries WHERE id = ?1",
        )?
        .query_row((row, entry.published.is_some(), entry.updated.is_some()), |row| row.get(0))?;
    connection
        .prepare_cached(
            "UPDATE entries SET guid = :guid,
                 published = CASE WHEN published IS NULL THEN min(:published, :at)
                     WHEN :redate AND :published <= :at THEN :published ELSE published END,
                 updated = iif(:redate OR updated IS NULL, :updated, updated),
                 raw_hash = :raw_hash, said_hash = :said_hash, url = :url, title = :title,
                 author = :author, categories = :categories, enclosures = :enclosures,
                 language = :language, origin = :origin, original_url = :original_url,
                 comments = :comments, dedup_keys = :keys,
                 summary = :summary, content = :content
              WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": row,
            ":guid": entry.guid,
            ":at": seconds(intake.at),
            ":redate": redate,
            ":published": entry.published.map(seconds),
            ":updated": entry.updated.map(seconds),
            ":raw_hash": signed(entry.raw_hash),
            ":said_hash": signed(said_hash(entry)),
            ":url": said.url,
            ":title": entry.title,
            ":author": said.author,
            ":categories": said.categories,
            ":enclosures": said.enclosures,
            ":language": entry.language,
            ":origin": said.origin,
            ":original_url": said.original_url,
            ":comments": said.comments,
            ":keys": said.keys,
            ":summary": said.summary,
            ":content": said.content,
        })?;
    Ok(dated)
}

/// The article looks different now.
fn touch(connection: &Connection, article: i64, at: Time) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE articles SET changed = ?2 WHERE id = ?1")?
        .execute((article, stamp::next(connection, at)?))?;
    Ok(())
}

/// An entry's words as the columns have them.
struct Said<'a> {
    url: Option<&'a str>,
    author: Option<String>,
    categories: Option<String>,
    enclosures: Option<String>,
    origin: Option<String>,
    original_url: Option<&'a str>,
    comments: Option<&'a str>,
    keys: Option<Vec<u8>>,
    summary: Option<&'a str>,
    content: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(arriving: &'a Arriving, keys: &[i64]) -> Result<Self, Fault> {
        let entry = &arriving.entry;
        let author = entry.authors.iter().map(|name| name.replace(['\n', '\r'], " "));
        let author = author.collect::<Vec<_>>().join("\n");
        Ok(Self {
            url: entry.url.as_ref().map(Url::as_str),
            author: Some(author).filter(|author| !author.is_empty()),
            categories: list_json(&entry.categories)?,
            enclosures: list_json(&entry.enclosures)?,
            origin: entry.origin.as_ref().map(serde_json::to_string).transpose()?,
            original_url: entry.original_url.as_ref().map(Url::as_str),
            comments: entry.comments.as_ref().map(Url::as_str),
            keys: keys_column(keys),
            summary: entry.summary.as_ref().map(Html::as_str),
            content: entry.content.as_ref().map(Html::as_str),
        })
    }
}

fn keys_column(keys: &[i64]) -> Option<Vec<u8>> {
    Some(blob(keys.iter().copied())).filter(|keys| !keys.is_empty())
}

fn next(connection: &Connection, sql: &str) -> Result<i64, Fault> {
    let number = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(number.unwrap_or(1))
}
