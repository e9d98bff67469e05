//! WebSub from the subscriber's side (W3C WebSub): what to ask of which hub, and whether a
//! push is the hub's.
//!
//! In: links, forms, signatures. Out: offers, request bodies, yes or no. Never here: the
//! network, the store, a clock.

mod signature;

use std::time::Duration;

use url::{Url, form_urlencoded::Serializer};

use crate::model::DocumentLinks;

pub use signature::is_signed;

/// A hub that a feed names, and the address by which it knows the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub hub: Url,
    pub topic: Url,
}

/// The hub and topic of a document: `Link` fields first, then the document itself, and
/// `answered`, the address that gave it, where neither names the topic (section 4).
pub fn offer(
    hubs: &[Url],
    topic: Option<&Url>,
    links: &DocumentLinks,
    answered: &Url,
) -> Option<Offer> {
    let hub = hubs.iter().chain(&links.hubs).find(|hub| is_web(hub))?.clone();
    let topic = topic.or(links.topic.as_ref()).filter(|topic| is_web(topic));
    let topic = topic.unwrap_or(answered).clone();
    is_web(&topic).then_some(Offer { hub, topic })
}

/// The body of the request for a subscription (section 5.1).
pub fn request(callback: &Url, topic: &Url, secret: &str) -> String {
    Serializer::new(String::new())
        .append_pair("hub.callback", callback.as_str())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.topic", topic.as_str())
        .append_pair("hub.lease_seconds", &WISHED_LEASE.as_secs().to_string())
        .append_pair("hub.secret", secret)
        .finish()
}

/// The `Content-Type` of that request.
pub const REQUEST_TYPE: &str = "application/x-www-form-urlencoded";

/// How long the hub will push, by its own number; what we wished for where it says nothing.
pub fn lease(lease_seconds: Option<&str>) -> Duration {
    let granted = lease_seconds.and_then(|seconds| seconds.trim().parse().ok());
    granted.map_or(WISHED_LEASE, Duration::from_secs).min(LONGEST_LEASE)
}

/// How long after the beginning of a lease to ask for the next: early enough to try again.
pub fn renewal(lease: Duration) -> Duration {
    lease.saturating_sub((lease / 10).min(LONGEST_MARGIN))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// What the usual hubs grant at most.
const WISHED_LEASE: Duration = Duration::from_secs(10 * 24 * 3600);

/// A hub that forgets us is found out within a year at the latest.
const LONGEST_LEASE: Duration = Duration::from_secs(365 * 24 * 3600);

const LONGEST_MARGIN: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    fn links() -> DocumentLinks {
        DocumentLinks {
            hubs: vec![url("https://document.example/hub")],
            topic: Some(url("https://document.example/self")),
            older: None,
        }
    }

    #[test]
    fn header_links_stand_above_the_documents() {
        let answered = url("https://a.example/feed");
        let (hub, topic) = (url("https://header.example/hub"), url("https://header.example/self"));
        let found = offer(std::slice::from_ref(&hub), Some(&topic), &links(), &answered);
        assert_eq!(found, Some(Offer { hub, topic }));
    }

    #[test]
    fn a_document_without_self_is_known_by_the_address_that_gave_it() {
        let answered = url("https://a.example/feed");
        let links = DocumentLinks { topic: None, ..links() };
        assert_eq!(offer(&[], None, &links, &answered).expect("an offer").topic, answered);
    }

    #[test]
    fn without_a_hub_on_the_web_there_is_no_offer() {
        let answered = url("https://a.example/feed");
        assert_eq!(offer(&[], None, &DocumentLinks::default(), &answered), None);
        let links = DocumentLinks { hubs: vec![url("file:///hub")], ..links() };
        assert_eq!(offer(&[], None, &links, &answered), None);
    }

    #[test]
    fn the_hubs_own_number_counts_and_is_renewed_in_time() {
        assert_eq!(lease(Some("100")), Duration::from_secs(100));
        assert_eq!(renewal(Duration::from_secs(100)), Duration::from_secs(90));
        assert_eq!(lease(Some("99999999999")), LONGEST_LEASE);
        for nothing in [None, Some(""), Some("soon"), Some("-1")] {
            assert_eq!(lease(nothing), WISHED_LEASE);
        }
    }
}
