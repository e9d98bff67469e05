//! The list of feeds as OPML, without credentials; feeds from files are nobody else's affair.

use std::sync::Arc;

use super::{
    document::{Document, Kind},
    problem::Problem,
    state::{Published, Server},
};
use crate::{
    model::FeedState,
    opml::{self, Subscription},
};

pub async fn opml(server: &Server, published: &Arc<Published>) -> Result<Arc<Document>, Problem> {
    let make = async || {
        let feeds = server.store().feeds().await?;
        let subscriptions: Vec<Subscription> = feeds
            .into_iter()
            .filter(|feed| feed.status != FeedState::Paused)
            .filter(|feed| matches!(feed.url.scheme(), "http" | "https"))
            .map(|feed| Subscription {
                url: feed.url,
                title: feed.title.or(Some(feed.name)),
                home_page: feed.home_page,
                tags: feed.tags,
            })
            .collect();
        let title = published.outputs.first().map_or("merganser", |output| output.title.as_str());
        let text = opml::write(title, &subscriptions);
        Ok(Document::text(text, CONTENT_TYPE, None, Kind::LivePage))
    };
    server.live_document(published, "opml", make).await
}

/// Registered by nobody, understood by all.
const CONTENT_TYPE: &str = "text/x-opml; charset=utf-8";
