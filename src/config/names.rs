//! Names of feeds: given, or made from the title or the URL, safe in URLs and file names.

use std::{collections::HashSet, hash::BuildHasher};

use url::Url;

/// Whether `text` is a name: `[A-Za-z0-9_-]{1,64}`.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A name for a feed from its URL: the host and what is telling of the path.
///
/// The same URL gives the same name for ever, since people write names into outputs. A query
/// goes in as a short hash: it tells feeds of one address apart, but may hold a secret.
pub fn made_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let mut text = host.strip_prefix("www.").unwrap_or(host).to_owned();
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let telling: Vec<&str> =
        segments.iter().map(|segment| stem(segment)).filter(|word| !is_furniture(word)).collect();
    if url.scheme() == "file" {
        text = telling.last().or(segments.last()).copied().unwrap_or("file").to_owned();
    } else {
        for word in telling {
            text.push('-');
            text.push_str(word);
        }
    }
    let mut name = slug(&text).unwrap_or_else(|| "feed".to_owned());
    if let Some(query) = url.query().filter(|query| !query.is_empty()) {
        let hash = xxhash_rust::xxh3::xxh3_64(query.as_bytes()) & 0xff_ffff;
        name = with_suffix(&name, &format!("-{hash:06x}"));
    }
    name
}

/// A name for a feed from its title, where the title has enough plain letters in it.
pub fn name_from_title(title: &str) -> Option<String> {
    let letters = title.chars().filter(|c| c.is_alphanumeric()).count();
    let plain = title.chars().filter(char::is_ascii_alphanumeric).count();
    // A title in another script would leave only its Latin crumbs.
    if plain * 2 < letters { None } else { slug(title) }
}

/// `name`, or `name-2`, `name-3` … if it is taken; the result is taken from now on.
pub fn unique_name<S: BuildHasher>(name: &str, taken: &mut HashSet<String, S>) -> String {
    let mut unique = name.to_owned();
    let mut count = 2_u32;
    while taken.contains(&unique) {
        unique = with_suffix(name, &format!("-{count}"));
        count = count.saturating_add(1);
    }
    taken.insert(unique.clone());
    unique
}

/// Lower-case letters and digits, everything else a single dash between them.
fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == LONGEST_NAME {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let kept: String = name.chars().take(LONGEST_NAME.saturating_sub(suffix.len())).collect();
    format!("{}{suffix}", kept.trim_end_matches('-'))
}

/// A path segment without the ending of its file name.
fn stem(segment: &str) -> &str {
    match segment.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ENDINGS.contains(&ending) => stem,
        _ => segment,
    }
}

/// Words in the paths of feeds that say no more than that it is a feed.
fn is_furniture(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.is_empty() || FURNITURE.contains(&word.as_str()) || ENDINGS.contains(&word.as_str())
}

const ENDINGS: &[&str] = &["xml", "rss", "atom", "rdf", "json", "php", "html", "htm", "aspx"];
const FURNITURE: &[&str] = &["feed", "feeds", "rss2", "index", "default", "all", "syndication"];

/// The contract's; long enough for a host name and a word.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str) -> String {
        made_name(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_name_comes_from_the_host_and_the_telling_part_of_the_path() {
        assert_eq!(made("https://www.example.org/feed.xml"), "example-org");
        assert_eq!(made("https://example.org/blog/rss/index.xml"), "example-org-blog");
        assert_eq!(made("https://example.org/news/world.rss"), "example-org-news-world");
        assert_eq!(made("file:///srv/samples/harbour-post.xml"), "harbour-post");
        assert_eq!(made("http://[::1]:8000/feed"), "1");
    }

    #[test]
    fn a_query_tells_feeds_apart_without_being_shown() {
        let one = made("https://example.org/feed?token=secret-a");
        let two = made("https://example.org/feed?token=secret-b");
        assert_ne!(one, two);
        assert!(!one.contains("secret"), "{one}");
    }

    #[test]
    fn every_made_name_is_a_name() {
        for url in [
            "https://example.org/%F0%9F%8E%89",
            "https://xn--bcher-kva.example/",
            "file:///",
            "https://example.org/a-very-long-path/that/goes/on/and/on/and/on/until/it/is/too/long?x=1",
        ] {
            let name = made(url);
            assert!(is_name(&name), "{url}: {name}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_number_and_stays_a_name() {
        let long = "x".repeat(LONGEST_NAME);
        let mut taken = HashSet::from(["news".to_owned(), long.clone()]);
        assert_eq!(unique_name("news", &mut taken), "news-2");
        assert_eq!(unique_name("news", &mut taken), "news-3");
        assert!(is_name(&unique_name(&long, &mut taken)));
    }

    #[test]
    fn a_title_in_another_script_gives_no_name() {
        assert_eq!(
            name_from_title("The Harbour Post: News!").as_deref(),
            Some("the-harbour-post-news")
        );
        assert_eq!(name_from_title("日本のニュース RSS"), None);
    }
}
