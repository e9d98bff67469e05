//! Any text as a person's search: FTS5 never takes offence, and a word that stands in a
//! title is found.

use merganser::model::ArticleQuery;

use super::house::{house, runtime};

pub fn check(bytes: &[u8]) {
    let Ok(words) = std::str::from_utf8(bytes) else { return };
    let house = house();
    let query = ArticleQuery { search: Some(words.to_owned()), limit: 3, ..Default::default() };
    let found = runtime().block_on(house.store.articles(query));
    let found = found.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    if matches!(words.trim(), "walrus" | "Hafen" | "高速" | "建") {
        assert!(!found.is_empty(), "{words:?}");
    }
}
