//! The floors: what a poll costs with the crates alone that merganser stands on.
//!
//! Each floor is the one before and one thing more. All ask with gzip and the validators of
//! the last time, 64 hosts at once and one request to a host, and end when all feeds are
//! polled. What a floor need not do, it does not: no limits, no politeness, no second thought.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, stream};
use reqwest::{StatusCode, header};
use rusqlite::{Connection, params};
use tokio::sync::mpsc;

/// Polls every feed of a list once, with as little as possible
#[derive(Debug, clap::Args)]
pub struct Command {
    floor: Floor,
    /// A file of addresses, one a line
    #[arg(long)]
    urls: PathBuf,
    /// The SQLite file
    #[arg(long)]
    store: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Floor {
    /// GET with gzip; validators are kept
    A,
    /// and feed-rs
    B,
    /// and a plain insert of what is new
    C,
    /// and ammonia over every entry
    D,
    /// and FTS5, default settings, over the HTML of what is new
    E,
}

impl Command {
    pub fn run(self) -> Result<()> {
        let urls = std::fs::read_to_string(&self.urls)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (mut store, known) = open(&self.store, self.floor)?;
        let hosts = by_host(&urls, &known)?;
        let (polled, mut arriving) = mpsc::channel(BATCH);
        let floor = self.floor;
        let writer = std::thread::spawn(move || -> Result<()> {
            let mut batch = Vec::new();
            while arriving.blocking_recv_many(&mut batch, BATCH) > 0 {
                // Many wait only where many are ready; a whole batch is worth some waiting.
                while batch.len() < BATCH
                    && let Some(one) = arriving.blocking_recv()
                {
                    batch.push(one);
                }
                write(&mut store, &mut batch, floor)?;
            }
            Ok(())
        });
        runtime.block_on(poll(hosts, floor, polled))?;
        writer.join().expect("the writer does not panic")
    }
}

#[derive(Debug, Clone, Default)]
struct Validators {
    etag: Option<String>,
    modified: Option<String>,
}

struct Asked {
    id: i64,
    url: String,
    validators: Validators,
}

struct Polled {
    id: i64,
    url: String,
    validators: Validators,
    entries: Vec<Entry>,
}

struct Entry {
    guid: String,
    url: Option<String>,
    title: Option<String>,
    author: Option<String>,
    published: Option<i64>,
    summary: Option<String>,
    content: Option<String>,
}

fn by_host(urls: &str, known: &HashMap<String, Validators>) -> Result<Vec<Vec<Asked>>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut hosts: Vec<Vec<Asked>> = Vec::new();
    for (number, url) in urls.lines().enumerate() {
        let host = url.split('/').nth(2).context("an address has a host")?;
        let place = *places.entry(host).or_insert_with(|| {
            hosts.push(Vec::new());
            hosts.len() - 1
        });
        let validators = known.get(url).cloned().unwrap_or_default();
        hosts[place].push(Asked { id: number as i64 + 1, url: url.to_owned(), validators });
    }
    Ok(hosts)
}

async fn poll(hosts: Vec<Vec<Asked>>, floor: Floor, polled: mpsc::Sender<Polled>) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).build()?;
    let tasks = hosts.into_iter().map(|feeds| {
        let (client, polled) = (client.clone(), polled.clone());
        tokio::spawn(async move {
            for feed in feeds {
                if let Some(found) = one(&client, feed, floor).await? {
                    polled.send(found).await.ok().context("the writer has ended")?;
                }
            }
            anyhow::Ok(())
        })
    });
    let mut tasks = stream::iter(tasks).buffer_unordered(CONCURRENCY);
    while let Some(ended) = tasks.next().await {
        ended??;
    }
    Ok(())
}

/// `None`: nothing changed.
async fn one(client: &reqwest::Client, feed: Asked, floor: Floor) -> Result<Option<Polled>> {
    let mut request = client.get(&feed.url);
    if let Some(etag) = &feed.validators.etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    if let Some(modified) = &feed.validators.modified {
        request = request.header(header::IF_MODIFIED_SINCE, modified);
    }
    let answer = request.send().await?;
    if answer.status() == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let answer = answer.error_for_status()?;
    let text =
        |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let validators = Validators { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED) };
    let body = answer.bytes().await?;
    let entries = if floor >= Floor::B { parse(&body, floor)? } else { Vec::new() };
    Ok(Some(Polled { id: feed.id, url: feed.url, validators, entries }))
}

fn parse(body: &[u8], floor: Floor) -> Result<Vec<Entry>> {
    let feed = feed_rs::parser::Builder::new().sanitize_content(false).build().parse(body)?;
    let clean = |html: String| {
        if floor >= Floor::D {
            CLEANER.with(|cleaner| cleaner.clean(&html).to_string())
        } else {
            html
        }
    };
    let entry = |entry: feed_rs::model::Entry| Entry {
        guid: entry.id,
        url: entry.links.into_iter().next().map(|link| link.href),
        title: entry.title.map(|title| title.content),
        author: entry.authors.into_iter().next().and_then(|author| author.name),
        published: entry.published.or(entry.updated).map(|time| time.timestamp()),
        summary: entry.summary.map(|summary| clean(summary.content)),
        content: entry.content.and_then(|content| content.body).map(clean),
    };
    Ok(feed.entries.into_iter().map(entry).collect())
}

thread_local! {
    static CLEANER: ammonia::Builder<'static> = ammonia::Builder::default();
}

fn open(path: &Path, floor: Floor) -> Result<(Connection, HashMap<String, Validators>)> {
    let store = Connection::open(path)?;
    store.pragma_update(None, "journal_mode", "WAL")?;
    store.pragma_update(None, "synchronous", "NORMAL")?;
    store.execute_batch(TABLES)?;
    if floor >= Floor::E {
        store.execute_batch(SEARCH)?;
    }
    let known = known(&store)?;
    Ok((store, known))
}

fn known(store: &Connection) -> Result<HashMap<String, Validators>> {
    let mut rows = store.prepare("SELECT url, etag, modified FROM feeds")?;
    let rows = rows.query_map([], |row| {
        Ok((row.get(0)?, Validators { etag: row.get(1)?, modified: row.get(2)? }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn write(store: &mut Connection, batch: &mut Vec<Polled>, floor: Floor) -> Result<()> {
    let transaction = store.transaction()?;
    {
        let mut feed = transaction.prepare_cached(
            "INSERT INTO feeds (id, url, etag, modified) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET etag = ?3, modified = ?4",
        )?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO entries (feed_id, guid, url, title, author, published, summary, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?;
        for polled in batch.drain(..) {
            let Validators { etag, modified } = &polled.validators;
            feed.execute(params![polled.id, polled.url, etag, modified])?;
            if floor < Floor::C {
                continue;
            }
            for entry in polled.entries {
                let new = insert.execute(params![
                    polled.id,
                    entry.guid,
                    entry.url,
                    entry.title,
                    entry.author,
                    entry.published,
                    entry.summary,
                    entry.content
                ])?;
                if floor >= Floor::E && new == 1 {
                    transaction
                        .prepare_cached(
                            "INSERT INTO search (rowid, title, content) VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![
                            transaction.last_insert_rowid(),
                            entry.title,
                            entry.content.or(entry.summary)
                        ])?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS feeds (
        id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, etag TEXT, modified TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS entries (
        id INTEGER PRIMARY KEY, feed_id INTEGER NOT NULL, guid TEXT NOT NULL, url TEXT, title TEXT,
        author TEXT, published INTEGER, summary TEXT, content TEXT, UNIQUE (feed_id, guid)
    ) STRICT;";
const SEARCH: &str = "
    CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (
        title, content, content = 'entries', content_rowid = 'id'
    );";

/// Feeds in a transaction, and feeds that may wait for it.
const BATCH: usize = 50;
/// As merganser's default.
const CONCURRENCY: usize = 64;
