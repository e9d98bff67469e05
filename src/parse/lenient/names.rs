//! Which vocabulary a name belongs to.
//!
//! In: a namespace name or a prefix as published. Out: a [`Ns`]. Namespaces are compared
//! without scheme, `www.`, case and trailing `/` or `#`, because publishers vary all of
//! these; a prefix that is not declared, or declared as something unheard of, means what it
//! conventionally means.

/// The vocabularies that our extraction knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::parse) enum Ns {
    /// No namespace, any RSS, CDF: the words that a feed element has without a prefix.
    Plain,
    /// RFC 4287.
    Atom,
    /// The draft of 2003.
    Atom03,
    /// Dublin Core: elements 1.0 and 1.1, terms.
    Dc,
    /// `content:encoded` and its kin.
    Content,
    Media,
    Itunes,
    GooglePlay,
    Podcast,
    /// `sy:updatePeriod`.
    Syndication,
    Feedburner,
    Rdf,
    Xhtml,
    /// `xml:base`, `xml:lang`.
    Xml,
    /// RFC 4685 and other things about comments.
    Wfw,
    /// Something that we have no word for.
    Other,
}

impl Ns {
    /// The vocabulary that a namespace name stands for.
    pub(in crate::parse) fn of_uri(uri: &str) -> Option<Self> {
        let mut folded = uri.trim().to_ascii_lowercase();
        for scheme in ["http://", "https://", "//"] {
            if let Some(rest) = folded.strip_prefix(scheme) {
                folded = rest.to_owned();
                break;
            }
        }
        let bare = folded.strip_prefix("www.").unwrap_or(&folded);
        let bare = bare.trim_end_matches(['/', '#']);
        Some(match bare {
            "" => Self::Plain,
            "purl.org/rss/1.0"
            | "my.netscape.com/rdf/simple/0.9"
            | "channel.netscape.com/rdf/simple/0.9"
            | "my.netscape.com/publish/formats/rss-0.91.dtd"
            | "backend.userland.com/rss"
            | "backend.userland.com/rss2"
            | "backend.userland.com/rss091"
            | "backend.userland.com/rss092"
            | "backend.userland.com/rss093"
            | "blogs.law.harvard.edu/tech/rss"
            | "cyber.law.harvard.edu/rss/rss.html"
            | "rssboard.org/rss-specification" => Self::Plain,
            "w3.org/2005/atom" => Self::Atom,
            "purl.org/atom/ns" | "purl.org/atom" => Self::Atom03,
            "purl.org/dc/elements/1.0" | "purl.org/dc/elements/1.1" | "purl.org/dc/terms" => {
                Self::Dc
            }
            "purl.org/rss/1.0/modules/content" | "purl.org/rss/modules/content" => Self::Content,
            "search.yahoo.com/mrss" | "search.yahoo.com/rss" | "api.maps.yahoo.com/mrss" => {
                Self::Media
            }
            "itunes.com/dtds/podcast-1.0.dtd"
            | "itunes.com/dtds/podcast-1.0"
            | "example.com/dtds/podcast-1.0.dtd" => Self::Itunes,
            "google.com/schemas/play-podcasts/1.0" | "google.com/schemas/play-podcasts/1.0.xsd" => {
                Self::GooglePlay
            }
            "podcastindex.org/namespace/1.0"
            | "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md" => {
                Self::Podcast
            }
            "purl.org/rss/1.0/modules/syndication" => Self::Syndication,
            "rssnamespace.org/feedburner/ext/1.0" => Self::Feedburner,
            "w3.org/1999/02/22-rdf-syntax-ns" => Self::Rdf,
            "w3.org/1999/xhtml" => Self::Xhtml,
            "w3.org/xml/1998/namespace" => Self::Xml,
            "wellformedweb.org/commentapi" => Self::Wfw,
            _ => return None,
        })
    }

    /// The vocabulary that a prefix stands for by convention.
    pub(in crate::parse) fn of_prefix(prefix: &str) -> Option<Self> {
        Some(match prefix.to_ascii_lowercase().as_str() {
            "xml" => Self::Xml,
            "rss" => Self::Plain,
            "atom" | "atom10" | "a10" => Self::Atom,
            "dc" | "dcterms" | "dct" => Self::Dc,
            "content" => Self::Content,
            "media" => Self::Media,
            "itunes" => Self::Itunes,
            "googleplay" => Self::GooglePlay,
            "podcast" => Self::Podcast,
            "sy" => Self::Syndication,
            "feedburner" => Self::Feedburner,
            "rdf" => Self::Rdf,
            "xhtml" => Self::Xhtml,
            "wfw" => Self::Wfw,
            _ => return None,
        })
    }
}

/// Splits `prefix:local`; a name without a colon has the empty prefix.
pub(in crate::parse) fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_known_whatever_its_scheme_case_and_trailing_slash() {
        for uri in [
            "http://www.w3.org/2005/Atom",
            "https://www.w3.org/2005/Atom",
            "http://www.w3.org/2005/Atom/",
            " http://w3.org/2005/atom ",
        ] {
            assert_eq!(Ns::of_uri(uri), Some(Ns::Atom), "{uri}");
        }
        assert_eq!(Ns::of_uri("http://search.yahoo.com/mrss"), Some(Ns::Media));
        assert_eq!(Ns::of_uri("urn:foo"), None);
    }
}
