//! What every page has around its own part: head, navigation, search, the place it is
//! shown in.

use url::Url;

use crate::{
    model::{OutputSetting, ServerSettings},
    publish::Site,
};

/// The place that pages are shown in.
#[derive(Debug, Clone)]
pub struct PageSite {
    /// The address that the world sees; ends in a slash.
    pub base: Url,
    pub outputs: Vec<OutputSetting>,
    /// Show images of articles.
    pub images: bool,
    /// Where the style sheet is.
    pub style: Style,
}

/// How a page gets its looks.
#[derive(Debug, Clone)]
pub enum Style {
    Linked(String),
    Inline(super::Markup),
}

impl PageSite {
    /// Pages of a server; `style` is the address of the style sheet below the base.
    pub fn served(settings: &ServerSettings, outputs: Vec<OutputSetting>, style: &str) -> Self {
        let mut site = Self {
            base: settings.base_url.clone(),
            outputs,
            images: settings.images,
            style: Style::Linked(String::new()),
        };
        site.style = Style::Linked(format!("{}{style}", site.root()));
        site
    }

    /// One output's page that stands alone and carries its style with it.
    pub(super) fn alone(site: &Site, output: &OutputSetting) -> Self {
        Self {
            base: site.base_url.clone(),
            outputs: vec![output.clone()],
            images: site.images,
            style: Style::Inline(super::style()),
        }
    }

    /// The path that the site hangs under: `/`, or a prefix that ends in a slash.
    pub fn root(&self) -> &str {
        let path = self.base.path();
        if path.ends_with('/') { path } else { "/" }
    }

    /// The path of an output's page.
    pub fn river_path(&self, output: &OutputSetting) -> String {
        let root = self.root();
        if self.outputs.first().is_some_and(|first| first.name == output.name) {
            return root.to_owned();
        }
        // A page of ours keeps its name; the output's page has the longer one.
        let ending = if RESERVED.contains(&output.name.as_str()) { ".html" } else { "" };
        format!("{root}{}{ending}", output.name)
    }

    /// The path of an article's page.
    pub fn article_path(&self, slug: &str) -> String {
        format!("{}article/{}", self.root(), encoded(slug))
    }

    /// An absolute address for other programs.
    pub fn address(&self, below: &str) -> String {
        let base = self.base.as_str();
        format!("{base}{}{below}", if base.ends_with('/') { "" } else { "/" })
    }

    pub(super) fn frame(&self, title: &str, current: &str) -> Frame {
        let mut nav: Vec<NavItem> = self
            .outputs
            .iter()
            .take(NAV_OUTPUTS)
            .map(|output| NavItem::new(output.title.clone(), self.river_path(output), current))
            .collect();
        nav.push(NavItem::new("Feed health".into(), format!("{}status", self.root()), current));
        Frame {
            title: format!("{title} · {NAME}"),
            site: NAME.to_owned(),
            root: self.root().to_owned(),
            style: self.style.clone(),
            policy: None,
            description: None,
            unlisted: false,
            searchable: true,
            alternates: self.outputs.iter().flat_map(|output| self.alternates(output)).collect(),
            nav,
            query: String::new(),
        }
    }

    fn alternates(&self, output: &OutputSetting) -> Vec<Alternate> {
        DOCUMENTS
            .iter()
            .map(|(ending, label, media_type)| Alternate {
                media_type,
                title: format!("{} ({label})", output.title),
                href: format!("{}{}.{ending}", self.root(), output.name),
            })
            .collect()
    }

    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        self.outputs
            .iter()
            .map(|output| Subscription {
                title: output.title.clone(),
                addresses: DOCUMENTS
                    .iter()
                    .map(|(ending, label, media_type)| Address {
                        label,
                        media_type,
                        href: format!("{}{}.{ending}", self.root(), output.name),
                        address: self.address(&format!("{}.{ending}", output.name)),
                    })
                    .collect(),
            })
            .collect()
    }
}

/// The parts that `base.html` shows.
#[derive(Debug, Clone)]
pub struct Frame {
    pub title: String,
    pub site: String,
    pub root: String,
    pub style: Style,
    /// A content security policy inside the page, for pages that come from a disk.
    pub policy: Option<String>,
    /// One line for search engines and previews.
    pub description: Option<String>,
    /// Not for search engines.
    pub unlisted: bool,
    /// Has the search in its head; the search page has its own.
    pub searchable: bool,
    pub alternates: Vec<Alternate>,
    /// Empty for a page that stands alone.
    pub nav: Vec<NavItem>,
    pub query: String,
}

/// An autodiscovery link.
#[derive(Debug, Clone)]
pub struct Alternate {
    pub media_type: &'static str,
    pub title: String,
    pub href: String,
}

#[derive(Debug, Clone)]
pub struct NavItem {
    pub label: String,
    pub href: String,
    pub current: bool,
}

impl NavItem {
    fn new(label: String, href: String, current: &str) -> Self {
        Self { current: href == current, label, href }
    }
}

/// An output as something to subscribe to.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub title: String,
    pub addresses: Vec<Address>,
}

#[derive(Debug, Clone)]
pub struct Address {
    pub label: &'static str,
    pub media_type: &'static str,
    pub href: String,
    /// Absolute, to be copied into a reader.
    pub address: String,
}

/// `text` as one query value or path segment (RFC 3986 2.1: all but unreserved characters).
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

/// Endings, names and media types of an output's documents.
pub const DOCUMENTS: [(&str, &str, &str); 3] = [
    ("atom", "Atom", "application/atom+xml"),
    ("rss", "RSS", "application/rss+xml"),
    ("json", "JSON Feed", "application/feed+json"),
];

/// What the whole calls itself.
const NAME: &str = "merganser";

/// Paths of ours that an output's name may be equal to.
const RESERVED: [&str; 6] = ["article", "healthz", "metrics", "readyz", "search", "status"];

/// More outputs than fit into a navigation bar are still listed under Subscribe.
const NAV_OUTPUTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_is_encoded_to_the_last_byte() {
        assert_eq!(encoded("a b&c=ü+\"<"), "a%20b%26c%3D%C3%BC%2B%22%3C");
    }
}
