//! Words of a text, folded so that spelling habits do not matter.
//!
//! In: plain text. Out: [`Words`]: a hash and a few facts for each word, beside the folded
//! letters for those who have to name one. Folded are case, compatibility forms (NFKD),
//! Latin, Greek and Cyrillic accents, apostrophes, and the grouping of digits.
//!
//! Scripts that put no spaces between words (Han, kana, Thai, Lao, Khmer, Burmese) give one
//! word a character; [`Words::scale`] says how many of those carry as much as one spaced word.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::{
    letters::{
        self, ALPHANUMERIC, ASCII_DIGIT, LOWER, NUMERIC, UNSPACED_SCRIPT, UPPER, WORD, class,
        composed_into, fold_into,
    },
    lexicon::{self, GENERIC, NUMBER, STOP},
    runs::Runs,
};

/// A text cut into words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    /// Texts in lower case as they came, so that most words are runs of it; behind each text
    /// the folded letters of its other words.
    letters: String,
    list: Vec<Word>,
    unspaced: usize,
}

/// One word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// Of the folded letters: equal words have equal hashes, here and in every process.
    pub hash: u32,
    start: u32,
    length: u16,
    facts: u8,
}

impl Word {
    /// Holds a digit.
    pub fn is_figure(self) -> bool {
        self.facts & FIGURE != 0
    }

    /// A digit, or a word for a number, a month or a day.
    pub fn counts(self) -> bool {
        self.is_figure() || self.listed() & NUMBER != 0
    }

    /// So common that it says nothing.
    pub fn is_stop(self) -> bool {
        !self.is_figure() && self.listed() & STOP != 0
    }

    /// Common in titles of series, releases and columns: names no particular text.
    pub fn is_generic(self) -> bool {
        self.is_figure() || self.listed() & (GENERIC | NUMBER | STOP) != 0
    }

    /// What a form is filled in with: figures, names; in scripts without capitals any word
    /// but those in hiragana, which are endings and particles.
    pub fn fills_a_form(self) -> bool {
        self.counts() || (self.facts & (CAPITAL | CASELESS) != 0 && !self.is_stop())
    }

    /// What the word lists say, which of most words nobody asks.
    fn listed(self) -> u8 {
        lexicon::facts(self.hash)
    }

    /// One character of a script without spaces.
    pub fn is_unspaced(self) -> bool {
        self.facts & UNSPACED != 0
    }
}

const FIGURE: u8 = 8;
const CAPITAL: u8 = 16;
const CASELESS: u8 = 32;
const UNSPACED: u8 = 64;

impl Words {
    pub fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.reserve(text.len());
        words.push(text, MOST_WORDS);
        words
    }

    pub fn list(&self) -> &[Word] {
        &self.list
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The folded letters of a word.
    pub fn spell(&self, word: Word) -> &str {
        let start = word.start as usize;
        self.letters.get(start..start + usize::from(word.length)).unwrap_or_default()
    }

    /// Words of this text that carry as much as one word of a spaced script: 1, or 2 where
    /// most of them are single characters.
    pub fn scale(&self) -> usize {
        if self.unspaced * 2 > self.list.len() { UNSPACED_SCALE } else { 1 }
    }

    /// Takes back everything after the first `length` words.
    pub fn truncate(&mut self, length: usize) {
        for word in self.list.iter().skip(length) {
            self.unspaced -= usize::from(word.is_unspaced());
        }
        self.list.truncate(length);
    }

    /// Makes room for the words of so many bytes of text or markup.
    pub fn reserve(&mut self, bytes: usize) {
        let bytes = bytes.min(MOST_WORDS * USUAL_WORD);
        self.letters.reserve(bytes);
        self.list.reserve(bytes / USUAL_WORD);
    }

    /// Gives back the room that was not needed.
    pub fn shrink(&mut self) {
        let used: usize = self.list.iter().map(|word| usize::from(word.length)).sum();
        // Of most texts nearly all letters are those of its words.
        if self.letters.len() > 4 * used + PIECE {
            let all = std::mem::take(&mut self.letters);
            for word in &mut self.list {
                let start = word.start as usize;
                let letters = all.get(start..start + usize::from(word.length));
                word.start = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
                self.letters.push_str(letters.unwrap_or_default());
            }
        }
        self.letters.shrink_to_fit();
        self.list.shrink_to_fit();
    }

    /// Appends the words of `text`, up to `most` words in all.
    pub fn push(&mut self, text: &str, most: usize) {
        let mut rest = text;
        while !rest.is_empty() && self.list.len() < most {
            let (piece, after) = cut_at_space(rest);
            self.push_piece(piece, most);
            rest = after;
        }
    }

    fn push_piece(&mut self, text: &str, most: usize) {
        let lower = self.letters.len();
        self.letters.push_str(text);
        if let Some(lower) = self.letters.get_mut(lower..) {
            lower.make_ascii_lowercase();
        }
        let mut runs = Runs::of(text.as_bytes());
        let mut at = 0;
        while self.list.len() < most {
            let Some(begin) = next_word(text, &mut runs, at) else { return };
            let run = runs.run(begin);
            if is_word(text.as_bytes(), begin..run.end) {
                let starts_upper = text.as_bytes().get(begin).is_some_and(u8::is_ascii_uppercase);
                let facts = if starts_upper { CAPITAL } else { 0 }
                    | if run.has_digits { FIGURE } else { 0 };
                self.add(lower + begin..lower + run.end, facts);
                at = run.end;
                continue;
            }
            let rest = text.get(begin..).unwrap_or_default();
            at = begin
                + if rest.starts_with("http://") || rest.starts_with("https://") {
                    // An address inside a text is not part of its wording.
                    rest.find(char::is_whitespace).unwrap_or(rest.len())
                } else {
                    self.take(rest)
                };
        }
    }

    /// Takes the word that `text` begins with; the answer is its length in bytes.
    fn take(&mut self, text: &str) -> usize {
        let start = self.letters.len();
        let mut facts = 0;
        let mut end = text.len();
        let mut characters = text.char_indices();
        let mut before = 0;
        while let Some((at, character)) = characters.next() {
            let class = class(character);
            let next = || characters.as_str().chars().next().map_or(0, letters::class);
            if class & WORD != 0 {
                if class & UNSPACED_SCRIPT != 0 {
                    if at > 0 {
                        end = at;
                        break;
                    }
                    composed_into(character, &mut self.letters);
                    let is_kana = ('\u{3040}'..='\u{309f}').contains(&character);
                    facts |= if is_kana { UNSPACED } else { UNSPACED | CASELESS };
                    end = character.len_utf8();
                    break;
                }
                if class & NUMERIC != 0 {
                    facts |= FIGURE;
                } else if at == 0 && class & UPPER != 0 {
                    facts |= CAPITAL;
                } else if at == 0 && class & LOWER == 0 {
                    facts |= CASELESS;
                }
                fold_into(character, &mut self.letters);
            } else {
                match character {
                    '\'' if before & next() & ALPHANUMERIC != 0 => {}
                    ',' if before & next() & ASCII_DIGIT != 0 => {}
                    '.' if before & next() & ASCII_DIGIT != 0 => self.letters.push('.'),
                    // An apostrophe in another dress.
                    '’' | '‘' if before & next() & ALPHANUMERIC != 0 => {}
                    '\u{ad}' => {}
                    _ => {
                        end = at;
                        break;
                    }
                }
            }
            before = class;
        }
        if self.letters.len() == start {
            return end.max(1);
        }
        self.add(start..self.letters.len(), facts);
        end
    }

    /// Adds the word that has these of the letters.
    #[inline]
    fn add(&mut self, place: Range<usize>, facts: u8) {
        let start = u32::try_from(place.start).unwrap_or(u32::MAX);
        let letters = self.letters.get(place).unwrap_or_default();
        let hash = short_hash(letters);
        let length = u16::try_from(letters.len()).unwrap_or(u16::MAX);
        self.unspaced += usize::from(facts & UNSPACED != 0);
        self.list.push(Word { hash, start, length, facts });
    }
}

/// A piece of a text, up to a space, and what follows it: of a long text not much more is
/// copied than is read.
fn cut_at_space(text: &str) -> (&str, &str) {
    let space = text
        .as_bytes()
        .get(..PIECE)
        .and_then(|piece| piece.iter().rposition(u8::is_ascii_whitespace));
    let end = space.map_or(text.len(), |space| space + 1);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// In bytes; nearly every paragraph is shorter.
const PIECE: usize = 4 << 10;

/// Where the next letter or digit is, from a place on.
fn next_word(text: &str, runs: &mut Runs<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at = runs.next(at)?;
        let character = text.get(at..)?.chars().next()?;
        if character.is_ascii() || class(character) & ALPHANUMERIC != 0 {
            return Some(at);
        }
        at += character.len_utf8();
    }
}

/// Whether these ASCII letters and digits are a word for certain: what follows neither belongs
/// to it nor could.
fn is_word(bytes: &[u8], run: Range<usize>) -> bool {
    let ends_in_digit = || bytes.get(run.end - 1).is_some_and(u8::is_ascii_digit);
    !run.is_empty()
        && match bytes.get(run.end) {
            None => true,
            // An apostrophe may go on; a point or a comma does between digits; "://" is an
            // address.
            Some(b'\'' | b':') => false,
            Some(b'.' | b',') => !ends_in_digit(),
            Some(next) => next.is_ascii(),
        }
}

/// The hash of folded letters.
#[inline]
pub(super) fn short_hash(letters: &str) -> u32 {
    let hash = xxh3_64(letters.as_bytes());
    (hash ^ (hash >> 32)) as u32
}

/// Characters of an unspaced script that weigh as much as a word: Chinese words are mostly
/// of two, Japanese and Thai ones of two to four.
const UNSPACED_SCALE: usize = 2;

/// Words that are looked at in one text. Beyond it a story has long shown what it is; the
/// cost of comparing stays bounded.
pub(super) const MOST_WORDS: usize = 2_000;

/// Bytes of a usual word, with what stands between it and the next.
const USUAL_WORD: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Vec<String> {
        let words = Words::of(text);
        words.list().iter().map(|&word| words.spell(word).to_owned()).collect()
    }

    #[test]
    fn case_accents_apostrophes_and_digit_groups_do_not_matter() {
        assert_eq!(spelled("Don’t SAY café, Straße"), ["dont", "say", "cafe", "strasse"]);
        assert_eq!(spelled("1,000 of 3.5% (S&P)"), ["1000", "of", "3.5", "s", "p"]);
        assert_eq!(spelled("cafe\u{301} ﬁne"), ["cafe", "fine"]);
    }

    #[test]
    fn an_address_in_the_text_is_no_wording() {
        assert_eq!(spelled("see https://example.org/a?b=c now"), ["see", "now"]);
    }

    #[test]
    fn a_text_is_read_by_pieces_as_it_would_be_at_once() {
        let long = "x".repeat(3 * PIECE);
        for text in [format!("a {long} b"), format!(" {long}"), long] {
            let expected: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(spelled(&text), expected);
        }
        let text = "It's 3,000 café ’round ".repeat(1_000);
        let words = spelled(&text);
        assert_eq!(words.len(), 4_000.min(MOST_WORDS));
        assert_eq!(words.last().unwrap(), "round");
        assert!(words.chunks(4).all(|four| four == ["its", "3000", "cafe", "round"]));
    }

    #[test]
    fn letters_of_no_word_are_given_back() {
        for text in ["漢".repeat(100_000), "a,".repeat(100_000), "…".repeat(100_000)] {
            let mut words = Words::of(&text);
            let before: Vec<String> =
                words.list().iter().map(|&word| words.spell(word).to_owned()).collect();
            words.shrink();
            assert!(words.letters.len() <= 3 * MOST_WORDS);
            let after = words.list().iter().map(|&word| words.spell(word));
            assert!(after.eq(before.iter().map(String::as_str)));
        }
    }

    #[test]
    fn scripts_without_spaces_give_a_word_a_character() {
        assert_eq!(spelled("東京で3人"), ["東", "京", "で", "3", "人"]);
        assert_eq!(Words::of("東京で").scale(), 2);
        assert_eq!(Words::of("Tokyo today").scale(), 1);
        assert_eq!(spelled("नमस्ते दुनिया").len(), 2);
    }

    #[test]
    fn names_figures_and_number_words_fill_forms() {
        let words = Words::of("the Baker of seven 7 maybe");
        let filling: Vec<_> = words.list().iter().map(|word| word.fills_a_form()).collect();
        assert_eq!(filling, [false, true, false, true, true, false]);
    }
}
