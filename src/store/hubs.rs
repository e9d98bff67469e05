//! The store's verbs for WebSub: what a hub heard of us, and what hubs push to us.

use std::collections::HashMap;

use url::Url;

use super::{
    Committed, FeedUpdate, Store, commit, error::StoreError, pings, subscriptions, writing::Writing,
};
use crate::model::{DocumentLinks, FeedId, PushId, Subscription, Time};

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

    /// A hub has brought something for this feed. Once this is on the disk, the hub can be told
    /// that we have it: whatever happens to the push, the feed is polled for it.
    pub async fn note_push(&self, feed: FeedId, now: Time) -> Result<PushId, StoreError> {
        let work = move |connection: &Writing| subscriptions::note_push(connection, feed, now);
        self.writer()?.run("noting a push", work).await
    }

    /// [`Self::commit_rest`] of what a hub brought, and the end of its note.
    pub async fn commit_push(
        &self,
        push: PushId,
        update: FeedUpdate,
        parts: Committed,
    ) -> Result<Committed, StoreError> {
        let rules = self.inner.rules.clone();
        let work = move |connection: &Writing| {
            subscriptions::settle_push(connection, push)?;
            commit::commit(connection, &update, parts, &rules)
        };
        self.writer()?.run("committing a push", work).await
    }

    /// A push brought nothing new.
    pub async fn settle_push(&self, push: PushId) -> Result<(), StoreError> {
        let work = move |connection: &Writing| subscriptions::settle_push(connection, push);
        self.writer()?.run("ending a push", work).await
    }

    /// A push could not be taken in: its feed is due in its place, unless its server asked for
    /// rest.
    pub async fn poll_for_push(
        &self,
        push: PushId,
        feed: FeedId,
        now: Time,
    ) -> Result<(), StoreError> {
        let work = move |connection: &Writing| {
            subscriptions::settle_push(connection, push)?;
            subscriptions::make_due(connection, &[feed], now)
        };
        self.writer()?.run("making a feed due", work).await
    }

    /// Feeds whose pushes an earlier daemon did not live to take in are due. Tells of how many
    /// pushes. For the daemon's start: a push in hand would be polled for, too.
    pub async fn redeem_pushes(&self, now: Time) -> Result<usize, StoreError> {
        let work = move |connection: &Writing| subscriptions::redeem_pushes(connection, now);
        self.writer()?.run("looking for pushes that were not taken in", work).await
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
