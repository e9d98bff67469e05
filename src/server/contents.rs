//! What an output's documents hold: the questions to the store behind the first one, the
//! archives and the pages (RFC 5005).
//!
//! In: an output. Out: articles, and where the older ones are. For the answers to requests
//! as well as for files. Never here: rendering, HTTP.

use std::sync::Arc;

use super::state::Published;
use crate::{
    model::{Arrived, Article, ArticleId, ArticleQuery, OutputSetting},
    publish::{
        self, Archive, Older, Page, Part, Place, archive_holding, archive_is_closed, archive_rows,
        newest_archive,
    },
    store::{Store, StoreError},
};

/// An output, and the store that it is made from.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    pub store: &'a Store,
    pub published: &'a Arc<Published>,
    pub output: &'a OutputSetting,
}

impl Contents<'_> {
    /// The newest articles, and where the older ones are.
    pub async fn first(self) -> Result<(Vec<Article>, Older), StoreError> {
        let capped = self.output.filter.max_per_feed.is_some();
        let one_more = self.output.limit.saturating_add(1);
        let articles = self.articles(|query| query.limit = one_more).await?;
        let shown = Part::Subscription(Older::default());
        let shown: Vec<&Article> =
            publish::pick(self.output, &self.published.site, &articles, &shown);
        let has_more = articles.len() > shown.len();
        if !has_more && !capped {
            return Ok((articles, Older::default()));
        }
        let arrivals = self
            .articles(|query| {
                query.limit = one_more;
                query.arrived = Some(Arrived::ALL);
                query.filter.max_per_feed = None;
            })
            .await?;
        let archive =
            newest_archive(shown.iter().copied(), arrivals.iter().map(|article| article.row));
        let page = shown.last().filter(|_| has_more && !capped).map(|last| Place::of(last));
        Ok((articles, Older { archive, page }))
    }

    /// An archive and its articles; `None` where it cannot be named yet.
    pub async fn archive(
        self,
        arrived_before: ArticleId,
    ) -> Result<Option<(Vec<Article>, Archive)>, StoreError> {
        let latest = self.latest_arrival(Arrived::ALL).await?;
        if !archive_is_closed(arrived_before, latest) {
            return Ok(None);
        }
        let rows = archive_rows(arrived_before);
        let articles = self
            .articles(|query| {
                query.arrived = Some(rows);
                query.filter.max_per_feed = None;
                query.limit = u32::try_from(publish::ARCHIVE_ROWS).unwrap_or(u32::MAX);
            })
            .await?;
        let older = self.archive_before(arrived_before).await?;
        Ok(Some((articles, Archive { arrived_before, older })))
    }

    /// The next older archive that has an article in it.
    pub async fn archive_before(
        self,
        arrived_before: ArticleId,
    ) -> Result<Option<ArticleId>, StoreError> {
        let rows = archive_rows(arrived_before);
        let below = Arrived { from: Arrived::ALL.from, before: rows.from };
        Ok(self.latest_arrival(below).await?.map(archive_holding))
    }

    /// The articles after a place in the order of reading.
    pub async fn page(self, before: Place) -> Result<(Vec<Article>, Page), StoreError> {
        let limit = self.output.limit;
        let mut articles = self
            .articles(|query| {
                query.before = Some(before.pair());
                query.filter.max_per_feed = None;
                query.limit = limit.saturating_add(1);
            })
            .await?;
        let has_more = articles.len() > limit as usize;
        articles.truncate(limit as usize);
        let older = articles.last().filter(|_| has_more).map(Place::of);
        Ok((articles, Page { before, older }))
    }

    /// Articles that the output takes in.
    pub async fn articles(
        self,
        ask: impl FnOnce(&mut ArticleQuery),
    ) -> Result<Vec<Article>, StoreError> {
        let mut query =
            ArticleQuery { filter: self.output.filter.clone(), ..ArticleQuery::default() };
        ask(&mut query);
        let accept = self.published.accept(&self.output.name);
        self.store.articles_that(query, accept).await
    }

    async fn latest_arrival(self, among: Arrived) -> Result<Option<ArticleId>, StoreError> {
        let newest = self
            .articles(|query| {
                query.arrived = Some(among);
                query.filter.max_per_feed = None;
                query.limit = 1;
            })
            .await?;
        Ok(newest.first().map(|article| article.row))
    }
}
