//! WebSub, the publisher's side: what to tell a hub when an output changed.

use url::{Url, form_urlencoded::Serializer};

/// The `Content-Type` of a ping.
pub const PING_TYPE: &str = "application/x-www-form-urlencoded";

/// The body of the POST that tells a hub that `topic` changed.
///
/// W3C WebSub, section 7, leaves the request to publisher and hub; `hub.mode=publish` with
/// `hub.url` is what hubs have understood since PubSubHubbub 0.4, `hub.topic` what newer
/// ones read. One topic to a ping, for not every hub takes several.
pub fn ping(topic: &Url) -> String {
    Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic.as_str())
        .append_pair("hub.topic", topic.as_str())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_names_the_topic() {
        let topic = "https://example.org/all.atom?a=b".parse().expect("a URL");
        let encoded = "https%3A%2F%2Fexample.org%2Fall.atom%3Fa%3Db";
        assert_eq!(ping(&topic), format!("hub.mode=publish&hub.url={encoded}&hub.topic={encoded}"));
    }
}
