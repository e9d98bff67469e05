//! What stands at the edges of a text and is none of its wording.
//!
//! In: a paragraph, as characters. Out: whether it is a byline or a quotation, where its
//! dateline ends, and where what leads on to the whole text begins.

/// A paragraph that is somebody else's words from end to end.
pub(super) fn is_quotation(text: &str) -> bool {
    let mut characters = text.chars();
    let (Some(first), Some(last)) = (characters.next(), characters.next_back()) else {
        return false;
    };
    let closing = match first {
        '"' => "\"",
        '“' => "”",
        '„' => "“”",
        '«' => "»",
        '»' => "«",
        '「' => "」",
        '『' => "』",
        _ => return false,
    };
    closing.contains(last)
        && text.len() >= SHORTEST_QUOTATION
        && !characters.as_str().contains(|c| c == first || closing.contains(c))
}

/// A shorter run in quotes is a remark, in bytes.
const SHORTEST_QUOTATION: usize = 80;

/// "By NAME", "Written by NAME, business reporter".
pub(super) fn is_byline(text: &str, words: usize) -> bool {
    words <= LONGEST_BYLINE
        && !text.ends_with(['.', '!', '?', '。'])
        && [
            "By ",
            "BY ",
            "by ",
            "Written by ",
            "Von ",
            "Par ",
            "Por ",
            "Di ",
            "Door ",
            "Av ",
            "Posted by ",
        ]
        .iter()
        .any(|start| text.starts_with(start))
}

const LONGEST_BYLINE: usize = 12;

/// The paragraph without "LONDON, 2 Nov (PA) - " or "DUBLIN: " before it.
pub(super) fn without_dateline(text: &str) -> &str {
    let near = text
        .char_indices()
        .nth(LONGEST_DATELINE)
        .map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let mut found = None;
    for mark in [" - ", " — ", " – ", " -- ", "—", ": "] {
        if let Some((place, _)) = near.split_once(mark)
            && is_place(place, mark == ": " || mark == "—")
        {
            found = text.get(place.len() + mark.len()..);
            break;
        }
    }
    found.unwrap_or(text)
}

/// Datelines are short; in characters.
const LONGEST_DATELINE: usize = 70;

/// A place in capitals, or a place with its agency in brackets.
fn is_place(text: &str, strict: bool) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let in_capitals = letters().count() >= 3 && letters().all(char::is_uppercase);
    let first_in_capitals = text.split([' ', ',']).next().is_some_and(|word| {
        word.chars().count() >= 2 && word.chars().all(|c| c.is_uppercase() || c == '.' || c == '-')
    });
    let with_agency = text.trim_end().ends_with(')') && text.contains('(');
    if strict { in_capitals } else { in_capitals || first_in_capitals || with_agency }
}

pub(super) fn is_ellipsis(character: char) -> bool {
    character == '…' || character == '⋯'
}

/// Where the last ellipsis begins: one in a single character, else three points.
pub(super) fn last_ellipsis(text: &str) -> Option<usize> {
    // Both characters begin with this byte in UTF-8; so do dashes and quotes.
    let single =
        memchr::memchr(0xe2, text.as_bytes()).and_then(|_| text.rfind('…').max(text.rfind('⋯')));
    single.or_else(|| {
        memchr::memrchr_iter(b'.', text.as_bytes())
            .filter_map(|last| last.checked_sub(2))
            .find(|&at| text.get(at..).is_some_and(|end| end.starts_with("...")))
    })
}

/// Which of [`TAILS`] the text ends with, signs behind it aside.
pub(super) fn phrase_at_end(text: &str) -> Option<&'static str> {
    if may_end_in_tail(text) { compared_at_end(text) } else { None }
}

fn compared_at_end(text: &str) -> Option<&'static str> {
    let begin = text.char_indices().rev().take(LONGEST_PHRASE).last().map_or(0, |(at, _)| at);
    let tail = text.get(begin..).unwrap_or_default();
    let tail = tail.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    TAILS.iter().copied().find(|phrase| tail.ends_with(phrase))
}

/// Whether one of [`TAILS`] may be what the text ends with: asked of every paragraph, and
/// nearly always answered by its last letters.
fn may_end_in_tail(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    match text.as_bytes().last_chunk::<LAST_LETTERS>() {
        None => !text.is_ascii(),
        Some(end) if end.is_ascii() => {
            let end = end.map(|letter| letter.to_ascii_lowercase());
            TAILS.iter().any(|phrase| phrase.as_bytes().ends_with(&end))
        }
        Some(_) => {
            let last = text.chars().next_back().and_then(|letter| letter.to_lowercase().last());
            last.is_some_and(|last| TAILS.iter().any(|phrase| phrase.ends_with(last)))
        }
    }
}

/// Bytes that are looked at; each of [`TAILS`] has more.
const LAST_LETTERS: usize = 4;

/// Characters of the longest of [`TAILS`], and a little.
const LONGEST_PHRASE: usize = 32;

/// The longer phrase before the shorter that it ends with.
pub(super) const TAILS: &[&str] = &[
    "read the full article",
    "read the full story",
    "read the full post",
    "read full article",
    "read full story",
    "continue reading",
    "read the rest",
    "keep reading",
    "read more",
    "view more",
    "learn more",
    "full story",
    "weiterlesen",
    "mehr lesen",
    "mehr dazu",
    "lire la suite",
    "en savoir plus",
    "leer más",
    "seguir leyendo",
    "continua a leggere",
    "leggi tutto",
    "ler mais",
    "leia mais",
    "lees meer",
    "lees verder",
    "läs mer",
    "les mer",
    "læs mere",
    "czytaj więcej",
    "číst dále",
    "читать далее",
    "читать дальше",
    "続きを読む",
    "阅读全文",
    "閱讀全文",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_phrase_is_overlooked_for_its_last_letters(
            before in "[a-zåéİΣK。 .]{0,9}",
            phrase in prop::sample::select(TAILS),
            cut in 0..9_usize,
            capitals in any::<bool>(),
            behind in "[ .!»…]{0,3}",
        ) {
            let phrase = if capitals { phrase.to_uppercase() } else { phrase.to_owned() };
            let phrase: String = phrase.chars().skip(cut).collect();
            for text in [format!("{before}{phrase}{behind}"), format!("{phrase}{before}{behind}")] {
                prop_assert_eq!(phrase_at_end(&text), compared_at_end(&text), "{}", text);
            }
        }

        #[test]
        fn the_last_ellipsis_is_the_last_one(text in "[a….⋯—]{0,12}") {
            let single = text.rfind('…').max(text.rfind('⋯'));
            prop_assert_eq!(last_ellipsis(&text), single.or_else(|| text.rfind("...")));
        }
    }
}
