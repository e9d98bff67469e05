//! Knows our own outputs again when they come back, so that no loop of feeds feeds itself.
//!
//! A republished entry carries the origin's id and `atom:source`. So where merganser
//! subscribes to itself, or two mergansers to each other, the entry that comes back has the
//! id of the article it was made from, and deduplication makes it a member of that article:
//! nothing new arises. Two rules here close the rest: an article that *only* our own outputs
//! carry is not published in them, and our own outputs are never named as a source.

use super::{Format, Site, part::archive_of};
use crate::model::{Article, FeedRef, Origin, Rules, Source};

/// Is every feed that carries the article one of our own outputs?
pub fn is_echo(article: &Article, site: &Site) -> bool {
    !article.sources.is_empty() && article.sources.iter().all(|source| is_own(source, site))
}

/// Does the entry come from one of our outputs, or was it one of theirs before another
/// merganser handed it back? An entry that names an origin of its own counts by that.
pub(super) fn is_own(source: &Source, site: &Site) -> bool {
    is_own_output(&source.about, site) || source.origin.as_ref().is_some_and(|o| is_ours(o, site))
}

/// What an output takes in: what its rules admit, and no echo of our own outputs.
pub fn takes_in(article: &Article, rules: &Rules, site: &Site) -> bool {
    rules.admits(article) && !is_echo(article, site)
}

/// Is the feed one of our outputs? By its address, or, where we ask at another address than
/// the world does, by its id.
pub fn is_own_output(feed: &FeedRef, site: &Site) -> bool {
    is_document(feed.url.as_str(), site)
        || feed.atom_id.as_deref().is_some_and(|id| is_document(id, site))
        || feed.home_page.as_ref().is_some_and(|page| is_document(page.as_str(), site))
}

fn is_ours(origin: &Origin, site: &Site) -> bool {
    origin.url.as_ref().is_some_and(|url| is_document(url.as_str(), site))
        || origin.id.as_deref().is_some_and(|id| is_document(id, site))
}

/// Is it the address of one of our documents, an archive or page included?
fn is_document(address: &str, site: &Site) -> bool {
    let Some(path) = address.strip_prefix(site.base_url.as_str()) else { return false };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let Some((name, extension)) = path.rsplit_once('.') else { return false };
    let name = archive_of(name).map_or(name, |(output, _)| output);
    Format::ALL.iter().any(|format| format.extension() == extension)
        && (name == "search" || site.outputs.iter().any(|output| output == name))
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn carried_by(addresses: &[&str]) -> Article {
        let mut article = sample::article(1);
        let source = article.sources[0].clone();
        article.sources = addresses
            .iter()
            .map(|address| {
                let mut source = source.clone();
                source.about.url = address.parse().expect("a URL");
                source
            })
            .collect();
        article
    }

    #[test]
    fn what_only_our_own_output_carries_is_an_echo() {
        let site = sample::site();
        assert!(is_echo(&carried_by(&["https://river.example.org/all.rss"]), &site));
        assert!(is_echo(&carried_by(&["https://river.example.org/all.archive-500.atom"]), &site));
    }

    #[test]
    fn what_another_feed_carries_too_is_none() {
        let both = ["https://river.example.org/all.rss", "https://blog.example/feed"];
        assert!(!is_echo(&carried_by(&both), &sample::site()));
    }

    #[test]
    fn another_feed_on_our_host_is_not_ours() {
        for address in ["https://river.example.org/blog.rss", "https://river.example.org/x/all.rss"]
        {
            assert!(!is_echo(&carried_by(&[address]), &sample::site()), "{address}");
        }
    }

    #[test]
    fn our_output_asked_at_an_inner_address_is_known_by_its_id() {
        let mut article = carried_by(&["http://127.0.0.1:8080/all.atom"]);
        article.sources[0].about.atom_id = Some("https://river.example.org/all.atom".into());
        assert!(is_echo(&article, &sample::site()));
    }
}
