//! WebSub from the subscriber's side: what we asked of a hub, and what it pushes.

use bytes::Bytes;
use url::Url;

use super::{FeedId, Time};

/// A row of `subscriptions`: one feed's hub, and how we stand with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    pub feed: FeedId,
    pub hub: Url,
    pub topic: Url,
    /// The last part of the callback's address: nobody but the hub knows it.
    pub token: String,
    /// Signs what the hub pushes.
    pub secret: String,
    /// The hub was asked, and may verify that we meant it.
    pub pending: bool,
    /// It pushes until then; `None`: not now.
    pub lease_until: Option<Time>,
    /// Requests to the hub since it last confirmed.
    pub failures: u32,
}

/// Without what must stay between the hub and us.
impl std::fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Subscription")
            .field("feed", &self.feed)
            .field("hub", &self.hub.as_str())
            .field("topic", &self.topic.as_str())
            .field("pending", &self.pending)
            .field("lease_until", &self.lease_until)
            .finish_non_exhaustive()
    }
}

impl Subscription {
    pub fn is_live(&self, now: Time) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

/// A row of `pushes`: it stands from before the hub is answered until what it brought is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushId(pub i64);

/// A document that a hub brought, its signature checked.
#[derive(Debug, Clone)]
pub struct Push {
    pub id: PushId,
    pub feed: FeedId,
    pub body: Bytes,
    pub content_type: Option<String>,
}
