//! Pages over HTTP beside the river: an article, a search, feed health.

use std::sync::Arc;

use super::{
    document::{Document, Kind},
    problem::Problem,
    query::Query,
    state::{Published, Server},
};
use crate::{
    model::{Article, ArticleQuery, Time},
    publish::{
        Place,
        pages::{self, Search},
    },
};

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
            articles = server.store().articles_that(query, published.accept("")).await?;
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

/// When the newest change among the articles happened.
pub fn newest_change<'a>(articles: impl IntoIterator<Item = &'a Article>) -> Option<Time> {
    articles.into_iter().map(|article| article.changed).max()
}

/// Articles on a page of search results.
const RESULTS: u32 = 50;
