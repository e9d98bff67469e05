//! Files of ours that pages refer to, compiled in.

use std::sync::{Arc, LazyLock};

use axum::{http::HeaderMap, response::Response};

use super::{
    answer::answer,
    document::{Document, Kind},
};
use crate::publish::pages::STYLE_SHEET;

/// The address of the style sheet below the site's root: another one for other bytes, so
/// that it may be kept for ever.
pub fn style_address() -> String {
    format!("style.css?v={:016x}", xxhash_rust::xxh3::xxh3_64(STYLE_SHEET.as_bytes()))
}

pub async fn style(headers: HeaderMap) -> Response {
    static STYLE: LazyLock<Arc<Document>> =
        LazyLock::new(|| asset(STYLE_SHEET, "text/css; charset=utf-8", Kind::Versioned));
    answer(&headers, &STYLE).await
}

pub async fn icon(headers: HeaderMap) -> Response {
    static ICON: LazyLock<Arc<Document>> =
        LazyLock::new(|| asset(MERGANSER, "image/svg+xml", Kind::Asset));
    answer(&headers, &ICON).await
}

/// Searches and feed health are for people.
pub async fn robots(headers: HeaderMap) -> Response {
    static ROBOTS: LazyLock<Arc<Document>> =
        LazyLock::new(|| asset(FOR_ROBOTS, "text/plain; charset=utf-8", Kind::Asset));
    answer(&headers, &ROBOTS).await
}

fn asset(text: &str, content_type: &'static str, kind: Kind) -> Arc<Document> {
    Arc::new(Document::text(text.to_owned(), content_type, None, kind))
}

const FOR_ROBOTS: &str = "User-agent: *\nDisallow: /search\nDisallow: /status\n";

const MERGANSER: &str = include_str!("assets/favicon.svg");
