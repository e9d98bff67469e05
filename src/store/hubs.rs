//! The store's verbs for WebSub: what a hub heard of us, and what hubs push to us.

use std::collections::HashMap;

use url::Url;

use super::{Store, error::StoreError, pings, subscriptions, writing::Writing};
use crate::model::{DocumentLinks, FeedId, Subscription, Time};

impl Store {
    /// The etag of each of our documents that the WebSub hub last heard of, by topic.
    pub async fn pings(&self) -> Result<HashMap<String, String>, StoreError> {
        self.inner.readers.look("asking what the hub was told", pings::all).await
    }

    /// The hub has heard of these topics with these etags.
    pub async fn remember_pings(
        &self,
        heard: Vec<(String, String)>,
        now: Time,
    ) -> Result<(), StoreError> {
        let work = move |connection: &Writing| pings::remember(connection, &heard, now);
        self.writer()?.run("remembering what the hub was told", work).await
    }

    /// These feeds have something new that did not get here: they are due, unless their
    /// servers asked for rest.
    pub async fn make_due(&self, feeds: Vec<FeedId>, now: Time) -> Result<(), StoreError> {
        let work = move |connection: &Writing| subscriptions::make_due(connection, &feeds, now);
        self.writer()?.run("making feeds due", work).await
    }

    /// The feed's WebSub hub is this one; a subscription with another is over.
    pub async fn wish_subscription(
        &self,
        feed: FeedId,
        hub: Url,
        topic: Url,
        now: Time,
    ) -> Result<(), StoreError> {
        let keys = subscriptions::Keys::new().map_err(|error| StoreError::Unusable {
            path: self.inner.path.clone(),
            reason: format!("the operating system gives no random numbers: {error}"),
        })?;
        let work = move |connection: &Writing| {
            subscriptions::wish(connection, feed, &hub, &topic, &keys, now)
        };
        self.writer()?.run("noting a hub", work).await
    }

    /// The feed names no hub any more.
    pub async fn forget_subscription(&self, feed: FeedId) -> Result<(), StoreError> {
        let work = move |connection: &Writing| subscriptions::forget(connection, feed);
        self.writer()?.run("forgetting a hub", work).await
    }

    pub async fn subscription(&self, feed: FeedId) -> Result<Option<Subscription>, StoreError> {
        let look =
            move |connection: &rusqlite::Connection| subscriptions::of_feed(connection, feed);
        self.inner.readers.look("asking for a subscription", look).await
    }

    /// The subscription whose callback has this token.
    pub async fn subscription_of_token(
        &self,
        token: String,
    ) -> Result<Option<Subscription>, StoreError> {
        let look =
            move |connection: &rusqlite::Connection| subscriptions::of_token(connection, &token);
        self.inner.readers.look("asking for a subscription", look).await
    }

    /// Subscriptions whose hub is to be asked, longest due first.
    pub async fn subscriptions_due(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<Vec<Subscription>, StoreError> {
        let look =
            move |connection: &rusqlite::Connection| subscriptions::due(connection, now, limit);
        self.inner.readers.look("asking which hubs to ask", look).await
    }

    /// Feeds whose last document named a hub that was never asked, and where they are polled.
    pub async fn hubs_offered(&self) -> Result<Vec<(FeedId, DocumentLinks, Url)>, StoreError> {
        self.inner.readers.look("asking for new hubs", subscriptions::offered).await
    }

    /// The hub is about to be asked, and may verify from now on; the next request is not
    /// before `try_at`.
    pub async fn subscription_asking(&self, token: String, try_at: Time) -> Result<(), StoreError> {
        let work = move |connection: &Writing| subscriptions::asking(connection, &token, try_at);
        self.writer()?.run("asking a hub", work).await
    }

    /// The request to the hub did not go well.
    pub async fn subscription_failed(
        &self,
        token: String,
        error: String,
        try_at: Time,
    ) -> Result<(), StoreError> {
        let work =
            move |connection: &Writing| subscriptions::failed(connection, &token, &error, try_at);
        self.writer()?.run("noting a hub's failure", work).await
    }

    /// The hub verifies what we asked for, and pushes until `lease_until`. `false`: we did
    /// not ask.
    pub async fn subscription_confirmed(
        &self,
        token: String,
        lease_until: Time,
        try_at: Time,
    ) -> Result<bool, StoreError> {
        let work = move |connection: &Writing| {
            subscriptions::confirm(connection, &token, lease_until, try_at)
        };
        self.writer()?.run("noting a subscription", work).await
    }

    /// The hub does not, or not any more, push: the feed is due.
    pub async fn subscription_denied(
        &self,
        token: String,
        reason: String,
        now: Time,
        try_at: Time,
    ) -> Result<(), StoreError> {
        let work = move |connection: &Writing| {
            subscriptions::deny(connection, &token, &reason, now, try_at)
        };
        self.writer()?.run("noting a denied subscription", work).await
    }
}
