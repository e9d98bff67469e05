//! Pages over HTTP: which articles and feeds each of them shows.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    document::{Document, Kind},
    problem::Problem,
    query::Query,
    state::{Published, Server},
};
use crate::{
    model::{Article, ArticleQuery, FeedState, FeedStatus, OutputFilter, OutputSetting, Time},
    publish::{
        self, Older, Part, Place,
        pages::{self, Narrowed, River, Search},
    },
};

/// A page of an output's river.
pub async fn river(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    query: &Query,
) -> Result<Arc<Document>, Problem> {
    let asked = Asked::new(query)?;
    let key = format!("{} river {asked:?}", output.name);
    server.document(published, &key, || make_river(server, published, output, asked.clone())).await
}

/// What an address narrows the river to, and where it stands in it.
#[derive(Debug, Clone)]
struct Asked {
    tag: Option<String>,
    feed: Option<String>,
    at: At,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Newest,
    Before(Place),
    After(Place),
}

impl Asked {
    fn new(query: &Query) -> Result<Self, Problem> {
        let place = |name| query.value(name).map(str::parse::<Place>).transpose();
        let at = match (place("before"), place("after")) {
            (Ok(Some(place)), _) => At::Before(place),
            (Ok(None), Ok(Some(place))) => At::After(place),
            (Ok(None), Ok(None)) => At::Newest,
            _ => return Err(Problem::NotFound),
        };
        let named = |name| query.value(name).map(str::to_owned);
        Ok(Self { tag: named("tag"), feed: named("feed"), at })
    }
}

async fn make_river(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    asked: Asked,
) -> Result<Document, Problem> {
    let feeds = server.store().feeds().await?;
    let own: Vec<&FeedStatus> = feeds.iter().filter(|feed| takes(&output.filter, feed)).collect();
    let (narrowed, filter) = narrowing(output, &feeds, &own, &asked)?;
    let mut stretch = stretch(server, output, filter, asked.at).await?;
    let part = match (asked.at, &narrowed) {
        (At::Newest, None) => Part::Subscription(Older::default()),
        // A page holds what it was given; the cap is for the first one alone.
        (_, _) => Part::Page(publish::Page {
            before: Place { position: Time::MAX_UTC, row: crate::model::ArticleId(i64::MAX) },
            older: None,
        }),
    };
    let mut tags: BTreeSet<String> = BTreeSet::new();
    let mut titles = Vec::new();
    for feed in own.into_iter().filter(|feed| feed.status != FeedState::Paused) {
        tags.extend(feed.tags.iter().cloned());
        titles.push((feed.name.clone(), feed.display_title().to_owned()));
    }
    titles.sort_by_cached_key(|(_, title)| title.to_lowercase());
    let (output, published) = (output.clone(), Arc::clone(published));
    let render = move || {
        let mut shown = output.clone();
        shown.limit = page_articles(&output);
        let articles = publish::pick(&shown, &published.site, &stretch.articles, &part);
        stretch.has_older |= articles.len() < stretch.articles.len() && !articles.is_empty();
        let changed = newest_change(articles.iter().copied());
        let page = pages::river(
            &published.pages,
            River {
                output: &output,
                articles: &articles,
                has_older: stretch.has_older,
                has_newer: stretch.has_newer,
                narrowed,
                tags: tags.into_iter().collect(),
                feeds: titles,
            },
        );
        Document::page(page, changed, Kind::Page)
    };
    server.render(render).await
}

/// The filter that an address asks for, within the output's own.
fn narrowing(
    output: &OutputSetting,
    all: &[FeedStatus],
    own: &[&FeedStatus],
    asked: &Asked,
) -> Result<(Option<Narrowed>, OutputFilter), Problem> {
    let mut filter = output.filter.clone();
    let narrowed = if let Some(name) = &asked.feed {
        // Each feed has its river, also one that this output does not take in.
        let feed = all.iter().find(|feed| feed.name == *name).ok_or(Problem::NotFound)?;
        if !own.iter().any(|own| own.id == feed.id) {
            filter = OutputFilter::default();
        }
        filter.feeds = vec![name.clone()];
        Narrowed::Feed(name.clone(), feed.display_title().to_owned())
    } else if let Some(tag) = &asked.tag {
        let tagged = own.iter().filter(|feed| feed.tags.contains(tag));
        filter.feeds = tagged.map(|feed| feed.name.clone()).collect();
        // An empty list would take in everything.
        if filter.feeds.is_empty() {
            return Err(Problem::NotFound);
        }
        Narrowed::Tag(tag.clone())
    } else {
        return Ok((None, filter));
    };
    filter.tags = Vec::new();
    filter.max_per_feed = None;
    Ok((Some(narrowed), filter))
}

/// Articles in a row, and whether the row goes on.
struct Stretch {
    articles: Vec<Article>,
    has_older: bool,
    has_newer: bool,
}

async fn stretch(
    server: &Server,
    output: &OutputSetting,
    filter: OutputFilter,
    at: At,
) -> Result<Stretch, Problem> {
    let size = page_articles(output);
    let ask = |filter: OutputFilter| ArticleQuery {
        filter,
        limit: size.saturating_add(1),
        ..ArticleQuery::default()
    };
    let uncapped = OutputFilter { max_per_feed: None, ..filter.clone() };
    let store = server.store();
    if let At::After(place) = at {
        let query = ArticleQuery { after: Some(place.pair()), ..ask(uncapped) };
        let mut articles = store.articles(query).await?;
        if articles.len() > size as usize {
            // The one too many is the newest: it tells that there are more.
            articles.remove(0);
            return Ok(Stretch { articles, has_older: true, has_newer: true });
        }
        // Less than a page from the top: that is the first page.
        return first(store.articles(ask(filter)).await?, size, false);
    }
    match at {
        At::Before(place) => {
            let query = ArticleQuery { before: Some(place.pair()), ..ask(uncapped) };
            first(store.articles(query).await?, size, true)
        }
        _ => first(store.articles(ask(filter)).await?, size, false),
    }
}

fn first(mut articles: Vec<Article>, size: u32, has_newer: bool) -> Result<Stretch, Problem> {
    let has_older = articles.len() > size as usize;
    articles.truncate(size as usize);
    Ok(Stretch { articles, has_older, has_newer })
}

/// The page of one article.
pub async fn article(
    server: &Server,
    published: &Arc<Published>,
    slug: &str,
) -> Result<Arc<Document>, Problem> {
    let plain = (1..=64).contains(&slug.len()) && slug.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain {
        return Err(Problem::NotFound);
    }
    let make = async || {
        let found = server.store().article(slug.to_owned()).await?;
        // The store knows articles by other names, too; this page has one address.
        let found = found.filter(|(article, _)| article.slug == slug);
        let (article, members) = found.ok_or(Problem::NotFound)?;
        let published = Arc::clone(published);
        let render = move || {
            let page = pages::article(&published.pages, &article, &members);
            Document::page(page, Some(article.changed), Kind::Page)
        };
        server.render(render).await
    };
    server.document(published, &format!("article {slug}"), make).await
}

/// A page of search results, or the bare form.
pub async fn search(
    server: &Server,
    published: &Arc<Published>,
    query: &Query,
) -> Result<Arc<Document>, Problem> {
    let words = query.words();
    let before = query.value("before").and_then(|place| place.parse::<Place>().ok());
    let key = format!("search {words} {before:?}");
    let make = async || {
        let mut articles = Vec::new();
        if !words.is_empty() {
            let _turn = server.search_turn().await?;
            let query = ArticleQuery {
                search: Some(words.clone()),
                before: before.map(Place::pair),
                limit: RESULTS + 1,
                ..ArticleQuery::default()
            };
            articles = server.store().articles(query).await?;
        }
        let has_older = articles.len() > RESULTS as usize;
        articles.truncate(RESULTS as usize);
        let (published, words) = (Arc::clone(published), words.clone());
        let render = move || {
            let changed = newest_change(&articles);
            let found =
                Search { query: &words, articles: &articles, has_older, later: before.is_some() };
            let page = pages::search(&published.pages, &found);
            Document::page(page, changed, Kind::Page)
        };
        server.render(render).await
    };
    server.document(published, &key, make).await
}

/// Feed health.
pub async fn status(
    server: &Server,
    published: &Arc<Published>,
    query: &Query,
) -> Result<Arc<Document>, Problem> {
    let from = query.value("from").and_then(|from| from.parse().ok()).unwrap_or(0);
    let make = async || {
        let feeds = server.store().feeds().await?;
        let published = Arc::clone(published);
        let render = move || {
            Document::page(pages::status(&published.pages, &feeds, from), None, Kind::LivePage)
        };
        server.render(render).await
    };
    server.live_document(published, &format!("status {from}"), make).await
}

fn newest_change<'a>(articles: impl IntoIterator<Item = &'a Article>) -> Option<Time> {
    articles.into_iter().map(|article| article.changed).max()
}

/// Does an output take in this feed?
fn takes(filter: &OutputFilter, feed: &FeedStatus) -> bool {
    (filter.feeds.is_empty() || filter.feeds.contains(&feed.name))
        && (filter.tags.is_empty() || filter.tags.iter().any(|tag| feed.tags.contains(tag)))
}

/// A page is read by people: a hundred articles are a long one.
fn page_articles(output: &OutputSetting) -> u32 {
    output.limit.clamp(1, 100)
}

/// Articles on a page of search results.
const RESULTS: u32 = 50;
