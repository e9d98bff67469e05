//! What an address asks for: query values as they came, bounded.

use url::form_urlencoded;

/// The values of a query (WHATWG URL, `application/x-www-form-urlencoded`).
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn new(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.take(MAX_VALUES).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// The first value of this name that is not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Words to search for: one line, without control characters, at most
    /// [`SEARCH_LIMIT`] characters; the rest is left out, as a search for its beginning.
    pub fn words(&self) -> String {
        let words = self.value("q").unwrap_or_default();
        let words: String = words
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(SEARCH_LIMIT)
            .collect();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// No page of ours has more.
const MAX_VALUES: usize = 16;

/// Longer than any search that a person types.
const SEARCH_LIMIT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_bounded_line() {
        let query = Query::new(Some("q=+a%00%0ab++%ff%e4&q=second&x"));
        assert_eq!(query.words(), "a b \u{fffd}\u{fffd}");
        let long = Query::new(Some(&format!("q={}", "x".repeat(10_000))));
        assert_eq!(long.words().len(), SEARCH_LIMIT);
        assert_eq!(Query::new(None).words(), "");
    }
}
