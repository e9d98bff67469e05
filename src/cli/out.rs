//! Standard output, for people and for pipes.
//!
//! Every command writes through [`Out`]: a closed pipe is an error that [`super::main`] turns
//! into a quiet end, and colour is used on a terminal only (<https://no-color.org>).

use std::{
    env,
    fmt::Display,
    io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _},
};

use serde::Serialize;

/// Buffered standard output that knows whether a person looks at it.
pub struct Out {
    writer: BufWriter<StdoutLock<'static>>,
    colour: bool,
    width: Option<usize>,
}

/// How a word is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
}

impl Out {
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let person = stdout.is_terminal();
        let width = person.then(terminal_size::terminal_size).flatten();
        Self {
            colour: person && wants_colour(),
            width: width.map(|(terminal_size::Width(columns), _)| usize::from(columns)),
            writer: BufWriter::new(stdout.lock()),
        }
    }

    /// Columns of the terminal; `None` where nobody's screen is too narrow.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    pub fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.writer, "{line}")
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// One JSON document, indented.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(tame_json(&text))
    }

    /// `text` set off, where colour is wanted.
    pub fn paint(&self, style: Style, text: &str) -> String {
        let code = match style {
            _ if !self.colour => return text.to_owned(),
            Style::Plain => return text.to_owned(),
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Bad => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Everything written is out; a command's last word.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A line to the person at the other end; where nobody can read it, nothing is to be done.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Escapes what JSON lets through but a terminal obeys: DEL and the C1 controls. Outside of
/// strings JSON has none of them, so the document's meaning stays the same.
pub fn tame_json(text: &str) -> String {
    if !text.chars().any(is_odd) {
        return text.to_owned();
    }
    let mut tame = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_odd(c) {
            tame.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            tame.push(c);
        }
    }
    tame
}

fn is_odd(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

fn wants_colour() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_carries_no_control_that_a_terminal_obeys() {
        let text = serde_json::to_string(&"a\u{1b}[31m\u{9b}31m\u{7f}é").unwrap();
        let tame = tame_json(&text);
        assert!(tame.chars().all(|c| !c.is_control()), "{tame:?}");
        assert_eq!(serde_json::from_str::<String>(&tame).unwrap(), "a\u{1b}[31m\u{9b}31m\u{7f}é");
    }
}
