//! Which article an entry joins, and why: deduplication's cheap half, inside the commit.
//!
//! In: an arriving entry with its fingerprint. Out: its keys, and the article that it joins
//! with the reason in words, or none. Candidates are found by their keys; what of them
//! tells the same story is [`choose`]'s to say.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Arriving, EntryId, FeedId, Reading, candidates,
    entries::Intake,
    error::Fault,
    identity::slug,
    profiles::{Profiles, load_habits, names_for},
    search::SearchText,
    stamp,
    values::{time, url},
    writing::Writing,
};
use crate::{
    dedup::{
        Candidate, Claim, Grouping, Habits, Join, Names, Profile, Standing, choose, representative,
    },
    model::{ArticleId, DedupSettings, GroupingReason, Origin, Time},
};

/// Members of one article that are compared: the first of them.
const MEMBERS: i64 = 40;

/// Finds the articles of one document's entries.
pub(super) struct Grouper<'a> {
    connection: &'a Writing,
    feed: FeedId,
    /// What the feed is called.
    own_names: Names,
    stands_alone: bool,
    at: Time,
    rules: &'a DedupSettings,
    /// With what this document has shown of them.
    habits: Habits,
    profiles: Profiles<'a>,
}

/// What grouping says of an entry.
#[derive(Debug, Clone)]
pub(super) struct Grouped {
    pub keys: Vec<i64>,
    pub joined: Option<Joined>,
}

/// The article that an entry joins.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    pub article: i64,
    pub reason: GroupingReason,
}

impl<'a> Grouper<'a> {
    /// Learns from the whole document what the feed repeats, before any entry is judged.
    pub(super) fn new(intake: &Intake<'a>, reading: &Reading) -> Result<Self, Fault> {
        let connection = intake.connection;
        let before = load_habits(connection, intake.feed)?;
        let grouper = Self::knowing(before.clone(), intake, reading);
        if !reading.entries.is_empty() {
            if grouper.habits != before {
                save_habits(connection, intake.feed, &grouper.habits)?;
            }
            if let Some(title) = &reading.meta.title {
                remember_name(connection, intake.feed, title)?;
            }
        }
        Ok(grouper)
    }

    /// The same for a look that keeps nothing of what it learns.
    pub(super) fn looking(intake: &Intake<'a>, reading: &Reading) -> Result<Self, Fault> {
        Ok(Self::knowing(load_habits(intake.connection, intake.feed)?, intake, reading))
    }

    fn knowing(mut habits: Habits, intake: &Intake<'a>, reading: &Reading) -> Self {
        for arriving in &reading.entries {
            habits.observe(&arriving.fingerprint);
        }
        let mut own_names = Names::default();
        if let Some(title) = &reading.meta.title {
            own_names.add(intake.feed, title);
        }
        let connection = intake.connection;
        Self {
            connection,
            feed: intake.feed,
            own_names,
            stands_alone: intake.stands_alone,
            at: intake.at,
            rules: intake.rules,
            habits,
            profiles: Profiles::within(connection),
        }
    }

    /// Finds the article of a new entry. Groups that turn out to be one through it are merged.
    pub(super) fn find(
        &mut self,
        arriving: &Arriving,
        published: Option<Time>,
    ) -> Result<Grouped, Fault> {
        self.group(arriving, published, None)
    }

    /// Judges an edited entry again: it stays where it is, and may bring its article
    /// together with another one.
    pub(super) fn find_again(
        &mut self,
        arriving: &Arriving,
        published: Option<Time>,
        row: i64,
        article: i64,
    ) -> Result<Grouped, Fault> {
        self.profiles.forget(row);
        self.group(arriving, published, Some((row, article)))
    }

    fn group(
        &mut self,
        arriving: &Arriving,
        published: Option<Time>,
        own: Option<(i64, i64)>,
    ) -> Result<Grouped, Fault> {
        let (hashes, joins) = self.weigh(arriving, published, own)?;
        let keys = candidates::stored_keys(&hashes, self.at);
        let mut joined: Option<Joined> = None;
        for join in joins {
            match &mut joined {
                None => joined = Some(Joined::by(join)),
                Some(joined) => {
                    joined.article =
                        merge(self.connection, joined.article, join.article.0, self.at)?;
                }
            }
        }
        Ok(Grouped { keys, joined })
    }

    /// The entry's keys, and what it is to be joined with. Only looks.
    pub(super) fn weigh(
        &mut self,
        arriving: &Arriving,
        published: Option<Time>,
        own: Option<(i64, i64)>,
    ) -> Result<(Vec<i64>, Vec<Join>), Fault> {
        let standing = Standing {
            entry: EntryId(own.map_or(0, |(row, _)| row)),
            feed: self.feed,
            published,
            first_seen: self.at,
            stands_alone: self.stands_alone,
        };
        let print = arriving.fingerprint.clone();
        let names = names_for(self.connection, &self.own_names, &print)?;
        let profile = Profile::new(print, standing, &self.habits, &names);
        let hashes = profile.keys();
        if self.stands_alone {
            return Ok((hashes, Vec::new()));
        }
        let grouping = judge(&mut self.profiles, &profile, &hashes, own, self.rules)?;
        Ok((hashes, grouping.joins))
    }
}

impl Joined {
    pub(super) fn by(join: Join) -> Self {
        let reason = GroupingReason {
            rule: join.rule.name().to_owned(),
            reason: join.reason,
            with: Some(join.with),
        };
        Self { article: join.article.0, reason }
    }
}

/// Judges an entry among all that share a key with it: `hashes` are its keys. `own`: its
/// row and its article, where it has them.
pub(super) fn judge(
    profiles: &mut Profiles<'_>,
    profile: &Profile,
    hashes: &[i64],
    own: Option<(i64, i64)>,
    rules: &DedupSettings,
) -> Result<Grouping, Fault> {
    let periods = profiles.periods()?;
    let shelves = profiles.shelves();
    let connection = shelves.connection;
    let mut articles = BTreeSet::new();
    for id in candidates::sharing(shelves, periods, profile, hashes, rules)? {
        articles.extend(article_of(connection, id)?);
    }
    articles.remove(&own.map_or(0, |(_, article)| article));
    if articles.is_empty() {
        return Ok(Grouping::default());
    }
    let mut groups = Vec::new();
    for &article in &articles {
        groups.push((article, members(connection, article)?));
    }
    let mates = match own {
        Some((row, article)) => {
            let mut mates = members(connection, article)?;
            mates.retain(|&id| id != row);
            mates
        }
        None => Vec::new(),
    };
    let every: Vec<i64> = groups.iter().flat_map(|(_, ids)| ids).chain(&mates).copied().collect();
    for &id in &every {
        profiles.load(id)?;
    }
    let hands = profiles.hands_of(&every, own.map(|(row, _)| row))?;
    let loaded = |ids: &[i64]| ids.iter().filter_map(|&id| profiles.get(id)).collect::<Vec<_>>();
    let candidates: Vec<Candidate<'_>> = groups
        .iter()
        .map(|(article, ids)| Candidate { article: ArticleId(*article), members: loaded(ids) })
        .collect();
    Ok(choose(profile, &loaded(&mates), &candidates, &hands, rules))
}

fn article_of(connection: &Connection, entry: i64) -> Result<Option<i64>, Fault> {
    let mut row = connection.prepare_cached("SELECT article_id FROM entries WHERE id = ?1")?;
    Ok(row.query_row([entry], |row| row.get(0)).optional()?)
}

fn members(connection: &Connection, article: i64) -> Result<Vec<i64>, Fault> {
    let mut ids = connection.prepare_cached(&format!(
        "SELECT id FROM entries WHERE article_id = ?1 ORDER BY id LIMIT {MEMBERS}"
    ))?;
    Ok(ids.query_map([article], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn save_habits(connection: &Connection, feed: FeedId, habits: &Habits) -> Result<(), Fault> {
    let habits = habits.encode();
    // Not REPLACE, which SQLite keeps a journal for.
    let known = connection
        .prepare_cached("UPDATE feed_habits SET habits = ?2 WHERE feed_id = ?1")?
        .execute((feed.0, &habits))?;
    if known == 0 {
        connection
            .prepare_cached("INSERT INTO feed_habits (feed_id, habits) VALUES (?1, ?2)")?
            .execute((feed.0, &habits))?;
    }
    Ok(())
}

fn remember_name(connection: &Connection, feed: FeedId, title: &str) -> Result<(), Fault> {
    let mut add = connection
        .prepare_cached("INSERT OR IGNORE INTO feed_names (feed_id, name) VALUES (?1, ?2)")?;
    for name in Names::hashes(title) {
        add.execute((feed.0, name))?;
    }
    Ok(())
}

/// Brings an edited entry's article together with the one that it turned out to belong to.
pub(super) fn join_again(
    connection: &Writing,
    row: i64,
    article: i64,
    joined: &Joined,
    now: Time,
) -> Result<(), Fault> {
    merge(connection, article, joined.article, now)?;
    // Where it has a reason already, that one stays; else the other end of the link may
    // have none.
    for entry in [Some(row), joined.reason.with.map(|with| with.0)].into_iter().flatten() {
        let with = if entry == row { joined.reason.with.map(|with| with.0) } else { Some(row) };
        let set = connection
            .prepare_cached(
                "UPDATE entries SET grouped_by = ?2, grouped_because = ?3, grouped_with = ?4
                  WHERE id = ?1 AND grouped_by IS NULL
                    AND id <> (SELECT entry_id FROM articles WHERE id = article_id)",
            )?
            .execute((entry, &joined.reason.rule, &joined.reason.reason, with))?;
        if set > 0 {
            break;
        }
    }
    Ok(())
}

/// The member that an article is shown as once `without` has gone; `None`: nobody is left.
pub(super) fn heir(
    connection: &Connection,
    article: i64,
    without: i64,
) -> Result<Option<i64>, Fault> {
    let mut rows = connection.prepare_cached(
        "SELECT e.id, e.origin, e.url, coalesce(f.home_page, f.url), f.url,
                length(coalesce(e.content, e.summary, '')), e.published, e.first_seen
           FROM entries e JOIN feeds f ON f.id = e.feed_id
          WHERE e.article_id = ?1 AND e.id <> ?2",
    )?;
    let claims = rows.query_map((article, without), |row| {
        let origin: Option<String> = row.get(1)?;
        let origin: Option<Origin> = origin.and_then(|json| serde_json::from_str(&json).ok());
        let host = |text: Option<String>| {
            url(text).and_then(|url| {
                let host = url.host_str()?;
                Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
            })
        };
        let (link, home, feed) = (host(row.get(2)?), host(row.get(3)?), host(row.get(4)?));
        Ok(Claim {
            entry: EntryId(row.get(0)?),
            names_origin: origin.is_some_and(|origin| origin.id.is_some() || origin.url.is_some()),
            at_home: link.is_some() && (link == home || link == feed),
            text: usize::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
            at: time(row.get(6)?).or(time(row.get(7)?)).unwrap_or_default(),
        })
    })?;
    let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
    Ok(representative(&claims).map(|entry| entry.0))
}

/// Makes one article of two: the older one stays as it is, with its public id and place;
/// the other's public id still finds it.
pub(super) fn merge(connection: &Writing, one: i64, other: i64, now: Time) -> Result<i64, Fault> {
    let older: i64 = connection
        .prepare_cached(
            "SELECT id FROM articles WHERE id IN (?1, ?2) ORDER BY first_seen, id LIMIT 1",
        )?
        .query_row((one, other), |row| row.get(0))?;
    let younger = if older == one { other } else { one };
    let representative: i64 = connection
        .prepare_cached("SELECT entry_id FROM articles WHERE id = ?1")?
        .query_row([younger], |row| row.get(0))?;
    connection.unindex(younger, SearchText::stored(connection, representative)?)?;
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
        .execute((older, stamp::next(connection, now)?))?;
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
