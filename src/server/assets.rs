//! Files of ours that pages refer to, compiled in.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};

use crate::publish::pages::STYLE_SHEET;

/// The address of the style sheet below the site's root: another one for other bytes, so
/// that it may be kept for ever.
pub fn style_address() -> String {
    format!("style.css?v={:016x}", xxhash_rust::xxh3::xxh3_64(STYLE_SHEET.as_bytes()))
}

pub async fn style() -> Response {
    file(STYLE_SHEET, "text/css; charset=utf-8", "public, max-age=31536000, immutable")
}

pub async fn icon() -> Response {
    file(ICON, "image/svg+xml", "public, max-age=86400")
}

/// Searches and feed health are for people.
pub async fn robots() -> Response {
    let text = "User-agent: *\nDisallow: /search\nDisallow: /status\n";
    file(text, "text/plain; charset=utf-8", "public, max-age=86400")
}

fn file(text: &'static str, content_type: &'static str, keep: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

const ICON: &str = include_str!("assets/favicon.svg");
