//! Plain words out of HTML: excerpts and what is cut from them.

use crate::{
    model::{Article, Html},
    publish::headline,
};

use super::tokens::{Token, decoded, tokens};

/// The beginning of an article's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// There is more than this.
    pub cut: bool,
}

/// The beginning of what `html` says, in one line, cut between words.
pub fn excerpt(html: &str, limit: usize) -> Excerpt {
    // Twice the limit leaves room for the search for a good place to cut.
    let within = limit.saturating_mul(2);
    // Headings and captions make no sense within a line, unless there is nothing else.
    let (text, more) = match words(html, within, &["h1", "h2", "h3", "h4", "h5", "figcaption"]) {
        (text, more) if text.is_empty() && !more => plain(html, within),
        found => found,
    };
    let (text, cut) = cut(&text, limit);
    Excerpt { text, cut: cut || more }
}

/// A title for a page: the article's headline, cut where it is longer than one.
pub fn title(article: &Article) -> String {
    cut(&headline(article), TITLE_LIMIT).0
}

/// The better HTML to show in full: the content, else the summary.
pub fn whole(article: &Article) -> Option<&Html> {
    [&article.content, &article.summary]
        .into_iter()
        .flatten()
        .find(|html| !html.as_str().trim().is_empty())
}

/// The first `limit` characters of what `html` says, white space run together; whether
/// there was more.
pub fn plain(html: &str, limit: usize) -> (String, bool) {
    words(html, limit, &[])
}

fn words(html: &str, limit: usize, without: &[&str]) -> (String, bool) {
    let mut out = Words { text: String::new(), left: limit, space: false };
    let is_left_out =
        |name: &str| without.iter().any(|left_out| name.eq_ignore_ascii_case(left_out));
    let mut left_out = 0_usize;
    for token in tokens(html) {
        match token {
            Token::Text(_) if left_out > 0 => {}
            Token::Text(raw) => {
                if !out.push(&decoded(raw)) {
                    return (out.text, true);
                }
            }
            Token::Open(name, _) | Token::Close(name) => {
                if is_left_out(name) {
                    left_out = match token {
                        Token::Open(..) => left_out + 1,
                        _ => left_out.saturating_sub(1),
                    };
                }
                out.space |= !INLINE.iter().any(|inline| name.eq_ignore_ascii_case(inline));
            }
        }
    }
    (out.text, false)
}

struct Words {
    text: String,
    left: usize,
    space: bool,
}

impl Words {
    /// Appends; false where the limit is reached before the end of `text`.
    fn push(&mut self, text: &str) -> bool {
        for character in text.chars() {
            if character.is_whitespace() {
                self.space = true;
                continue;
            }
            if self.left == 0 {
                return false;
            }
            if std::mem::take(&mut self.space) && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push(character);
            self.left -= 1;
        }
        true
    }
}

/// `text` within `limit` characters, cut between words with an ellipsis; whether it was cut.
pub fn cut(text: &str, limit: usize) -> (String, bool) {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return (text.to_owned(), false);
    };
    let head = text.get(..end).unwrap_or(text);
    // A text without spaces (Chinese, a long address) is cut where the limit falls.
    let whole_word = text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    let at_word = head.rfind(char::is_whitespace).filter(|at| !whole_word && *at > end / 2);
    let head = at_word.and_then(|at| head.get(..at)).unwrap_or(head);
    let head = head.trim_end_matches([' ', ',', ';', ':', '-', '–', '—', '.']);
    (format!("{head}…"), true)
}

/// Elements that do not end a word.
const INLINE: [&str; 22] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark",
    "q", "s", "small", "span", "strong", "sub", "sup", "u",
];

/// Longer titles are shown cut on pages; the outputs carry them whole.
const TITLE_LIMIT: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_part_words_and_inline_elements_do_not() {
        let (text, more) = plain("<p>one</p><p>t<b>w</b>o &amp;\n 3 &lt; 4<br>five</p>", 100);
        assert_eq!((text.as_str(), more), ("one two & 3 < 4 five", false));
    }

    #[test]
    fn an_excerpt_is_cut_between_words() {
        let cut = excerpt("<p>The quick brown fox, jumping over the dog</p>", 22);
        assert_eq!(cut, Excerpt { text: "The quick brown fox…".into(), cut: true });
    }

    #[test]
    fn headings_are_not_run_into_the_text_unless_they_are_all_there_is() {
        assert_eq!(excerpt("<h2>One</h2><p>two</p>", 20).text, "two");
        assert_eq!(excerpt("<h2>One</h2>", 20).text, "One");
    }

    #[test]
    fn a_text_without_spaces_is_cut_where_the_limit_falls() {
        assert_eq!(cut(&"字".repeat(30), 10), (format!("{}…", "字".repeat(10)), true));
    }

    #[test]
    fn a_text_that_fits_is_left_alone() {
        assert_eq!(excerpt("short.", 20), Excerpt { text: "short.".into(), cut: false });
    }
}
