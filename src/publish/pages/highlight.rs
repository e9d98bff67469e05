//! Search words in a text, marked; and the piece of a text where they are.

use unicode_normalization::UnicodeNormalization;

use super::markup::Markup;

/// The words that a search looks for, folded as the full-text index folds them: without
/// case and accents.
#[derive(Debug, Clone, Default)]
pub struct Words(Vec<Vec<char>>);

/// A text's characters, folded, each with the place it came from.
struct Folded {
    chars: Vec<char>,
    /// Byte offsets into the text, one for each character, and its length at the end.
    at: Vec<usize>,
}

impl Words {
    pub fn new(query: &str) -> Self {
        let mut words: Vec<Vec<char>> = query
            .split(|c: char| !c.is_alphanumeric() && !is_mark(c))
            .map(|word| word.nfd().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase).collect())
            .filter(|word: &Vec<char>| !word.is_empty())
            .take(MAX_WORDS)
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self(words)
    }

    /// `text` with each of the words in `<mark>`.
    pub fn mark(&self, text: &str) -> Markup {
        let folded = Folded::new(text);
        let mut markup = Markup::default();
        let mut done = 0;
        let mut at = 0;
        while at < folded.chars.len() {
            let Some(length) = self.match_at(&folded, at) else {
                at += 1;
                continue;
            };
            let (start, end) = (folded.offset(at), folded.offset(at + length));
            markup.push_text(text.get(done..start).unwrap_or_default());
            markup.push_ours("<mark>");
            markup.push_text(text.get(start..end).unwrap_or_default());
            markup.push_ours("</mark>");
            done = end;
            at += length;
        }
        markup.push_text(text.get(done..).unwrap_or_default());
        markup
    }

    /// About `limit` characters of `text` around the first of the words; the beginning
    /// where none is in it.
    pub fn around(&self, text: &str, limit: usize) -> String {
        let folded = Folded::new(text);
        let first = (0..folded.chars.len()).find(|at| self.match_at(&folded, *at).is_some());
        let from = first.unwrap_or(0).saturating_sub(limit / 3);
        let mut start = folded.offset(from);
        if from > 0 {
            // On to the next word.
            let tail = text.get(start..).unwrap_or_default();
            start += tail.find(' ').filter(|skip| *skip < 40).map_or(0, |skip| skip + 1);
        }
        let (piece, _) = super::text::cut(text.get(start..).unwrap_or_default(), limit);
        if start > 0 { format!("…{piece}") } else { piece }
    }

    /// How many characters of a word stand at `at`; words match from their beginning.
    fn match_at(&self, folded: &Folded, at: usize) -> Option<usize> {
        let before = at.checked_sub(1).and_then(|before| folded.chars.get(before));
        let here = folded.chars.get(at)?;
        if !starts_word(before.copied(), *here) {
            return None;
        }
        self.0
            .iter()
            .find(|word| folded.chars.get(at..).is_some_and(|rest| rest.starts_with(word)))
            .map(Vec::len)
    }
}

impl Folded {
    fn new(text: &str) -> Self {
        let mut folded = Self { chars: Vec::new(), at: Vec::new() };
        for (at, character) in text.char_indices() {
            let plain = std::iter::once(character).nfd().filter(|c| !is_mark(*c));
            for lower in plain.flat_map(char::to_lowercase) {
                folded.chars.push(lower);
                folded.at.push(at);
            }
        }
        folded.at.push(text.len());
        folded
    }

    fn offset(&self, index: usize) -> usize {
        self.at.get(index).or(self.at.last()).copied().unwrap_or_default()
    }
}

/// Scripts without spaces have no word beginnings: any place will do there.
fn starts_word(before: Option<char>, here: char) -> bool {
    here > '\u{2e80}' || !before.is_some_and(char::is_alphanumeric)
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

/// More words than anyone types; a bound on the work for one search.
const MAX_WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, text: &str) -> String {
        Words::new(query).mark(text).as_str().to_owned()
    }

    #[test]
    fn words_are_found_without_case_and_accents_and_shown_as_written() {
        assert_eq!(marked("CAFE", "Ein Café <b>"), "Ein <mark>Café</mark> &lt;b&gt;");
        assert_eq!(
            marked("straße", "Die STRASSE, die Straße"),
            "Die STRASSE, die <mark>Straße</mark>"
        );
    }

    #[test]
    fn a_word_is_marked_from_its_beginning_only() {
        assert_eq!(marked("art", "party art artful"), "party <mark>art</mark> <mark>art</mark>ful");
    }

    #[test]
    fn scripts_without_spaces_are_marked_anywhere() {
        assert_eq!(marked("本", "日本語"), "日<mark>本</mark>語");
    }

    #[test]
    fn combined_characters_stay_whole() {
        assert_eq!(marked("e", "e\u{301}te"), "<mark>e\u{301}</mark>te");
    }

    #[test]
    fn the_piece_around_the_first_match_is_shown() {
        let text = format!("{} needle {}", "hay ".repeat(100), "hay ".repeat(100));
        let piece = Words::new("needle").around(&text, 60);
        assert!(piece.starts_with('…') && piece.contains("needle") && piece.ends_with('…'));
        assert!(piece.chars().count() <= 63);
    }
}
