//! Which article an entry joins, and why: deduplication's cheap half, inside the commit.
//!
//! In: an arriving entry with its fingerprint. Out: the article that it joins, with the
//! reason in words, or none. Candidates are the entries of other feeds that share a key;
//! what of them tells the same story is [`choose`]'s to say. A false merge is worse than a
//! missed one: whatever is in doubt stays apart.

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Arriving, EntryId, FeedId,
    error::Fault,
    identity::{canonical, is_id_iri, slug},
    search::SearchText,
    values::{blob, from_blob, seconds, time, url},
};
use crate::model::{DedupSettings, Entry, GroupingReason, Time};

/// A key that more entries share than this says nothing of a story: a home page, an empty
/// text, a boilerplate line.
const KEY_SHARED_BY: usize = 60;

/// Keys of one entry that are looked at.
const KEYS: usize = 64;

/// An entry of another feed that shares a key with the arriving one.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub id: EntryId,
    pub feed: FeedId,
    pub article: i64,
    pub guid: String,
    pub url: Option<url::Url>,
    pub title: Option<String>,
    pub published: Option<Time>,
    pub first_seen: Time,
    /// `entries.fingerprint`: what `dedup` made of it, for rules that compare texts.
    pub fingerprint: Option<Vec<u8>>,
}

/// The verdict on one candidate: they tell the same story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub candidate: EntryId,
    pub article: i64,
    pub rule: &'static str,
    pub reason: String,
}

/// The article that an entry joins.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    pub article: i64,
    pub reason: GroupingReason,
}

/// Says which of the candidates tell the same story as the entry, the surest first.
///
/// The rules proper are `dedup`'s; here are the two that need no text: one IRI as guid, and
/// one address.
fn choose(arriving: &Arriving, candidates: &[Candidate], _rules: &DedupSettings) -> Vec<Verdict> {
    let entry = &arriving.entry;
    let address = entry.url.as_ref().and_then(canonical);
    let verdict = |candidate: &Candidate| {
        let (rule, reason) = if entry.guid == candidate.guid && is_id_iri(&entry.guid) {
            ("id", format!("same id {}", entry.guid))
        } else if address.is_some() && address == candidate.url.as_ref().and_then(canonical) {
            ("address", format!("same address {}", address.as_deref().unwrap_or_default()))
        } else {
            return None;
        };
        Some(Verdict { candidate: candidate.id, article: candidate.article, rule, reason })
    };
    let mut verdicts: Vec<Verdict> = candidates.iter().filter_map(verdict).collect();
    verdicts.sort_by_key(|verdict| (verdict.rule != "id", verdict.candidate));
    verdicts
}

/// Finds the article of a new entry. Groups that turn out to be one through it are merged.
pub(super) fn find(
    connection: &Connection,
    feed: FeedId,
    arriving: &Arriving,
    first_seen: Time,
    rules: &DedupSettings,
) -> Result<Option<Joined>, Fault> {
    let candidates = candidates(connection, feed, arriving, first_seen, rules.window)?;
    if candidates.is_empty() {
        return Ok(None);
    }
    let mut joined: Option<Joined> = None;
    for verdict in choose(arriving, &candidates, rules) {
        match &mut joined {
            None if carries(connection, verdict.article, feed)? => {}
            None => {
                let reason = GroupingReason {
                    rule: verdict.rule.into(),
                    reason: verdict.reason,
                    with: Some(verdict.candidate),
                };
                joined = Some(Joined { article: verdict.article, reason });
            }
            Some(joined) if joined.article == verdict.article => {}
            Some(joined) => {
                if disjoint(connection, joined.article, verdict.article)?
                    && !carries(connection, verdict.article, feed)?
                {
                    joined.article =
                        merge(connection, joined.article, verdict.article, first_seen)?;
                }
            }
        }
    }
    Ok(joined)
}

/// The entries of other feeds that share a key, within the window of time.
fn candidates(
    connection: &Connection,
    feed: FeedId,
    arriving: &Arriving,
    first_seen: Time,
    window: std::time::Duration,
) -> Result<Vec<Candidate>, Fault> {
    let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let near = |candidate: &Candidate| apart(&arriving.entry, first_seen, candidate) <= window;
    let mut sharing = connection.prepare_cached(
        "SELECT entry_id FROM dedup_keys WHERE key = ?1 ORDER BY entry_id DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(KEY_SHARED_BY + 1).unwrap_or(i64::MAX);
    let mut ids = std::collections::BTreeSet::new();
    for key in keys(arriving) {
        let mut found: Vec<i64> =
            sharing.query_map((key, limit), |row| row.get(0))?.collect::<Result<_, _>>()?;
        if found.len() > KEY_SHARED_BY {
            let oldest = found.pop().map(|id| candidate(connection, id)).transpose()?.flatten();
            if oldest.is_some_and(|oldest| near(&oldest)) {
                continue;
            }
        }
        ids.extend(found);
    }
    let mut candidates = Vec::new();
    for id in ids {
        let found = candidate(connection, id)?;
        candidates.extend(found.filter(|it| it.feed != feed && near(it)));
    }
    Ok(candidates)
}

/// `None` for an entry of a feed that stands alone.
fn candidate(connection: &Connection, id: i64) -> Result<Option<Candidate>, Fault> {
    let mut load = connection.prepare_cached(
        "SELECT e.id, e.feed_id, e.article_id, e.guid, e.url, e.title, e.published, e.first_seen,
                e.fingerprint
           FROM entries e JOIN feeds f ON f.id = e.feed_id
          WHERE e.id = ?1 AND f.stands_alone = 0",
    )?;
    let found = load.query_row([id], |row| {
        Ok(Candidate {
            id: EntryId(row.get(0)?),
            feed: FeedId(row.get(1)?),
            article: row.get(2)?,
            guid: row.get(3)?,
            url: url(row.get(4)?),
            title: row.get(5)?,
            published: time(row.get(6)?),
            first_seen: time(row.get(7)?).unwrap_or_default(),
            fingerprint: row.get(8)?,
        })
    });
    Ok(found.optional()?)
}

/// How far apart in time two entries are: by their feeds' claims where both make one.
fn apart(entry: &Entry, first_seen: Time, candidate: &Candidate) -> TimeDelta {
    match (entry.published, candidate.published) {
        (Some(one), Some(other)) => (one - other).abs(),
        _ => (first_seen - candidate.first_seen).abs(),
    }
}

/// Does the article have an entry of this feed? A feed tells a story once: two entries of
/// one feed are two articles, whatever a third one has in common with both.
fn carries(connection: &Connection, article: i64, feed: FeedId) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE article_id = ?1 AND feed_id = ?2)",
        )?
        .query_row((article, feed.0), |row| row.get(0))?)
}

/// Have two articles no feed in common?
fn disjoint(connection: &Connection, one: i64, other: i64) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT NOT EXISTS (
                 SELECT feed_id FROM entries WHERE article_id = ?1
                 INTERSECT SELECT feed_id FROM entries WHERE article_id = ?2)",
        )?
        .query_row((one, other), |row| row.get(0))?)
}

/// Makes one article of two: the older one stays as it is, with its public id and place;
/// the other's public id still finds it.
pub(super) fn merge(
    connection: &Connection,
    one: i64,
    other: i64,
    now: Time,
) -> Result<i64, Fault> {
    let older: i64 = connection
        .prepare_cached(
            "SELECT id FROM articles WHERE id IN (?1, ?2) ORDER BY first_seen, id LIMIT 1",
        )?
        .query_row((one, other), |row| row.get(0))?;
    let younger = if older == one { other } else { one };
    let representative: i64 = connection
        .prepare_cached("SELECT entry_id FROM articles WHERE id = ?1")?
        .query_row([younger], |row| row.get(0))?;
    SearchText::stored(connection, representative)?.remove(connection, younger)?;
    for sql in [
        "UPDATE entries SET article_id = ?1 WHERE article_id = ?2",
        "INSERT OR IGNORE INTO feed_articles (feed_id, position, article_id)
             SELECT feed_id, (SELECT position FROM articles WHERE id = ?1), ?1
               FROM entries WHERE article_id = ?1 AND ?2 = ?2",
        "DELETE FROM feed_articles WHERE (feed_id, position, article_id) IN (
             SELECT e.feed_id, a.position, a.id FROM entries e, articles a
              WHERE e.article_id = ?1 AND a.id = ?2)",
        "UPDATE article_aliases SET article_id = ?1 WHERE article_id = ?2",
        "INSERT OR REPLACE INTO article_aliases (slug, public_id, article_id)
             SELECT slug, public_id, ?1 FROM articles WHERE id = ?2",
        "DELETE FROM articles WHERE id = ?2 AND ?1 = ?1",
    ] {
        connection.prepare_cached(sql)?.execute((older, younger))?;
    }
    connection
        .prepare_cached("UPDATE articles SET changed = ?2 WHERE id = ?1")?
        .execute((older, seconds(now)))?;
    Ok(older)
}

/// Is this public id in use, by an article or as what an article once was?
pub(super) fn is_taken(connection: &Connection, public_id: &str) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM articles WHERE slug = ?1)
                 OR EXISTS (SELECT 1 FROM article_aliases WHERE slug = ?1)",
        )?
        .query_row([slug(public_id)], |row| row.get(0))?)
}

/// The keys of an entry that are stored and asked for.
fn keys(arriving: &Arriving) -> impl Iterator<Item = i64> {
    arriving.fingerprint.keys.iter().copied().take(KEYS)
}

/// What goes into `entries.dedup_keys` and `entries.fingerprint`.
pub(super) fn columns(arriving: &Arriving) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let keys = blob(keys(arriving));
    (Some(keys).filter(|keys| !keys.is_empty()), None)
}

/// Makes the entry findable by its keys, and by none that it had before.
pub(super) fn set_keys(
    connection: &Connection,
    entry: i64,
    before: Option<&[u8]>,
    now: Option<&[u8]>,
) -> Result<(), Fault> {
    if before == now {
        return Ok(());
    }
    let mut remove =
        connection.prepare_cached("DELETE FROM dedup_keys WHERE key = ?1 AND entry_id = ?2")?;
    for key in from_blob(before.unwrap_or_default()) {
        remove.execute((key, entry))?;
    }
    let mut add = connection
        .prepare_cached("INSERT OR IGNORE INTO dedup_keys (key, entry_id) VALUES (?1, ?2)")?;
    for key in from_blob(now.unwrap_or_default()) {
        add.execute((key, entry))?;
    }
    Ok(())
}
