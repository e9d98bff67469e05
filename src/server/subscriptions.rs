//! The list of feeds as OPML, without credentials.

use std::sync::Arc;

use super::{
    document::{Document, Kind},
    problem::Problem,
    state::{Published, Server},
};

pub async fn opml(server: &Server, published: &Arc<Published>) -> Result<Arc<Document>, Problem> {
    let make = async || {
        let feeds = server.store().feeds().await?;
        let text = format!("<opml version=\"2.0\"><head/><body>{}</body></opml>", feeds.len());
        Ok(Document::text(text, "text/x-opml; charset=utf-8", None, Kind::LivePage))
    };
    server.live_document(published, "opml", make).await
}
