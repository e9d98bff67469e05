//! A readable title for every article, also for one whose feed gives none.

use url::Url;

use super::fit::line;
use crate::model::{Article, Html};

/// The article's title; else the beginning of its text; else what its links are called;
/// else its feed and day. One clean line, never empty.
pub fn headline(article: &Article) -> String {
    article
        .title
        .as_deref()
        .and_then(line)
        .or_else(|| article.content.as_ref().and_then(beginning))
        .or_else(|| article.summary.as_ref().and_then(beginning))
        .or_else(|| article.enclosures.iter().find_map(|enclosure| file_name(&enclosure.url)))
        .or_else(|| article.url.as_ref().and_then(address))
        .unwrap_or_else(|| {
            let feed = article.sources.first().map_or("Untitled", |source| source.feed.as_str());
            let day = article.published.unwrap_or(article.first_seen).format("%Y-%m-%d");
            line(&format!("{feed}, {day}")).unwrap_or_else(|| "Untitled".to_owned())
        })
}

/// Characters of a made title: what a reader's list shows of a line.
const LONGEST: usize = 80;
/// A sentence shorter than this says too little alone ("Hello!").
const SHORTEST_SENTENCE: usize = 16;

/// The first sentence if it is short enough, else as many whole words as are.
fn beginning(html: &Html) -> Option<String> {
    let text = line(&html.text())?;
    let cut = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    let head = cut.and_then(|at| text.get(..at)).unwrap_or(&text);
    if let Some(sentence) = first_sentence(head, SHORTEST_SENTENCE) {
        return Some(sentence.to_owned());
    }
    if cut.is_none() {
        return Some(text);
    }
    // A text without spaces, as in Chinese, is cut where it stands.
    let words = head.rsplit_once(' ').map_or(head, |(words, _)| words);
    Some(format!("{}…", words.trim_end_matches([',', ';', ':', '-', '–', '—', ' '])))
}

/// Up to and with the mark that ends the first sentence, but without a plain full stop.
fn first_sentence(text: &str, shortest: usize) -> Option<&str> {
    let mut chars = text.char_indices().enumerate().peekable();
    while let Some((count, (at, char))) = chars.next() {
        let spaced = chars.peek().is_some_and(|(_, (_, next))| *next == ' ');
        let ends = match char {
            '.' | '!' | '?' => spaced,
            '。' | '！' | '？' => true,
            _ => false,
        };
        if ends && count >= shortest {
            return text.get(..at + if char == '.' { 0 } else { char.len_utf8() });
        }
    }
    None
}

fn file_name(url: &Url) -> Option<String> {
    line(url.path_segments()?.next_back()?)
}

fn address(url: &Url) -> Option<String> {
    let path = url.path().trim_end_matches('/');
    line(&format!("{}{path}", url.host_str()?))
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn of(html: &str) -> String {
        let mut article = sample::article(1);
        article.title = None;
        article.content = Some(Html::sanitized(html));
        article.summary = None;
        headline(&article)
    }

    #[test]
    fn a_short_text_is_its_own_title() {
        assert_eq!(of("<p>Back from the sea.</p>"), "Back from the sea.");
    }

    #[test]
    fn the_first_sentence_of_a_long_text_is_its_title() {
        let more = "and then words and words ".repeat(9);
        assert_eq!(
            of(&format!("<p>We went to the sea today. {more}</p>")),
            "We went to the sea today"
        );
        assert_eq!(of(&format!("Who knows the answer here? {more}")), "Who knows the answer here?");
    }

    #[test]
    fn a_long_sentence_is_cut_between_words() {
        let title = of(&"seven letters ".repeat(20));
        assert!(title.ends_with("seven…") || title.ends_with("letters…"), "{title}");
        assert!(title.chars().count() <= LONGEST + 1);
    }

    #[test]
    fn without_any_text_the_address_serves() {
        assert_eq!(of(" <img src='https://x.example/a.png'> "), "origin.example/1");
    }
}
