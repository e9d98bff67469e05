//! Groups made again, and people's word on them.
//!
//! In: all stored entries, or two articles, or one entry. Out: what changed. A merge or a
//! split by hand is remembered between entries, so that it outlives every regrouping. No
//! entry is ever taken away, and an article keeps its public id as long as its
//! representative is in it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    entries,
    error::Fault,
    grouping::{self, heir, merge},
    identity,
    keys::Keys,
    profiles::{Profiles, stored},
    search::SearchText,
    stamp,
    values::{seconds, url},
    writing::Writing,
};
use crate::{
    dedup::{Hands, NearMiss, Regrouped, Undated, regroup},
    model::{DedupSettings, EntryId, GroupingReason, Time},
};

/// What a regrouping changed, one line a group for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegroupReport {
    pub entries: u64,
    pub articles: u64,
    /// "2 articles are one now: TITLE", "TITLE left its article".
    pub changes: Vec<String>,
}

/// An entry that came near and was not joined.
#[derive(Debug, Clone, PartialEq)]
pub struct NearEntry {
    pub entry: EntryId,
    /// The feed's configured name.
    pub feed: String,
    pub title: Option<String>,
    pub url: Option<url::Url>,
    /// Why not, in words.
    pub reason: String,
    /// 0 to 1.
    pub nearness: f32,
}

/// The groups as the rules would have them, and how many entries were looked at.
///
/// Only looks: the writer is free meanwhile.
pub(super) fn plan(
    connection: &Connection,
    rules: &DedupSettings,
) -> Result<(Vec<Regrouped>, u64), Fault> {
    let ids: Vec<(i64, bool)> = connection
        .prepare(
            "SELECT id, published IS NULL FROM entries
              ORDER BY coalesce(published, first_seen), feed_id, guid, variant",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut hands = Hands::default();
    let mut said = connection.prepare("SELECT entry_id, other_id, together FROM hands")?;
    let mut rows = said.query([])?;
    while let Some(row) = rows.next()? {
        let pair = (EntryId(row.get(0)?), EntryId(row.get(1)?));
        if row.get(2)? {
            hands.merged.push(pair);
        } else {
            hands.split.insert(pair);
        }
    }
    let mut profiles = Profiles::new(connection);
    let mut fault = None;
    // A row that cannot be read ends the walk; what was found so far is not used then.
    let mut read = |id| match profiles.read(id) {
        Ok(profile) => Some(profile),
        Err(error) => {
            fault = Some(error);
            None
        }
    };
    let without_date = ids.iter().filter(|(_, is_undated)| *is_undated);
    let undated = Undated::of(without_date.map_while(|&(id, _)| read(id)).flatten());
    let every = ids.iter().map_while(|&(id, _)| read(id)).flatten();
    let groups = regroup(every, &undated, &hands, rules);
    match fault {
        Some(fault) => Err(fault),
        None => Ok((groups, ids.len() as u64)),
    }
}

/// Makes the articles agree with the plan. Groups that are as they were are left alone,
/// their reasons, too, so that a second run changes nothing.
pub(super) fn apply(
    connection: &Writing,
    groups: &[Regrouped],
    now: Time,
) -> Result<Vec<String>, Fault> {
    let mut changed = Vec::new();
    for group in groups {
        let mut articles = BTreeSet::new();
        for (entry, _) in group {
            articles.extend(article_of(connection, entry.0)?);
        }
        let mut members = 0;
        for &article in &articles {
            members += count(connection, article)?;
        }
        // An entry that was swept meanwhile is in no article; one that came is in no group.
        if articles.len() > 1 || members > group.len() as u64 {
            changed.push((group, articles));
        }
    }
    let mut lines = Vec::new();
    let mut targets = Vec::new();
    // First everyone leaves articles that belong to another group, …
    for (group, articles) in &changed {
        let mut own = BTreeMap::new();
        for &article in articles {
            let (representative, first_seen) = article_row(connection, article)?;
            if group.iter().any(|(entry, _)| entry.0 == representative) {
                own.insert((first_seen, article), article);
            }
        }
        let target = match own.values().next() {
            Some(&target) => target,
            None => {
                let Some((first, _)) = group.first() else { continue };
                lines.push(format!("{} is an article of its own", title(connection, first.0)?));
                found(connection, first.0, now)?
            }
        };
        for (entry, _) in group.iter() {
            let Some(article) = article_of(connection, entry.0)? else { continue };
            if article != target && !own.values().any(|&own| own == article) {
                move_entry(connection, entry.0, target, now)?;
            }
        }
        targets.push((group, target, own));
    }
    // … then what is left of several articles becomes one.
    for (group, mut target, own) in targets {
        let before = target;
        for article in own.into_values().filter(|&article| article != before) {
            target = merge(connection, target, article, now)?;
        }
        let several = group.len();
        if several > 1 {
            let named = title(connection, article_row(connection, target)?.0)?;
            lines.push(format!("{several} entries are one article: {named}"));
        }
        set_reasons(connection, group, target)?;
    }
    Ok(lines)
}

/// Makes one article of two by hand. `None`: one of them is not there.
pub(super) fn merge_by_hand(
    connection: &Writing,
    one: i64,
    other: i64,
    now: Time,
) -> Result<i64, Fault> {
    let (here, there) = (article_row(connection, one)?.0, article_row(connection, other)?.0);
    let sides = [members(connection, one)?, members(connection, other)?];
    // What was split before is together now.
    let [left_side, right_side] = &sides;
    for &left in left_side {
        for &right in right_side {
            forget(connection, left, right)?;
        }
    }
    remember(connection, here, there, true, now)?;
    let merged = merge(connection, one, other, now)?;
    let shown = article_row(connection, merged)?.0;
    let (joined, with) = if shown == here { (there, here) } else { (here, there) };
    set_reason(connection, joined, Some(("hand", "joined by hand", Some(with))))?;
    Ok(merged)
}

/// Takes an entry out of its article by hand; answers with its own article, or `None` where
/// it has one already, or is not there.
pub(super) fn split_by_hand(
    connection: &Writing,
    entry: i64,
    now: Time,
) -> Result<Option<i64>, Fault> {
    let Some(article) = article_of(connection, entry)? else { return Ok(None) };
    let mut others = members(connection, article)?;
    others.retain(|&other| other != entry);
    if others.is_empty() {
        return Ok(None);
    }
    for &other in &others {
        forget(connection, entry, other)?;
        remember(connection, entry, other, false, now)?;
    }
    let own = found(connection, entry, now)?;
    set_reason(connection, entry, Some(("hand", "split off by hand", None)))?;
    Ok(Some(own))
}

/// The entries that came nearest to this one and are not in its article.
pub(super) fn near(
    connection: &Connection,
    entry: i64,
    rules: &DedupSettings,
) -> Result<Option<Vec<NearEntry>>, Fault> {
    let waiting = RefCell::new(Keys::elsewhere(connection)?);
    let mut profiles = Profiles::with_keys(connection, &waiting);
    let (Some(profile), Some(article)) = (profiles.read(entry)?, article_of(connection, entry)?)
    else {
        return Ok(None);
    };
    let own = Some((entry, article));
    let grouping = grouping::judge(&mut profiles, &profile, &profile.keys(), own, rules)?;
    // What the rules would join today is near, too: it was split by hand, or waits for a
    // regrouping.
    let joins = grouping.joins.into_iter().map(|join| NearMiss {
        entry: join.with,
        article: join.article,
        reason: format!("would be joined: {}", join.reason),
        nearness: 1.0,
    });
    let mut row = connection.prepare_cached(
        "SELECT f.name, e.title, e.url FROM entries e JOIN feeds f ON f.id = e.feed_id
          WHERE e.id = ?1",
    )?;
    let mut found = Vec::new();
    for miss in joins.chain(grouping.near).take(NEAR_SHOWN) {
        let (feed, title, address) =
            row.query_row([miss.entry.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        found.push(NearEntry {
            entry: miss.entry,
            feed,
            title,
            url: url(address),
            reason: miss.reason,
            nearness: miss.nearness,
        });
    }
    Ok(Some(found))
}

/// Near misses that are shown.
const NEAR_SHOWN: usize = 20;

/// How many articles there are.
pub(super) fn articles(connection: &Connection) -> Result<u64, Fault> {
    let count: i64 = connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?;
    Ok(super::values::count(count))
}

/// An article of its own for an entry that leaves another one. An id that it had before it
/// was merged is its own again.
fn found(connection: &Writing, entry: i64, now: Time) -> Result<i64, Fault> {
    let Some(row) = stored(connection, entry)? else { return Err(Fault::NoSuchEntry(entry)) };
    let (feed_url, variant): (String, i64) = connection
        .prepare_cached(
            "SELECT f.url, e.variant FROM entries e JOIN feeds f ON f.id = e.feed_id
              WHERE e.id = ?1",
        )?
        .query_row([entry], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let feed_url = url(Some(feed_url)).ok_or(Fault::NoSuchFeed(row.standing.feed.0))?;
    let before = article_of(connection, entry)?.unwrap_or_default();
    for taken in [false, true] {
        let id = identity::public_id(&feed_url, &row.entry, variant, taken);
        connection
            .prepare_cached("DELETE FROM article_aliases WHERE slug = ?1 AND article_id = ?2")?
            .execute((identity::slug(&id), before))?;
    }
    let standing = row.standing.at().min(row.standing.first_seen);
    let article = entries::next_article(connection)?;
    let began = entries::Beginning {
        article,
        row: entry,
        variant,
        standing,
        first_seen: row.standing.first_seen,
        now,
    };
    let words = SearchText::of(&row.entry);
    entries::begin_article(connection, &feed_url, &row.entry, words, &began)?;
    move_entry(connection, entry, article, now)?;
    Ok(article)
}

/// Puts an entry into another article; what it was shown as before gets an heir, and an
/// article that nobody tells any more lives on as another name of the new one.
fn move_entry(connection: &Writing, entry: i64, to: i64, now: Time) -> Result<(), Fault> {
    let Some(from) = article_of(connection, entry)? else { return Ok(()) };
    let (shown, _) = article_row(connection, from)?;
    if shown == entry {
        let Some(next) = heir(connection, from, entry)? else {
            merge(connection, to, from, now)?;
            return Ok(());
        };
        connection.unindex(from, SearchText::stored(connection, entry)?)?;
        connection.index(from, SearchText::stored(connection, next)?)?;
        connection
            .prepare_cached("UPDATE articles SET entry_id = ?2 WHERE id = ?1")?
            .execute((from, next))?;
        set_reason(connection, next, None)?;
    }
    for sql in [
        "UPDATE entries SET article_id = ?2 WHERE id = ?1 AND ?3 = ?3",
        "INSERT OR IGNORE INTO feed_articles (feed_id, position, article_id)
             SELECT e.feed_id, a.position, a.id FROM entries e, articles a
              WHERE e.id = ?1 AND a.id = ?2 AND ?3 = ?3",
        "DELETE FROM feed_articles WHERE article_id = ?3
            AND feed_id = (SELECT feed_id FROM entries WHERE id = ?1)
            AND position = (SELECT position FROM articles WHERE id = ?3)
            AND ?2 = ?2
            AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.article_id = ?3
                              AND e.feed_id = (SELECT feed_id FROM entries WHERE id = ?1))",
    ] {
        connection.prepare_cached(sql)?.execute((entry, to, from))?;
    }
    connection
        .prepare_cached("UPDATE articles SET changed = ?3 WHERE id IN (?1, ?2)")?
        .execute((from, to, stamp::next(connection, now)?))?;
    Ok(())
}

fn set_reasons(connection: &Connection, group: &Regrouped, article: i64) -> Result<(), Fault> {
    let (shown, _) = article_row(connection, article)?;
    for (entry, GroupingReason { rule, reason, with }) in group {
        if entry.0 == shown || rule == "first" {
            set_reason(connection, entry.0, None)?;
        } else {
            let with = with.map(|with| with.0);
            set_reason(connection, entry.0, Some((rule, reason, with)))?;
        }
    }
    // The walk may have begun elsewhere than the article: its own first then bears no reason,
    // and the representative's says why the two are together.
    for (entry, reason) in group {
        if entry.0 == shown
            && let Some(with) = reason.with
        {
            connection
                .prepare_cached(
                    "UPDATE entries SET grouped_by = ?2, grouped_because = ?3, grouped_with = ?4
                      WHERE id = ?1 AND grouped_by IS NULL",
                )?
                .execute((with.0, &reason.rule, &reason.reason, entry.0))?;
        }
    }
    Ok(())
}

fn set_reason(
    connection: &Connection,
    entry: i64,
    reason: Option<(&str, &str, Option<i64>)>,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE entries SET grouped_by = ?2, grouped_because = ?3, grouped_with = ?4
              WHERE id = ?1",
        )?
        .execute((
            entry,
            reason.map(|reason| reason.0),
            reason.map(|reason| reason.1),
            reason.and_then(|reason| reason.2),
        ))?;
    Ok(())
}

fn remember(
    connection: &Connection,
    one: i64,
    other: i64,
    together: bool,
    now: Time,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO hands (entry_id, other_id, together, at)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((one, other, together, seconds(now)))?;
    Ok(())
}

fn forget(connection: &Connection, one: i64, other: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "DELETE FROM hands WHERE (entry_id, other_id) IN (VALUES (?1, ?2), (?2, ?1))",
        )?
        .execute((one, other))?;
    Ok(())
}

fn article_of(connection: &Connection, entry: i64) -> Result<Option<i64>, Fault> {
    let mut row = connection.prepare_cached("SELECT article_id FROM entries WHERE id = ?1")?;
    Ok(row.query_row([entry], |row| row.get(0)).optional()?)
}

/// Its representative, and when it was first seen.
fn article_row(connection: &Connection, article: i64) -> Result<(i64, String), Fault> {
    let mut row =
        connection.prepare_cached("SELECT entry_id, first_seen FROM articles WHERE id = ?1")?;
    Ok(row.query_row([article], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn members(connection: &Connection, article: i64) -> Result<Vec<i64>, Fault> {
    let mut rows =
        connection.prepare_cached("SELECT id FROM entries WHERE article_id = ?1 ORDER BY id")?;
    Ok(rows.query_map([article], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn count(connection: &Connection, article: i64) -> Result<u64, Fault> {
    let mut row =
        connection.prepare_cached("SELECT count(*) FROM entries WHERE article_id = ?1")?;
    Ok(super::values::count(row.query_row([article], |row| row.get(0))?))
}

fn title(connection: &Connection, entry: i64) -> Result<String, Fault> {
    let mut row = connection
        .prepare_cached("SELECT coalesce(title, url, guid) FROM entries WHERE id = ?1")?;
    Ok(row.query_row([entry], |row| row.get(0))?)
}
