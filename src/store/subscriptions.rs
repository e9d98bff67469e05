//! WebSub subscriptions: which hub was asked for which feed, and until when it pushes.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use url::Url;

use super::{
    error::Fault,
    values::{count, from_json, millis, time, url},
};
use crate::model::{DocumentLinks, FeedId, PushId, Subscription, Time};

const COLUMNS: &str = "feed_id, hub, topic, token, secret, pending, lease_until, failures";

/// Random words for one subscription.
pub(super) struct Keys {
    token: String,
    secret: String,
}

impl Keys {
    /// From the operating system: they must not be guessed.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { token: random_hex::<TOKEN_BYTES>()?, secret: random_hex::<SECRET_BYTES>()? })
    }
}

fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The feed's hub is this one; a subscription with another, or to another topic, is over.
pub(super) fn wish(
    connection: &Connection,
    feed: FeedId,
    hub: &Url,
    topic: &Url,
    keys: &Keys,
    now: Time,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO subscriptions (feed_id, hub, topic, token, secret, try_at)
             SELECT id, :hub, :topic, :token, :secret, :now FROM feeds WHERE id = :feed
             ON CONFLICT (feed_id) DO UPDATE SET
                 hub = excluded.hub, topic = excluded.topic, token = excluded.token,
                 secret = excluded.secret, pending = 0, lease_until = NULL,
                 try_at = excluded.try_at, failures = 0, error = NULL
              WHERE hub <> excluded.hub OR topic <> excluded.topic",
        )?
        .execute(named_params! {
            ":feed": feed.0,
            ":hub": hub.as_str(),
            ":topic": topic.as_str(),
            ":token": keys.token,
            ":secret": keys.secret,
            ":now": millis(now),
        })?;
    Ok(())
}

/// The feed names no hub any more.
pub(super) fn forget(connection: &Connection, feed: FeedId) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM subscriptions WHERE feed_id = ?1")?.execute([feed.0])?;
    Ok(())
}

pub(super) fn of_feed(
    connection: &Connection,
    feed: FeedId,
) -> Result<Option<Subscription>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM subscriptions WHERE feed_id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([feed.0], subscription).optional()?;
    Ok(found.flatten())
}

/// None for a feed that is not polled any more: it wants no pushes, either.
pub(super) fn of_token(
    connection: &Connection,
    token: &str,
) -> Result<Option<Subscription>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions
          WHERE token = ?1 AND feed_id IN (
              SELECT id FROM feeds WHERE status NOT IN ('gone', 'paused'))"
    );
    let found = connection.prepare_cached(&sql)?.query_row([token], subscription).optional()?;
    Ok(found.flatten())
}

/// Those whose hub is to be asked.
pub(super) fn due(
    connection: &Connection,
    now: Time,
    limit: usize,
) -> Result<Vec<Subscription>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions
          WHERE try_at <= ?1 AND feed_id IN (
              SELECT id FROM feeds WHERE status NOT IN ('gone', 'paused'))
          ORDER BY try_at LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut due = connection.prepare_cached(&sql)?;
    let found = due.query_map((millis(now), limit), subscription)?;
    Ok(found.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?)
}

/// The hub is being asked; the next request is not before `try_at`. Before the request goes
/// out, since some hubs verify before they answer.
pub(super) fn asking(connection: &Connection, token: &str, try_at: Time) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE subscriptions SET pending = 1, failures = failures + 1, try_at = ?2
              WHERE token = ?1",
        )?
        .execute((token, millis(try_at)))?;
    Ok(())
}

/// The request did not go well.
pub(super) fn failed(
    connection: &Connection,
    token: &str,
    error: &str,
    try_at: Time,
) -> Result<(), Fault> {
    // One that was confirmed meanwhile went well after all.
    connection
        .prepare_cached(
            "UPDATE subscriptions SET error = ?2, try_at = max(try_at, ?3)
              WHERE token = ?1 AND pending = 1",
        )?
        .execute((token, error, millis(try_at)))?;
    Ok(())
}

/// The hub verifies what we asked for. `false`: we did not.
pub(super) fn confirm(
    connection: &Connection,
    token: &str,
    lease_until: Time,
    try_at: Time,
) -> Result<bool, Fault> {
    let changed = connection
        .prepare_cached(
            "UPDATE subscriptions SET pending = 0, failures = 0, error = NULL,
                 lease_until = ?2, try_at = ?3
              WHERE token = ?1 AND pending = 1",
        )?
        .execute((token, millis(lease_until), millis(try_at)))?;
    Ok(changed > 0)
}

/// The hub does not, or not any more, push: the feed is polled as if there were none.
pub(super) fn deny(
    connection: &Connection,
    token: &str,
    reason: &str,
    now: Time,
    try_at: Time,
) -> Result<(), Fault> {
    let feed: Option<i64> = connection
        .prepare_cached(
            "UPDATE subscriptions SET pending = 0, lease_until = NULL, error = ?2, try_at = ?3
              WHERE token = ?1 RETURNING feed_id",
        )?
        .query_row((token, reason, millis(try_at)), |row| row.get(0))
        .optional()?;
    feed.map_or(Ok(()), |feed| make_due(connection, &[FeedId(feed)], now))
}

/// These feeds have something new that did not get here: they are due, unless their servers
/// asked for rest.
pub(super) fn make_due(connection: &Connection, feeds: &[FeedId], now: Time) -> Result<(), Fault> {
    let mut due = connection.prepare_cached(
        "UPDATE feeds SET next_poll = min(next_poll, max(?2, coalesce(rest_until, '')))
          WHERE id = ?1",
    )?;
    for feed in feeds {
        due.execute((feed.0, millis(now)))?;
    }
    Ok(())
}

/// A hub has brought something for this feed, and is about to be told that we have it.
pub(super) fn note_push(connection: &Connection, feed: FeedId, now: Time) -> Result<PushId, Fault> {
    connection
        .prepare_cached("INSERT INTO pushes (feed_id, at) VALUES (?1, ?2)")?
        .execute((feed.0, millis(now)))?;
    Ok(PushId(connection.last_insert_rowid()))
}

/// What it brought is in, or the feed is polled for it.
pub(super) fn settle_push(connection: &Connection, push: PushId) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM pushes WHERE id = ?1")?.execute([push.0])?;
    Ok(())
}

/// What a daemon that is dead was brought: its feeds are due. Tells how many.
pub(super) fn redeem_pushes(connection: &Connection, now: Time) -> Result<usize, Fault> {
    let feeds: Vec<FeedId> = connection
        .prepare("DELETE FROM pushes RETURNING feed_id")?
        .query_map([], |row| row.get(0).map(FeedId))?
        .collect::<Result<_, _>>()?;
    make_due(connection, &feeds, now)?;
    Ok(feeds.len())
}

/// Feeds whose last document named a hub that was never asked, and where they are polled.
pub(super) fn offered(connection: &Connection) -> Result<Vec<(FeedId, DocumentLinks, Url)>, Fault> {
    let mut offered = connection.prepare(
        "SELECT id, links, coalesce(moved_to, url) FROM feeds
          WHERE links IS NOT NULL AND status NOT IN ('gone', 'paused')
            AND id NOT IN (SELECT feed_id FROM subscriptions)",
    )?;
    let rows = offered.query_map([], |row| {
        let links: DocumentLinks = from_json(row.get(1)?);
        let address = url(row.get(2)?).filter(|_| !links.hubs.is_empty());
        Ok(address.map(|address| (row.get(0).map(FeedId), links, address)))
    })?;
    let mut found = Vec::new();
    for row in rows {
        if let Some((feed, links, address)) = row? {
            found.push((feed?, links, address));
        }
    }
    Ok(found)
}

/// `None` for addresses that a person's hand made unreadable.
fn subscription(row: &Row<'_>) -> rusqlite::Result<Option<Subscription>> {
    let (Some(hub), Some(topic)) = (url(row.get("hub")?), url(row.get("topic")?)) else {
        return Ok(None);
    };
    Ok(Some(Subscription {
        feed: FeedId(row.get("feed_id")?),
        hub,
        topic,
        token: row.get("token")?,
        secret: row.get("secret")?,
        pending: row.get("pending")?,
        lease_until: time(row.get("lease_until")?),
        failures: u32::try_from(count(row.get("failures")?)).unwrap_or(u32::MAX),
    }))
}

/// 128 bits are beyond guessing.
const TOKEN_BYTES: usize = 16;

/// As hex 64 bytes; W3C WebSub section 5.1 allows fewer than 200.
const SECRET_BYTES: usize = 32;
