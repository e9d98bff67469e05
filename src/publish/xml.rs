//! Well-formed XML, whatever the texts hold: a thin face over quick-xml's writer.

use std::borrow::Cow;

use quick_xml::{
    Writer,
    escape::partial_escape,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

/// Attributes in the order they are written; one without a value is left out.
pub(super) type Attributes<'a> = &'a [(&'static str, Option<&'a str>)];

/// A document in the making.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    pub fn new() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 1));
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        xml
    }

    pub fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.write(Event::Start(start(name, attributes)));
    }

    pub fn close(&mut self, name: &'static str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds nothing but attributes.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.write(Event::Empty(start(name, attributes)));
    }

    /// An element that holds nothing but text.
    pub fn text(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(name, attributes);
        self.write(Event::Text(BytesText::from_escaped(partial_escape(clean(text)))));
        self.close(name);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut bytes = self.0.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn write(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("a vector takes every byte");
    }
}

fn start<'a>(name: &'static str, attributes: Attributes<'_>) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        if let Some(value) = value {
            start.push_attribute((*key, clean(value).as_ref()));
        }
    }
    start
}

/// `text` without the characters that XML 1.0 forbids (section 2.2) or advises against:
/// controls and non-characters. Line ends become `\n`, as a reader would see them anyway
/// (section 2.11).
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|char| char == '\r' || !is_fit(char)) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(text.chars().filter(|&char| is_fit(char)).collect())
}

fn is_fit(char: char) -> bool {
    match char {
        '\t' | '\n' | '\r' => true,
        '\u{fdd0}'..='\u{fdef}' => false,
        _ => !char.is_control() && (char as u32) & 0xfffe != 0xfffe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_left_out_and_the_rest_kept() {
        assert_eq!(clean("a\0\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\u{1ffff}b"), "ab");
        assert_eq!(clean("tab\tline\r\nnext\rlast 😀\u{fffd}"), "tab\tline\nnext\nlast 😀\u{fffd}");
    }

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut xml = Xml::new();
        xml.text("t", &[("a", Some("\"<&>'")), ("b", None)], "<b> & ]]>");
        let document = String::from_utf8(xml.finish()).unwrap();
        assert!(document.contains("]]&gt;</t>"), "{document}");
        assert!(document.contains(">&lt;b&gt; &amp; "), "{document}");
        assert!(document.contains("a=\"&quot;&lt;&amp;"), "{document}");
    }
}
