//! Outputs over HTTP: the documents that readers subscribe to, their archives and pages
//! (RFC 5005), what is new since a tag (RFC 3229), and searches as feeds.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

use super::{
    answer::{all_values, current_tag, tags},
    contents::Contents,
    document::{Document, Kind},
    problem::Problem,
    query::Query,
    state::{Published, Server},
};
use crate::{
    model::{Article, ArticleId, ArticleQuery, OutputFilter, OutputSetting},
    publish::{self, Format, Older, Part, Place, Rendered, archive_name, etag},
};

/// The document of an output that an address asks for.
pub async fn output(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    format: Format,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Arc<Document>, Problem> {
    let making = Making { server, published, output, format };
    if let Some(place) = query.value("before") {
        let place: Place = place.parse().map_err(|_| Problem::NotFound)?;
        let key = format!("{}.{} before {place}", output.name, format.extension());
        return server.document(published, &key, || making.page(place)).await;
    }
    let key = format!("{}.{}", output.name, format.extension());
    let whole = server.document(published, &key, || making.subscription()).await?;
    Ok(making.news_alone(&key, &whole, headers).await?.unwrap_or(whole))
}

/// An archive of an output.
pub async fn archive(
    server: &Server,
    published: &Arc<Published>,
    output: &OutputSetting,
    format: Format,
    arrived_before: ArticleId,
) -> Result<Arc<Document>, Problem> {
    let making = Making { server, published, output, format };
    let key = format!("{}.{}", archive_name(&output.name, arrived_before), format.extension());
    server.document(published, &key, || making.archive(arrived_before)).await
}

/// A search as a feed: what it finds today, and what will come.
pub async fn search(
    server: &Server,
    published: &Arc<Published>,
    format: Format,
    query: &Query,
) -> Result<Arc<Document>, Problem> {
    let words = query.words();
    if words.is_empty() {
        return Err(Problem::Unclear("A search needs words: search.atom?q=words"));
    }
    let output = OutputSetting {
        name: "search".to_owned(),
        title: format!("Search: {words}"),
        description: None,
        limit: SEARCH_ARTICLES,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    };
    let making = Making { server, published, output: &output, format };
    let key = format!("search.{} {words}", format.extension());
    let make = async || {
        let _turn = server.search_turn().await?;
        let query = ArticleQuery {
            search: Some(words.clone()),
            limit: SEARCH_ARTICLES,
            ..ArticleQuery::default()
        };
        let articles = server.store().articles_that(query, published.accept("")).await?;
        making.rendered(articles, Part::Search { words: words.clone() }, Kind::Feed).await
    };
    server.document(published, &key, make).await
}

/// One document on its way.
#[derive(Debug, Clone, Copy)]
struct Making<'a> {
    server: &'a Server,
    published: &'a Arc<Published>,
    output: &'a OutputSetting,
    format: Format,
}

impl<'a> Making<'a> {
    async fn subscription(self) -> Result<Document, Problem> {
        let (articles, older) = self.contents().first().await?;
        let part = Part::Subscription(older);
        let mut document = self.rendered(articles, part, Kind::Feed).await?;
        document.links = self.links();
        Ok(document)
    }

    async fn archive(self, arrived_before: ArticleId) -> Result<Document, Problem> {
        let archive = self.contents().archive(arrived_before).await?;
        let (articles, archive) = archive.ok_or(Problem::NotFound)?;
        self.rendered(articles, Part::Archive(archive), Kind::Archive).await
    }

    async fn page(self, before: Place) -> Result<Document, Problem> {
        let (articles, page) = self.contents().page(before).await?;
        self.rendered(articles, Part::Page(page), Kind::Feed).await
    }

    /// What is new since a tag that the client has, where it asks for just that.
    async fn news_alone(
        self,
        key: &str,
        whole: &Arc<Document>,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Document>>, Problem> {
        let wishes = all_values(headers, &axum::http::HeaderName::from_static("a-im"));
        let wants_feed = wishes
            .split(',')
            .filter_map(|wish| wish.split(';').next())
            .any(|wish| wish.trim().eq_ignore_ascii_case("feed"));
        if !wants_feed {
            return Ok(None);
        }
        let listed = all_values(headers, &header::IF_NONE_MATCH);
        let known = tags(&listed).map(|tag| etag::known_until(tag, &whole.etag)).max().flatten();
        // A client that lists the current tag has everything: the 304 is the answer.
        let current = current_tag(&listed, whole).is_some();
        let Some(since) = known.filter(|_| !current) else { return Ok(None) };
        let key = format!("{key} since {}", since.timestamp_micros());
        let make = async || {
            let articles = self
                .contents()
                .articles(|query| {
                    query.changed_after = Some(since);
                    query.filter.max_per_feed = None;
                    query.limit = DELTA_ARTICLES;
                })
                .await?;
            // More than a delta can hold is told by the whole document and its archives.
            if articles.len() >= DELTA_ARTICLES as usize {
                return Err(Problem::NotFound);
            }
            let rendered = Rendered {
                bytes: whole.plain.clone(),
                format: self.format,
                etag: whole.etag.clone(),
                last_modified: whole.last_modified,
            };
            let (output, published) = (self.output.clone(), Arc::clone(self.published));
            let part = Part::Subscription(Older::default());
            let delta = self.server.render(move || {
                publish::delta(&output, &published.site, &articles, &part, &rendered, since)
            });
            let delta = delta.await?.ok_or(Problem::NotFound)?;
            Ok(Document::feed(delta, Kind::Delta, self.links()))
        };
        match self.server.document(self.published, &key, make).await {
            Ok(delta) => Ok(Some(delta)),
            Err(Problem::NotFound) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn contents(self) -> Contents<'a> {
        Contents { store: self.server.store(), published: self.published, output: self.output }
    }

    async fn rendered(
        self,
        articles: Vec<Article>,
        part: Part,
        kind: Kind,
    ) -> Result<Document, Problem> {
        let (output, published, format) =
            (self.output.clone(), Arc::clone(self.published), self.format);
        let render =
            move || publish::render_part(&output, &published.site, &articles, format, &part);
        let rendered = self.server.render(render).await?;
        Ok(Document::feed(rendered, kind, Vec::new()))
    }

    /// WebSub discovery (W3C WebSub section 4): the hub and the topic, which is the first
    /// document alone.
    fn links(self) -> Vec<HeaderValue> {
        let site = &self.published.site;
        let topic = site.document(&self.output.name, self.format);
        let hub = site.hub.as_ref().map(|hub| format!("<{hub}>; rel=\"hub\""));
        let topic = format!("<{topic}>; rel=\"self\"");
        hub.into_iter().chain([topic]).filter_map(|link| HeaderValue::try_from(link).ok()).collect()
    }
}

/// Articles of a search's feed.
const SEARCH_ARTICLES: u32 = 100;

/// Articles of one delta: a month of a busy river.
const DELTA_ARTICLES: u32 = 5_000;
