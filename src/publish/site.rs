//! The site that the outputs stand on: who publishes, and what each document's address is.

use url::Url;

use super::{
    Format,
    part::{Part, archive_name},
};
use crate::model::{OutputSetting, ServerSettings};

/// What every document of ours has to know of the place it is published at.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The address that the world sees; ends in a slash.
    pub base_url: Url,
    /// The WebSub hub that is pinged when an output changed.
    pub hub: Option<Url>,
    /// What made the document. Without a version: an upgrade alone changes no bytes.
    pub software: &'static str,
    /// The names of all outputs: by them the site knows its own documents again.
    pub outputs: Vec<String>,
    /// Show images of articles on the pages.
    pub images: bool,
}

impl Site {
    pub fn new(server: &ServerSettings, outputs: &[OutputSetting]) -> Self {
        Self {
            base_url: with_slash(server.base_url.clone()),
            hub: server.hub.clone(),
            software: "merganser",
            outputs: outputs.iter().map(|output| output.name.clone()).collect(),
            images: server.images,
        }
    }

    /// The `atom:id` of an output: one for all its documents and formats, made from base
    /// address and name alone (the address of its Atom document), so that it stays while
    /// these stay. RFC 4287 section 4.2.6.
    pub fn feed_id(&self, output: &OutputSetting) -> Url {
        self.document(&output.name, Format::Atom)
    }

    /// The address of the document that readers subscribe to.
    pub fn document(&self, name: &str, format: Format) -> Url {
        self.join(&format!("{name}.{}", format.extension()))
    }

    /// The address of one of the documents of an output.
    pub fn part(&self, output: &OutputSetting, format: Format, part: &Part) -> Url {
        let mut url = self.document(&output.name, format);
        match part {
            Part::Subscription(_) => {}
            // As a file has to be called, too: query and file name would be two addresses.
            Part::Archive(archive) => {
                url = self.document(&archive_name(&output.name, archive.arrived_before), format);
            }
            Part::Page(page) => url.set_query(Some(&format!("before={}", page.before))),
            Part::Search { words } => {
                url = self.document("search", format);
                url.query_pairs_mut().append_pair("q", words);
            }
        }
        url
    }

    /// The page for people that shows what the output holds.
    pub fn page(&self, output: &OutputSetting, part: &Part) -> Url {
        match part {
            Part::Search { words } => {
                let mut url = self.join("search");
                url.query_pairs_mut().append_pair("q", words);
                url
            }
            _ => self.document(&output.name, Format::Html),
        }
    }

    fn join(&self, path: &str) -> Url {
        // A base that cannot be joined to is no http(s) address; the config refuses it.
        self.base_url.join(path).unwrap_or_else(|_| self.base_url.clone())
    }
}

/// The same address as a folder: joining to it keeps a path prefix.
fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn documents_stay_below_a_path_prefix() {
        let base_url = with_slash("https://example.org/rivers".parse().expect("a URL"));
        let site = Site { base_url, ..sample::site() };
        assert_eq!(
            site.document("all", Format::Rss).as_str(),
            "https://example.org/rivers/all.rss"
        );
    }

    #[test]
    fn a_search_is_a_feed_with_an_address_of_its_own() {
        let part = Part::Search { words: "c++ & more".into() };
        let address = sample::site().part(&sample::output(), Format::Atom, &part);
        assert_eq!(address.as_str(), "https://river.example.org/search.atom?q=c%2B%2B+%26+more");
    }
}
