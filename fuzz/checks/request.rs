//! Any bytes as a request to the server: no answer is a 500, none lacks what every answer
//! carries, and nothing unsigned is taken for a hub's push.
//!
//! `TOKEN` in the address stands for the secret part of a live subscription's callback.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, StatusCode},
};
use merganser::server::router;
use tower::ServiceExt as _;

use super::house::{house, runtime};

pub fn check(bytes: &[u8]) {
    let house = house();
    let Some(request) = request(bytes, &house.token) else { return };
    let shown = format!("{} {}", request.method(), request.uri());
    runtime().block_on(async {
        let answer = router(house.server.clone()).oneshot(request).await.expect("infallible");
        let (head, body) = answer.into_parts();
        assert_ne!(head.status, StatusCode::INTERNAL_SERVER_ERROR, "{shown}");
        assert_eq!(head.headers["x-content-type-options"], "nosniff", "{shown}");
        assert!(head.headers.contains_key("content-security-policy"), "{shown}");
        assert!(!head.headers.contains_key("location"), "{shown}");
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a bounded body");
        assert!(!body.windows(7).any(|seven| seven.eq_ignore_ascii_case(b"<script")), "{shown}");
    });
    let mut pushes = house.pushes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(pushes.try_recv().is_err(), "{shown}");
}

/// As on the wire, but for the version and the framing, which are hyper's.
fn request(bytes: &[u8], token: &str) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = first.split_once(' ')?;
    let target = target.replace("TOKEN", token);
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name).ok()?;
        let value = HeaderValue::from_bytes(value.get(1..)?.trim_ascii()).ok()?;
        request = request.header(name, value);
    }
    let body = body.get(2..).unwrap_or_default().to_vec();
    request.body(Body::from(body)).ok()
}
