//! HTML that templates may print as it is: made here and in [`super::gate`] alone.

use std::fmt;

/// Markup of our own making: every character of foreign text in it is escaped.
///
/// Templates escape everything else, so that a forgotten escape is a type error and not a
/// hole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Plain text.
    pub(super) fn text(text: &str) -> Self {
        let mut markup = Self(String::with_capacity(text.len()));
        markup.push_text(text);
        markup
    }

    /// Appends plain text, escaped for element content and quoted attribute values.
    pub(super) fn push_text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // Nothing that HTML forbids, and nothing that turns the direction of the
                // text around it.
                '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {}
                '\u{202a}'..='\u{202e}' => {}
                other => self.0.push(other),
            }
        }
    }

    /// Appends markup that stands in our source.
    pub(super) fn push_ours(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Appends a number.
    pub(super) fn push_number(&mut self, number: u64) {
        use fmt::Write as _;
        let _ = write!(self.0, "{number}");
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_open_a_tag_or_leave_an_attribute() {
        assert_eq!(
            Markup::text("<b a=\"1\">&\u{0}\u{202e}x").as_str(),
            "&lt;b a=&quot;1&quot;&gt;&amp;x"
        );
    }
}
