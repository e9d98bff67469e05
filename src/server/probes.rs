//! Answers for machines that watch over us.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use super::{answer::plain, state::Server};
use crate::metrics;

/// The process answers. No I/O, so that a slow disk does not get it killed.
pub async fn healthz() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

/// The store can be read, and the fetch loop turns.
pub async fn readyz(State(server): State<Server>) -> Response {
    let revision = tokio::time::timeout(PATIENCE, server.store().revision()).await;
    let why_not = match revision {
        Err(_) => Some("the store does not answer"),
        Ok(Err(_)) => Some("the store cannot be read"),
        Ok(Ok(_)) if !server.pulse().is_alive() => Some("the fetch loop stands still"),
        Ok(Ok(_)) => None,
    };
    match why_not {
        None => plain(StatusCode::OK, "ready\n".to_owned()),
        Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

pub async fn metrics(State(server): State<Server>) -> Response {
    if let Ok(Ok(feeds)) = tokio::time::timeout(PATIENCE, server.store().feeds()).await {
        server.metrics().feeds(feeds.iter().map(|feed| feed.status));
    }
    server.metrics().store_size(server.store().size());
    match server.metrics().text() {
        Ok(text) => {
            let mut response = plain(StatusCode::OK, text);
            let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "no metrics\n".to_owned()),
    }
}

/// Probes have time-outs of a few seconds themselves.
const PATIENCE: Duration = Duration::from_secs(2);
