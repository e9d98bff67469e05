//! The river over HTTP: which stretch of it a page shows, and what it can be narrowed to.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    document::{Document, Kind},
    pages::newest_change,
    problem::Problem,
    query::Query,
    state::{Published, Server},
};
use crate::{
    model::{Article, ArticleQuery, FeedLabel, OutputFilter, OutputSetting},
    publish::{
        Place,
        pages::{self, Narrowed, River},
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
    let make = async || made(server, published, output, &asked).await;
    server.document(published, &key, make).await
}

/// What an address narrows the river to, and where it stands in it.
#[derive(Debug)]
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

async fn made(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    asked: &Asked,
) -> Result<Document, Problem> {
    let feeds = server.store().labels().await?;
    let own: Vec<&FeedLabel> = feeds.iter().filter(|feed| takes(&output.filter, feed)).collect();
    let narrowing = Narrowing::new(output, &feeds, &own, asked)?;
    let stretch = stretch(server, published, output, &narrowing, asked.at).await?;
    let mut tags: BTreeSet<String> = BTreeSet::new();
    let mut titles = Vec::new();
    // What has nothing to show is on the page of feed health alone.
    for feed in own.into_iter().filter(|feed| feed.has_something) {
        for tag in &feed.tags {
            if !tags.contains(tag) {
                tags.insert(tag.clone());
            }
        }
        titles.push((feed.name.clone(), feed.title.clone()));
    }
    titles.sort_by_cached_key(|(_, title)| title.to_lowercase());
    let (output, published) = (output.clone(), Arc::clone(published));
    let render = move || {
        let articles: Vec<&Article> = stretch.articles.iter().collect();
        let changed = newest_change(&stretch.articles);
        let river = River {
            output: &output,
            articles: &articles,
            has_older: stretch.has_older,
            has_newer: stretch.has_newer,
            narrowed: narrowing.to,
            tags: tags.into_iter().collect(),
            feeds: titles,
        };
        Document::page(pages::river(&published.pages, &river), changed, Kind::Page)
    };
    server.render(render).await
}

/// The filter that an address asks for, within the output's own.
struct Narrowing<'a> {
    to: Option<Narrowed>,
    filter: OutputFilter,
    /// Whose rules hold: the output's, or nobody's.
    rules_of: &'a str,
}

impl<'a> Narrowing<'a> {
    fn new(
        output: &'a OutputSetting,
        all: &[FeedLabel],
        own: &[&FeedLabel],
        asked: &Asked,
    ) -> Result<Self, Problem> {
        let mut narrowing =
            Self { to: None, filter: output.filter.clone(), rules_of: &output.name };
        if let Some(name) = &asked.feed {
            let feed = all.iter().find(|feed| feed.name == *name).ok_or(Problem::NotFound)?;
            // Each feed has its river, also one that this output does not take in.
            if !own.iter().any(|own| own.id == feed.id) {
                narrowing.filter = OutputFilter::default();
                narrowing.rules_of = "";
            }
            narrowing.filter.feeds = vec![name.clone()];
            narrowing.to = Some(Narrowed::Feed(name.clone(), feed.title.clone()));
        } else if let Some(tag) = &asked.tag {
            let tagged = own.iter().filter(|feed| feed.tags.contains(tag));
            narrowing.filter.feeds = tagged.map(|feed| feed.name.clone()).collect();
            // An empty list would take in everything.
            if narrowing.filter.feeds.is_empty() {
                return Err(Problem::NotFound);
            }
            narrowing.to = Some(Narrowed::Tag(tag.clone()));
        }
        if narrowing.to.is_some() {
            narrowing.filter.tags = Vec::new();
            // The cap keeps a loud feed from filling the river; here it is what was asked for.
            narrowing.filter.max_per_feed = None;
        }
        Ok(narrowing)
    }
}

/// Articles in a row, and whether the row goes on.
struct Stretch {
    articles: Vec<Article>,
    has_older: bool,
    has_newer: bool,
}

async fn stretch(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    narrowing: &Narrowing<'_>,
    at: At,
) -> Result<Stretch, Problem> {
    let size = page_articles(output);
    let ask = async |at: At| {
        let mut query = ArticleQuery {
            filter: narrowing.filter.clone(),
            // One more tells whether the row goes on.
            limit: size.saturating_add(1),
            ..ArticleQuery::default()
        };
        match at {
            At::Newest => {}
            At::Before(place) => query.before = Some(place.pair()),
            At::After(place) => query.after = Some(place.pair()),
        }
        // The cap is for the first page; what it left out is found on the others.
        if !matches!(at, At::Newest) {
            query.filter.max_per_feed = None;
        }
        let accept = published.accept(narrowing.rules_of);
        server.store().articles_that(query, accept).await
    };
    if matches!(at, At::After(_)) {
        let mut articles = ask(at).await?;
        if articles.len() > size as usize {
            // The one too many is the newest.
            articles.remove(0);
            return Ok(Stretch { articles, has_older: true, has_newer: true });
        }
    }
    // Less than a page from the top: that is the first page.
    let at = if matches!(at, At::After(_)) { At::Newest } else { at };
    let mut articles = ask(at).await?;
    let has_older = articles.len() > size as usize;
    articles.truncate(size as usize);
    Ok(Stretch { articles, has_older, has_newer: matches!(at, At::Before(_)) })
}

/// Does an output take in this feed?
fn takes(filter: &OutputFilter, feed: &FeedLabel) -> bool {
    (filter.feeds.is_empty() || filter.feeds.contains(&feed.name))
        && (filter.tags.is_empty() || filter.tags.iter().any(|tag| feed.tags.contains(tag)))
}

/// A page is read by people: a hundred articles are a long one.
fn page_articles(output: &OutputSetting) -> u32 {
    output.limit.clamp(1, 100)
}
