//! Text that has passed a gate.

use serde::Serialize;
use url::Url;

/// HTML that the sanitizer has made harmless: safe to show, every URL in it absolute.
///
/// Only `parse` makes one from a publisher's text, and the store from what it kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Html(String);

impl Html {
    /// Vouches that `html` came out of the sanitizer.
    pub fn sanitized(html: impl Into<String>) -> Self {
        Self(html.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

/// A URL fit for logs, pages and exports: without the user name and password it may carry.
pub fn redacted(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot carry credentials in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
