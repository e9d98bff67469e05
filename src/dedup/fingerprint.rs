//! What is compared of an entry, read from it once.
//!
//! In: a finished entry. Out: its [`Fingerprint`]: address, guid, title, own words. It
//! depends on the entry alone, so that it is made outside the transaction, and made again
//! from the stored entry where a later one has to be compared with it.

use std::sync::Arc;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{address::Address, text::Text, title::Title};
use crate::model::Entry;

/// What is compared of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    pub(super) address: Option<Address>,
    pub(super) guid: Guid,
    pub(super) title: Title,
    pub(super) text: Arc<Text>,
    /// The name of the feed that the entry says it is from.
    pub(super) origin: Option<String>,
}

/// The publisher's id.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guid {
    pub text: String,
    pub hash: u64,
    /// Made to be unique in the world, not only in its feed.
    pub is_global: bool,
    /// The page that the guid is the address of.
    pub address: Option<Address>,
}

/// Reads the entry: some 12 µs for 300 words (`benches/dedup.rs`).
pub fn fingerprint(entry: &Entry) -> Fingerprint {
    let title = entry.title.as_deref().map(Title::of).unwrap_or_default();
    // The longer of the two: feeds put the whole text in either, and a teaser in the other.
    let [summary, content] =
        [&entry.summary, &entry.content].map(|html| html.as_ref().map_or("", |html| html.as_str()));
    let mut text =
        Text::of(if summary.len() > content.len() { summary } else { content }, &title.words);
    if text.words.len() == 0 && !summary.is_empty() && !content.is_empty() {
        let other = if summary.len() > content.len() { content } else { summary };
        text = Text::of(other, &title.words);
    }
    let url = entry.original_url.as_ref().or(entry.url.as_ref());
    let address = url.and_then(Address::of);
    Fingerprint {
        guid: Guid::of(&entry.guid, url.zip(address.as_ref())),
        address,
        title,
        text: Arc::new(text),
        origin: entry.origin.as_ref().and_then(|origin| origin.title.clone()),
    }
}

impl Fingerprint {
    /// How many words of its own the entry has, furniture included.
    pub fn words(&self) -> usize {
        self.text.words.len()
    }

    /// The hash of what may be a site's name behind the title (see [`super::Names`]).
    pub fn name_behind_title(&self) -> Option<i64> {
        self.title.bare.map(|bare| bare.name.cast_signed())
    }
}

impl Guid {
    /// `page` is what the entry leads to: more often than not the guid is the address of that.
    fn of(text: &str, page: Option<(&Url, &Address)>) -> Self {
        let text = text.trim();
        let is_http = text.starts_with("http://") || text.starts_with("https://");
        let address = match page {
            // An address that was written by the parser is read as what it was written from;
            // where it has an encoded host, that is another's word.
            Some((url, address)) if url.as_str() == text && !text.contains("xn--") => {
                Some(address.clone())
            }
            _ => is_http.then(|| Url::parse(text).ok()).flatten().and_then(|u| Address::of(&u)),
        };
        let is_named = ["tag:", "urn:"].iter().any(|start| {
            text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
        let is_page = address.as_ref().is_some_and(|address| !address.is_generic);
        Self {
            hash: xxh3_64(text.as_bytes()),
            text: text.chars().take(LONGEST_SHOWN).collect(),
            is_global: is_named || is_page,
            address: address.filter(|_| is_page),
        }
    }
}

/// Characters of a guid that an explanation shows.
const LONGEST_SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::tests::entry;

    #[test]
    fn a_guid_counts_abroad_only_if_it_was_made_to() {
        for guid in
            ["tag:example.org,2026:1", "urn:uuid:1", "https://example.org/?p=1", "https://e.org/a"]
        {
            assert!(Guid::of(guid, None).is_global, "{guid}");
        }
        for guid in ["1", "post-5", "https://example.org/", "4063371-example"] {
            assert!(!Guid::of(guid, None).is_global, "{guid}");
        }
    }

    #[test]
    fn a_guid_that_is_the_entrys_address_has_what_is_read_from_it() {
        for address in [
            "https://www.example.org/a?utm_source=x&b=%7e#c",
            "http://example.org:8080/a/../b%20c/",
            "https://münchen.example/",
            "https://u:p@[::1]//a\\b?c'd",
            "mailto:a@example.org",
        ] {
            let url = Url::parse(address).unwrap();
            let page = Address::of(&url);
            let guid = Guid::of(url.as_str(), Some(&url).zip(page.as_ref()));
            assert_eq!(guid, Guid::of(url.as_str(), None), "{address}");
        }
    }

    #[test]
    fn the_address_behind_a_feed_proxy_is_the_one_that_counts() {
        let mut proxied = entry("http://proxy.example/~r/1", "A", "");
        proxied.original_url = Some(Url::parse("https://example.org/a?utm_source=proxy").unwrap());
        let address = fingerprint(&proxied).address.unwrap();
        assert_eq!(address.canonical, "example.org/a");
        assert_eq!(address.removed, ["utm_source"]);
    }
}
