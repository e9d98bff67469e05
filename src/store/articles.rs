//! Articles for readers: the river, an output's part of it, a search, one article.
//!
//! In: an [`ArticleQuery`]. Out: articles, newest first by `(position, row)`. The cost is
//! that of what is looked at, not of what is stored: the river is walked along its index
//! from the top, and a walk that finds too little ends at a limit.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use xxhash_rust::xxh3::Xxh3;

use super::{
    error::Fault,
    feeds::{all_tags, tags_of},
    hits::{Hits, Place},
    values::{from_json, seconds, time, url},
};
use crate::model::{
    Arrived, Article, ArticleId, ArticleMember, ArticleQuery, EntryId, FeedId, FeedLabel, FeedRef,
    GroupingReason, Html, OutputFilter, Source, Time, redacted,
};

/// Articles that one query returns at most.
const LIMIT: u32 = 10_000;

/// Rows of the river that one query looks at: an output of a few thousand articles whose
/// words match one in fifty, in tens of milliseconds.
const LOOKED_AT: usize = 50_000;

/// Articles that changed, the latest first, of which one query knows.
const CHANGED: i64 = 20_000;

/// So many feeds are read side by side; of more than that, one is never far down the river.
const FEW_FEEDS: usize = 64;

/// Rows of the river after which many feeds that are seldom met are read side by side, too.
const RIVER_FIRST: usize = 5_000;

/// The same by arrival, where the river of a feed has to be read whole to be put in order:
/// feeds that are met less often than this are short beside the store.
const ARRIVALS_FIRST: usize = 2_000;

/// Before everything in the order.
const TOP: &str = "9999-12-31T23:59:59Z";

/// The articles of a query for which `accept` says yes.
pub(super) fn articles(
    connection: &Connection,
    query: &ArticleQuery,
    accept: &dyn Fn(&Article) -> bool,
) -> Result<Vec<Article>, Fault> {
    let limit = query.limit.min(LIMIT) as usize;
    let mut walk = Walk::start(connection, query)?;
    let mut reader = Reader::new(connection);
    let mut of_feed: HashMap<FeedId, u32> = HashMap::new();
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(row) = walk.next()? else { break };
        let Some(article) = reader.article(row)? else { continue };
        // The walk knows of changes to the second; the instant asked for may be finer.
        if query.changed_after.is_some_and(|since| article.changed <= since) || !accept(&article) {
            continue;
        }
        if let (Some(most), Some(first)) = (query.filter.max_per_feed, article.sources.first()) {
            let so_far = of_feed.entry(first.about.id).or_insert(0);
            if *so_far >= most {
                continue;
            }
            *so_far += 1;
        }
        found.push(article);
    }
    if walk.order == Order::Oldest {
        found.reverse();
    }
    Ok(found)
}

/// Every feed's names and tags, by id.
pub(super) fn labels(connection: &Connection) -> Result<Vec<FeedLabel>, Fault> {
    let mut tags = all_tags(connection)?;
    let mut feeds = connection.prepare_cached(
        "SELECT id, name, coalesce(nullif(title, ''), name),
                entry_count > 0 AND status <> 'paused'
           FROM feeds ORDER BY id",
    )?;
    let found = feeds.query_map([], |row| {
        let id: i64 = row.get(0)?;
        Ok(FeedLabel {
            id: FeedId(id),
            name: row.get(1)?,
            title: row.get(2)?,
            tags: tags.remove(&id).unwrap_or_default(),
            has_something: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A hash over the rows and when each last changed.
pub(super) fn state_of(connection: &Connection, among: Arrived) -> Result<u64, Fault> {
    let mut all = connection.prepare_cached(
        "SELECT id, changed FROM articles WHERE id >= ?1 AND id < ?2 ORDER BY id",
    )?;
    let mut rows = all.query([among.from.0, among.before.0])?;
    let mut hash = Xxh3::new();
    while let Some(row) = rows.next()? {
        hash.update(&row.get::<_, i64>(0)?.to_le_bytes());
        hash.update(row.get::<_, String>(1)?.as_bytes());
    }
    Ok(hash.digest())
}

/// One article by public id, slug or row number, with its entries.
pub(super) fn article(
    connection: &Connection,
    id: &str,
) -> Result<Option<(Article, Vec<ArticleMember>)>, Fault> {
    let Some(row) = row(connection, id)? else { return Ok(None) };
    let Some(article) = Reader::new(connection).article(row)? else { return Ok(None) };
    Ok(Some((article, members(connection, row)?)))
}

/// The row of an article by public id (a former one, too), slug or row number.
pub(super) fn row(connection: &Connection, id: &str) -> Result<Option<i64>, Fault> {
    let by_slug = |slug: &str| {
        connection
            .prepare_cached(
                "SELECT id FROM articles WHERE slug = ?1
                 UNION ALL SELECT article_id FROM article_aliases WHERE slug = ?1 LIMIT 1",
            )?
            .query_row([slug], |row| row.get::<_, i64>(0))
            .optional()
    };
    let mut row = by_slug(id)?;
    if row.is_none() {
        row = by_slug(&super::identity::slug(id))?;
    }
    if row.is_none()
        && let Ok(number) = id.parse::<i64>()
    {
        row = connection
            .prepare_cached("SELECT id FROM articles WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
    }
    Ok(row)
}

fn members(connection: &Connection, article: i64) -> Result<Vec<ArticleMember>, Fault> {
    let mut all = connection.prepare_cached(
        "SELECT e.id, f.title, f.name, e.guid, e.url, e.title, e.published, e.first_seen,
                e.id = a.entry_id, e.grouped_by, e.grouped_because, e.grouped_with
           FROM entries e JOIN feeds f ON f.id = e.feed_id JOIN articles a ON a.id = e.article_id
          WHERE e.article_id = ?1 ORDER BY e.first_seen, e.id",
    )?;
    let rows = all.query_map([article], |row| {
        let (title, name): (Option<String>, String) = (row.get(1)?, row.get(2)?);
        let rule: Option<String> = row.get(9)?;
        let because: Option<String> = row.get(10)?;
        Ok(ArticleMember {
            entry: EntryId(row.get(0)?),
            feed: title.unwrap_or_else(|| name.clone()),
            name,
            guid: row.get(3)?,
            url: url(row.get(4)?),
            title: row.get(5)?,
            published: time(row.get(6)?),
            first_seen: time(row.get(7)?).unwrap_or_default(),
            representative: row.get(8)?,
            grouping: GroupingReason {
                rule: rule.unwrap_or_else(|| "first".into()),
                reason: because.unwrap_or_else(|| "the article began with it".into()),
                with: row.get::<_, Option<i64>>(11)?.map(EntryId),
            },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The rows of a query in order, fetched a page at a time.
struct Walk<'a> {
    connection: &'a Connection,
    way: Way,
    order: Order,
    /// Only articles that one of these feeds carries.
    feeds: Option<HashSet<i64>>,
    since: String,
    /// The last place that was looked at.
    at: Place,
    page: std::vec::IntoIter<Place>,
    page_size: usize,
    looked_at: usize,
    /// Where the rows are those of a search.
    hits: Option<Hits<'a>>,
}

/// Where the rows come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The whole river.
    River,
    /// The rivers of the wanted feeds, side by side.
    Feeds,
    /// Everything is in the page already, or comes from a search.
    Given,
}

/// Which way the rows go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Newest,
    /// Up from a place, for the page before it.
    Oldest,
    /// By row, latest first, not below this one.
    LatestFirst {
        from: i64,
    },
}

impl<'a> Walk<'a> {
    fn start(connection: &'a Connection, query: &ArticleQuery) -> Result<Self, Fault> {
        let feeds = feeds_of(connection, &query.filter)?;
        let (order, at) = match (query.arrived, query.before, query.after) {
            (Some(rows), ..) => {
                (Order::LatestFirst { from: rows.from.0 }, (String::new(), rows.before.0))
            }
            (None, Some((position, row)), _) => (Order::Newest, (seconds(position), row.0)),
            (None, None, Some((position, row))) => (Order::Oldest, (seconds(position), row.0)),
            (None, None, None) => (Order::Newest, (TOP.to_owned(), i64::MAX)),
        };
        let by_arrival = matches!(order, Order::LatestFirst { .. });
        let few = feeds.as_ref().is_some_and(|feeds| feeds.len() <= FEW_FEEDS) && !by_arrival;
        let mut walk = Self {
            connection,
            way: if few { Way::Feeds } else { Way::River },
            order,
            feeds,
            since: query.since.map(seconds).unwrap_or_default(),
            at,
            page: Vec::new().into_iter(),
            page_size: (query.limit as usize).clamp(50, 500),
            looked_at: 0,
            hits: None,
        };
        if let Some(words) = &query.search {
            walk.way = Way::Given;
            let (at, since) = (walk.at.clone(), walk.since.clone());
            walk.hits = Hits::new(connection, words, at, since, walk.page_size)?;
        } else if let Some(since) = query.changed_after {
            walk.way = Way::Given;
            walk.page = walk.changed(since)?.into_iter();
        }
        Ok(walk)
    }

    fn next(&mut self) -> Result<Option<i64>, Fault> {
        loop {
            if let Some(place) = self.page.next() {
                let row = place.1;
                self.at = place;
                // The rivers of the wanted feeds have nothing else in them.
                if self.way == Way::Feeds || self.is_wanted(row)? {
                    return Ok(Some(row));
                }
                continue;
            }
            if let Some(hits) = &mut self.hits
                && let Some(more) = hits.more()?
            {
                self.page = more.into_iter();
                continue;
            }
            if self.way == Way::Given || self.looked_at >= LOOKED_AT {
                return Ok(None);
            }
            let river_first = match self.order {
                Order::LatestFirst { .. } => ARRIVALS_FIRST,
                Order::Newest | Order::Oldest => RIVER_FIRST,
            };
            if self.way == Way::River && self.feeds.is_some() && self.looked_at >= river_first {
                self.way = Way::Feeds;
            }
            let page = if self.way == Way::River { self.river()? } else { self.of_feeds()? };
            if page.is_empty() {
                return Ok(None);
            }
            self.looked_at += page.len();
            self.page = page.into_iter();
        }
    }

    fn river(&self) -> Result<Vec<Place>, Fault> {
        let (at, row, limit) = (&self.at.0, self.at.1, self.limit());
        match self.order {
            Order::Newest => self.places(
                "SELECT position, id FROM articles
                  WHERE (position, id) < (?1, ?2) AND position >= ?3
                  ORDER BY position DESC, id DESC LIMIT ?4",
                params![at, row, self.since, limit],
            ),
            Order::Oldest => self.places(
                "SELECT position, id FROM articles
                  WHERE (position, id) > (?1, ?2) AND position >= ?3
                  ORDER BY position, id LIMIT ?4",
                params![at, row, self.since, limit],
            ),
            Order::LatestFirst { from } => self.places(
                "SELECT '', id FROM articles WHERE id >= ?1 AND id < ?2
                  ORDER BY id DESC LIMIT ?3",
                params![from, row, limit],
            ),
        }
    }

    fn of_feeds(&self) -> Result<Vec<Place>, Fault> {
        let (at, row, limit) = (&self.at.0, self.at.1, self.limit());
        let mut places = HashSet::new();
        for feed in self.feeds.iter().flatten() {
            let rows = match self.order {
                Order::Newest => self.places(
                    "SELECT position, article_id FROM feed_articles
                      WHERE feed_id = ?1 AND (position, article_id) < (?2, ?3) AND position >= ?4
                      ORDER BY position DESC, article_id DESC LIMIT ?5",
                    params![feed, at, row, self.since, limit],
                ),
                Order::Oldest => self.places(
                    "SELECT position, article_id FROM feed_articles
                      WHERE feed_id = ?1 AND (position, article_id) > (?2, ?3) AND position >= ?4
                      ORDER BY position, article_id LIMIT ?5",
                    params![feed, at, row, self.since, limit],
                ),
                Order::LatestFirst { from } => self.places(
                    "SELECT '', article_id FROM feed_articles
                      WHERE feed_id = ?1 AND article_id >= ?2 AND article_id < ?3
                      ORDER BY article_id DESC LIMIT ?4",
                    params![feed, from, row, limit],
                ),
            };
            places.extend(rows?);
        }
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        if self.order == Order::Oldest {
            places.reverse();
        }
        places.truncate(self.page_size);
        Ok(places)
    }

    fn places(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Place>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, place)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What changed in the second of `since` or later, newest first.
    fn changed(&self, since: Time) -> Result<Vec<Place>, Fault> {
        // Without the Z the text is below that second's fractions, too.
        let from = seconds(since);
        let mut places = self.places(
            "SELECT position, id FROM articles WHERE changed >= ?1 AND position >= ?2
              ORDER BY changed DESC LIMIT ?3",
            params![from.trim_end_matches('Z'), self.since, CHANGED],
        )?;
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places)
    }

    fn is_wanted(&self, article: i64) -> Result<bool, Fault> {
        let Some(feeds) = &self.feeds else { return Ok(true) };
        let mut carriers =
            self.connection.prepare_cached("SELECT feed_id FROM entries WHERE article_id = ?1")?;
        let mut rows = carriers.query([article])?;
        while let Some(row) = rows.next()? {
            if feeds.contains(&row.get(0)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn limit(&self) -> i64 {
        i64::try_from(self.page_size).unwrap_or(i64::MAX)
    }
}

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok((row.get(0)?, row.get(1)?))
}

/// The feeds that a filter lets in; `None`: all of them.
fn feeds_of(connection: &Connection, filter: &OutputFilter) -> Result<Option<HashSet<i64>>, Fault> {
    let mut wanted: Option<HashSet<i64>> = None;
    for (words, sql) in [
        (
            &filter.tags,
            "SELECT feed_id FROM feed_tags WHERE tag IN (SELECT value FROM json_each(?1))",
        ),
        (&filter.feeds, "SELECT id FROM feeds WHERE name IN (SELECT value FROM json_each(?1))"),
    ] {
        if words.is_empty() {
            continue;
        }
        let these: HashSet<i64> = connection
            .prepare_cached(sql)?
            .query_map([serde_json::to_string(words)?], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        wanted = Some(match wanted {
            Some(others) => others.intersection(&these).copied().collect(),
            None => these,
        });
    }
    Ok(wanted)
}

/// Reads whole articles; knows the feeds that it has met.
struct Reader<'a> {
    connection: &'a Connection,
    feeds: HashMap<i64, Option<Carrier>>,
}

/// What a source says of its feed.
#[derive(Clone)]
struct Carrier {
    name: String,
    title: Option<String>,
    about: FeedRef,
}

impl<'a> Reader<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { connection, feeds: HashMap::new() }
    }

    fn article(&mut self, row: i64) -> Result<Option<Article>, Fault> {
        let article = self
            .connection
            .prepare_cached(
                "SELECT a.id, a.public_id, a.slug, a.position, a.first_seen, a.changed,
                        e.url, e.title, e.author, e.published, e.updated, e.categories,
                        e.enclosures, e.language, e.summary, e.content
                   FROM articles a JOIN entries e ON e.id = a.entry_id WHERE a.id = ?1",
            )?
            .query_row([row], bare_article)
            .optional()?;
        let Some(mut article) = article else { return Ok(None) };
        article.sources = self.sources(row)?;
        Ok(Some(article))
    }

    fn sources(&mut self, article: i64) -> Result<Vec<Source>, Fault> {
        let mut entries = self.connection.prepare_cached(
            "SELECT e.feed_id, e.url, e.guid, e.origin
               FROM entries e JOIN articles a ON a.id = e.article_id
              WHERE e.article_id = ?1 ORDER BY e.id <> a.entry_id, e.first_seen, e.id",
        )?;
        let mut rows = entries.query([article])?;
        let mut sources = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(feed) = self.carrier(row.get(0)?)? else { continue };
            sources.push(Source {
                feed: feed.title.unwrap_or_else(|| feed.name.clone()),
                name: feed.name,
                url: url(row.get(1)?),
                guid: row.get(2)?,
                about: feed.about,
                origin: row.get::<_, Option<String>>(3)?.map(|json| from_json(Some(json))),
            });
        }
        Ok(sources)
    }

    fn carrier(&mut self, feed: i64) -> Result<Option<Carrier>, Fault> {
        if let Some(known) = self.feeds.get(&feed) {
            return Ok(known.clone());
        }
        let mut load = self.connection.prepare_cached(
            "SELECT url, name, title, atom_id, home_page, updated FROM feeds WHERE id = ?1",
        )?;
        let found = load.query_row([feed], |row| {
            let Some(address) = url(row.get(0)?) else { return Ok(None) };
            let title: Option<String> = row.get(2)?;
            Ok(Some(Carrier {
                name: row.get(1)?,
                title: title.filter(|title| !title.is_empty()),
                about: FeedRef {
                    id: FeedId(feed),
                    atom_id: row.get(3)?,
                    url: redacted(&address),
                    home_page: url(row.get(4)?),
                    updated: time(row.get(5)?),
                    tags: Vec::new(),
                },
            }))
        });
        let mut carrier = found.optional()?.flatten();
        if let Some(carrier) = &mut carrier {
            carrier.about.tags = tags_of(self.connection, FeedId(feed))?;
        }
        self.feeds.insert(feed, carrier.clone());
        Ok(carrier)
    }
}

fn bare_article(row: &Row<'_>) -> rusqlite::Result<Article> {
    let author: Option<String> = row.get("author")?;
    let instant = |column| Ok::<Option<Time>, rusqlite::Error>(time(row.get(column)?));
    let html = |column| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.map(Html::sanitized))
    };
    let first_seen = instant("first_seen")?.unwrap_or_default();
    Ok(Article {
        row: ArticleId(row.get("id")?),
        id: row.get("public_id")?,
        slug: row.get("slug")?,
        url: url(row.get("url")?),
        title: row.get("title")?,
        authors: author.iter().flat_map(|names| names.lines()).map(str::to_owned).collect(),
        published: instant("published")?,
        updated: instant("updated")?,
        first_seen,
        position: instant("position")?.unwrap_or(first_seen),
        changed: instant("changed")?.unwrap_or(first_seen),
        summary: html("summary")?,
        content: html("content")?,
        categories: from_json(row.get("categories")?),
        enclosures: from_json(row.get("enclosures")?),
        language: row.get("language")?,
        sources: Vec::new(),
    })
}
