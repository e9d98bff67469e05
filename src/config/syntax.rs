//! Gets past lines that are no TOML, so that one of them does not hide what is wrong below.
//!
//! The parser stops at some errors. Here each line that it trips over is told, then taken out
//! of the text (a section's head is guessed instead), and the rest is read again.

use toml::de::DeTable;

use super::{fault::position, schema::SECTIONS};

/// A line that is no TOML.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenLine {
    /// Line and column, from 1.
    pub place: (usize, usize),
    /// The key that the line seems to set; may be empty.
    pub key: String,
    pub message: String,
}

/// The text with its broken lines taken out, line for line the same otherwise.
pub(super) fn mended(text: &str) -> (String, Vec<BrokenLine>) {
    let mut text = text.to_owned();
    let mut broken: Vec<BrokenLine> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let (_, errors) = DeTable::parse_recoverable(&text);
        let first = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        let Some(error) = first else { break };
        let offset = error.span().map_or(0, |span| span.start);
        // An error at the end of a line may be placed on its line break.
        let place = position(&text, offset.min(text.trim_end().len()));
        // A list that is never closed swallows line after line: the one that opens it is wrong.
        if let Some(opening) = open_list(&text, place.0) {
            broken.push(told(&text, opening, "list is never closed: write a ] at its end"));
            let stopper = text.lines().nth(place.0 - 1).unwrap_or_default().trim_start();
            let begins_anew = stopper.starts_with('[') || stopper.contains('=');
            let end = if begins_anew { place.0.max(opening.0 + 1) } else { place.0 + 1 };
            text = without_lines(&text, opening.0, end);
        } else {
            broken.push(told(&text, place, error.message()));
            text = without_lines(&text, place.0, place.0 + 1);
        }
    }
    (text, broken)
}

fn told(text: &str, place: (usize, usize), message: &str) -> BrokenLine {
    let line = text.lines().nth(place.0 - 1).unwrap_or_default();
    let plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let Some((key, value)) =
        line.split_once('=').map(|(key, value)| (key.trim(), value)).filter(|(key, _)| plain(key))
    else {
        return BrokenLine { place, key: String::new(), message: message.to_owned() };
    };
    let head = text.lines().take(place.0).filter_map(head).last();
    let value = value.split('#').next().unwrap_or_default().trim();
    let message = if value.is_empty() {
        format!("{message}; write a value after the equals sign")
    } else if message.starts_with("string values must be quoted") {
        format!("text needs quotes: write {key} = \"{}\"", super::values::shown(value))
    } else {
        message.to_owned()
    };
    let key = head.map_or(key.to_owned(), |section| format!("{section}.{key}"));
    BrokenLine { place, key, message }
}

/// The section's name in a line that is, or wants to be, a section's head.
fn head(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let named = line.starts_with('[') || line.ends_with(']');
    let name = line.trim_matches(['[', ']', ' ']);
    (named && !line.contains('=')).then_some(name)
}

/// Where the list begins that is still open before the line `until`.
fn open_list(text: &str, until: usize) -> Option<(usize, usize)> {
    let mut open = None;
    for (index, line) in text.lines().enumerate().take(until) {
        let value = line.split_once('=').map(|(_, value)| value.trim_start());
        let before = index + 1 < until;
        if value.is_some_and(|value| value.starts_with('[')) && !line.contains(']') {
            let column = line.chars().take_while(|c| *c != '[').count() + 1;
            open = Some((index + 1, column));
        } else if before && line.contains(']') {
            open = None;
        }
    }
    open
}

/// The text with the lines from `first` up to `end` empty; a broken head of a section that we
/// know is guessed.
fn without_lines(text: &str, first: usize, end: usize) -> String {
    let mut mended = String::with_capacity(text.len());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if !(first..end).contains(&(index + 1)) {
            mended.push_str(line);
            continue;
        }
        let section = head(line).and_then(|name| SECTIONS.iter().find(|it| it.name == name));
        if let Some(header) = section.map(|section| section.header()).filter(|it| it != line.trim())
        {
            mended.push_str(&header);
        }
        if line.ends_with('\n') {
            mended.push('\n');
        }
    }
    mended
}

/// Who has more broken lines than this wants to see the first ones first.
const MOST_ROUNDS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_and_lines(text: &str) -> Vec<(usize, String)> {
        mended(text).1.into_iter().map(|line| (line.place.0, line.key)).collect()
    }

    #[test]
    fn each_broken_line_is_told_with_its_key() {
        let text =
            "[fetch]\ninterval = 5m\nlost\n[[feed]]\nurl = \"https://a.example/\nname = 'x'\n";
        let told = keys_and_lines(text);
        assert_eq!(told, [(2, "fetch.interval".into()), (3, "".into()), (5, "feed.url".into())]);
        assert_eq!(mended(text).0, "[fetch]\n\n\n[[feed]]\n\nname = 'x'\n");
    }

    #[test]
    fn a_broken_head_of_a_known_section_still_begins_it() {
        assert_eq!(mended("[[feed]\nurl = 'x'\n").0, "[[feed]]\nurl = 'x'\n");
        assert_eq!(mended("[fetch\ninterval = '1h'").0, "[fetch]\ninterval = '1h'");
    }

    #[test]
    fn a_list_that_is_never_closed_is_one_fault() {
        let told =
            keys_and_lines("[[feed]]\ntags = [\"a\",\nname = \"x\"\nurl = \"y\"\n[server]\n");
        assert_eq!(told, [(2, "feed.tags".into())]);
        let told = keys_and_lines("[[output]]\ninclude = [\n  \"a\",\n  \"b\"\n");
        assert_eq!(told, [(2, "output.include".into())]);
    }

    #[test]
    fn text_that_is_nothing_like_toml_ends() {
        let text = "<rss>\n\"\"\"\n[[[[\n".repeat(40);
        assert!(mended(&text).1.len() <= MOST_ROUNDS);
        assert!(mended(&"[".repeat(100_000)).1.len() <= MOST_ROUNDS);
    }
}
