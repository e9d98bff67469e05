//! What a request carries, and nothing else.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    USER_AGENT,
};

use crate::model::Validators;

/// `merganser/VERSION (+CONTACT)`: the same every time, so that a publisher knows whom to ask.
pub(super) fn user_agent(contact: Option<&str>) -> String {
    let contact: String =
        contact.unwrap_or_default().chars().filter(char::is_ascii_graphic).collect();
    if contact.is_empty() {
        NAME_AND_VERSION.to_owned()
    } else {
        format!("{NAME_AND_VERSION} (+{contact})")
    }
}

/// The fields of one request. `validators` are those that the very same URL gave.
pub(super) fn headers(user_agent: &str, validators: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_CODINGS));
    if let Ok(user_agent) = HeaderValue::from_str(user_agent) {
        headers.insert(USER_AGENT, user_agent);
    }
    let mut conditional = false;
    let mut precondition = |name: HeaderName, value: Option<&Vec<u8>>| {
        // Bytes that no field could have carried did not come from a server.
        if let Some(Ok(value)) = value.map(|value| HeaderValue::from_bytes(value)) {
            headers.insert(name, value);
            conditional = true;
        }
    };
    precondition(IF_NONE_MATCH, validators.and_then(|given| given.etag.as_ref()));
    precondition(IF_MODIFIED_SINCE, validators.and_then(|given| given.last_modified.as_ref()));
    if conditional {
        // A part of the feed will do, since we have the rest (RFC 3229 10.5.3).
        headers.insert(A_IM, HeaderValue::from_static("feed"));
    }
    headers
}

/// Whether these fields ask conditionally.
pub(super) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE)
}

const A_IM: HeaderName = HeaderName::from_static("a-im");

const NAME_AND_VERSION: &str = concat!("merganser/", env!("CARGO_PKG_VERSION"));

/// Feeds first; anything rather than a 406 from a server that knows no better.
const ACCEPTED: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
    application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, \
    text/html;q=0.3, */*;q=0.1";

const ACCEPTED_CODINGS: &str = "zstd, br, gzip, deflate";
