//! HTML so regular that the gate's parser would give it back as it came.
//!
//! In: HTML, from anywhere. Out: whether it is regular. What this says yes to is harmless by
//! itself: elements, attributes and schemes of our table only, quoted and escaped in one way,
//! each element closed in its place, and none where HTML's parser would move it or close it
//! early. Most articles are written so, once rebuilt, and the gate's tree is the dearest part
//! of a poll. Tables, media and whatever else is rare are left to the gate.

use super::allow;
use crate::model::split_at_sign;

/// What may stand inside of an element, or where it may stand itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Holds text and inline elements only.
    Paragraph,
    /// Holds everything.
    Container,
    /// Holds items of its kind only.
    List,
    DefinitionList,
    Item,
    Definition,
    /// Stands anywhere, holds text and inline elements only.
    Inline,
    /// The same, and holds no link.
    Link,
}

/// Elements that have no content, and whether they are inline.
fn void(name: &str) -> Option<bool> {
    match name {
        "br" | "img" | "wbr" => Some(true),
        "hr" => Some(false),
        _ => None,
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" => Kind::Paragraph,
        "address" | "article" | "aside" | "blockquote" | "center" | "div" | "figcaption"
        | "figure" | "footer" | "header" | "hgroup" | "main" | "nav" | "section" => Kind::Container,
        "ul" | "ol" => Kind::List,
        "dl" => Kind::DefinitionList,
        "li" => Kind::Item,
        "dd" | "dt" => Kind::Definition,
        "a" => Kind::Link,
        "abbr" | "acronym" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "del" | "dfn"
        | "em" | "i" | "ins" | "kbd" | "mark" | "q" | "s" | "samp" | "small" | "span"
        | "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var" => Kind::Inline,
        _ => return None,
    })
}

/// May an element of `kind` stand right inside of one of `parent`; `None`: in the field itself.
fn fits(kind: Kind, parent: Option<Kind>) -> bool {
    match parent {
        None | Some(Kind::Container | Kind::Item | Kind::Definition) => {
            !matches!(kind, Kind::Item | Kind::Definition)
        }
        Some(Kind::List) => kind == Kind::Item,
        Some(Kind::DefinitionList) => kind == Kind::Definition,
        Some(Kind::Paragraph | Kind::Inline | Kind::Link) => {
            matches!(kind, Kind::Inline | Kind::Link)
        }
    }
}

/// The elements that are open at some place, as far as they are regular.
#[derive(Debug, Default)]
pub(super) struct Nesting<'a> {
    open: Vec<(&'a str, Kind)>,
    in_link: bool,
}

impl<'a> Nesting<'a> {
    /// An element begins. `None`: not one of ours, or not here.
    pub(super) fn open(&mut self, name: &'a str) -> Option<()> {
        let parent = self.open.last().map(|(_, kind)| *kind);
        if let Some(inline) = void(name) {
            let kind = if inline { Kind::Inline } else { Kind::Paragraph };
            return fits(kind, parent).then_some(());
        }
        let kind = kind(name)?;
        if !fits(kind, parent) || (kind == Kind::Link && self.in_link) {
            return None;
        }
        self.in_link |= kind == Kind::Link;
        self.open.push((name, kind));
        Some(())
    }

    /// An element ends. `None`: it is not the innermost one.
    pub(super) fn close(&mut self, name: &str) -> Option<()> {
        let (last, kind) = self.open.pop()?;
        self.in_link &= kind != Kind::Link;
        (name == last).then_some(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }
}

pub(super) fn is_void(name: &str) -> bool {
    void(name).is_some()
}

pub(super) fn is_regular(html: &str) -> bool {
    // A byte order mark is dropped by the gate.
    if html.starts_with('\u{feff}') {
        return false;
    }
    let mut nesting = Nesting::default();
    let mut rest = html;
    loop {
        let Some((text, tag_on)) = split_at_sign(rest, b'<') else {
            return is_text(rest) && nesting.is_closed();
        };
        // An attribute's value has its ">" escaped.
        let Some((tag, after)) = split_at_sign(tag_on, b'>') else { return false };
        rest = after;
        let fits = match tag.strip_prefix('/') {
            Some(name) => nesting.close(name).is_some(),
            None => {
                let (name, attributes) = match tag.split_once(' ') {
                    Some((name, attributes)) => (name, Some(attributes)),
                    None => (tag, None),
                };
                // HTML's parser drops a line's end behind <pre>.
                nesting.open(name).is_some()
                    && are_attributes(name, attributes)
                    && !(name == "pre" && rest.starts_with('\n'))
            }
        };
        if !fits || !is_text(text) {
            return false;
        }
    }
}

/// Text as the gate writes it. A list's direct text is none of its own and stays, too.
fn is_text(text: &str) -> bool {
    is_escaped(text, &["amp;", "lt;", "gt;", "nbsp;"])
}

fn is_escaped(text: &str, references: &[&str]) -> bool {
    let mut rest = text;
    let closer_look = |byte: u8| {
        (byte < 0x20 && !matches!(byte, b'\n' | b'\t')) || matches!(byte, b'&' | b'<' | b'>' | 0xc2)
    };
    while let Some(at) = rest.bytes().position(closer_look) {
        let (_, found) = rest.split_at(at);
        let mut signs = found.chars();
        match signs.next() {
            Some('&') if references.iter().any(|it| signs.as_str().starts_with(it)) => {}
            // Another sign that begins as a no-break space does, which is written as a reference.
            Some(other) if !other.is_ascii() && other != '\u{a0}' => {}
            _ => return false,
        }
        rest = signs.as_str();
    }
    true
}

/// Attributes of our table in the only way that we write them. A link's ends with our `rel`,
/// an image's with our `loading`.
fn are_attributes(element: &str, attributes: Option<&str>) -> bool {
    let ours = allow::ours(element);
    let mut rest = attributes.unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    let mut ends_with_ours = ours.is_none();
    while !rest.is_empty() {
        let Some((name, value_on)) = rest.split_once("=\"") else { return false };
        let Some((value, after)) = split_at_sign(value_on, b'"') else { return false };
        rest = match after.strip_prefix(' ') {
            Some(more) if !more.is_empty() => more,
            None if after.is_empty() => after,
            _ => return false,
        };
        if ours == Some((name, value)) {
            ends_with_ours = rest.is_empty();
            continue;
        }
        if !allow::attribute(element, name) || seen.contains(&name) || !is_value(name, value) {
            return false;
        }
        seen.push(name);
    }
    ends_with_ours
}

fn is_value(name: &str, value: &str) -> bool {
    let web = |address: &str| address.starts_with("https://") || address.starts_with("http://");
    is_escaped(value, &["amp;", "quot;", "lt;", "gt;", "nbsp;"])
        && match name {
            "srcset" => value.split(", ").all(web),
            "href" => web(value) || value.starts_with("mailto:"),
            _ if allow::ADDRESSES.contains(&name) => web(value),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use url::Url;

    use super::{
        super::{gate, rebuild, straight},
        *,
    };
    use crate::model::{RawText, TextKind};

    #[test]
    fn usual_articles_are_regular() {
        for html in [
            "",
            "words &amp; words",
            "<p>a <b>b <i>c</i></b></p>\n<ul>\n<li>d<p>e</p><ol><li>f</li></ol></li>\n</ul>",
            "<p><a href=\"https://a.example/?x=1&amp;y\" rel=\"noopener noreferrer nofollow\">a</a></p>",
            "<figure><img src=\"https://a.example/a.png\" alt=\"&quot;\" loading=\"lazy\"><figcaption>b</figcaption></figure>",
            "<div><h2 dir=\"rtl\">a</h2><hr><blockquote cite=\"https://a.example/\"><p>b<br>c</p></blockquote></div>",
            "<dl><dt>a</dt><dd>b&nbsp;c<pre>d\n e</pre></dd></dl>",
        ] {
            assert!(is_regular(html), "{html}");
            assert_eq!(gate::parsed(html), html);
        }
    }

    #[test]
    fn whatever_is_not_ours_or_not_in_its_place_is_not_regular() {
        for html in [
            "<script>x</script>",
            "<p onclick=\"x\">a</p>",
            "<p style=\"x\">a</p>",
            "<a href=\"javascript:x\" rel=\"noopener noreferrer nofollow\">a</a>",
            "<a href=\"https://a.example/\">a</a>",
            "<a rel=\"noopener noreferrer nofollow\" href=\"https://a.example/\">a</a>",
            "<a href=\"//a.example/\" rel=\"noopener noreferrer nofollow\">a</a>",
            "<img src=\"data:x\" loading=\"lazy\">",
            "<img src=\"https://a.example/\" src=\"https://b.example/\" loading=\"lazy\">",
            "<img srcset=\"https://a.example/ 1x, javascript:x 2x\" loading=\"lazy\">",
            "<p title='x'>a</p>",
            "<p title=x>a</p>",
            "<p title=\"a<b\">a</p>",
            "<p/>",
            "<P>a</P>",
            "<p>a",
            "a</p>",
            "<b><i>a</b></i>",
            "<p><p>a</p></p>",
            "<p><div>a</div></p>",
            "<b><p>a</p></b>",
            "<li>a</li>",
            "<ul><p>a</p></ul>",
            "<pre>\na</pre>",
            "<table><tr><td>a</td></tr></table>",
            "a < b",
            "a > b",
            "a & b",
            "a &copy; b",
            "a\u{a0}b",
            "a\u{0}b",
            "a\rb",
            "\u{feff}a",
            "<!-- a -->",
            "<svg></svg>",
        ] {
            assert!(!is_regular(html), "{html}");
        }
        let link = "<a rel=\"noopener noreferrer nofollow\">";
        assert!(!is_regular(&format!("{link}<b>{link}a</a></b></a>")));
    }

    proptest! {
        #[test]
        fn the_gate_gives_back_what_is_regular(pieces in prop::collection::vec(piece(), 0..12)) {
            let html = pieces.concat();
            let rebuilt = rebuild::rebuild(&html, None).unwrap().html;
            if is_regular(&rebuilt) {
                prop_assert_eq!(&gate::parsed(&rebuilt), &rebuilt);
            }
            if is_regular(&html) {
                prop_assert_eq!(gate::parsed(&html), html);
            }
            if !rebuilt.starts_with('\u{feff}') {
                prop_assert_eq!(&rebuild::rebuild(&rebuilt, None).unwrap().html, &rebuilt);
            }
        }

        #[test]
        fn what_is_cleaned_once_more_stays(pieces in prop::collection::vec(piece(), 0..24)) {
            let clean = |html: &str| {
                let raw = RawText { text: html.into(), kind: TextKind::Html, base: None };
                super::super::clean(&raw).map_or_else(String::new, |it| it.html.into_string())
            };
            let once = clean(&pieces.concat());
            prop_assert_eq!(clean(&once), once.trim());
        }

        #[test]
        fn what_is_written_straight_is_what_a_tokenizer_would_see(
            pieces in prop::collection::vec(piece(), 0..12)
        ) {
            let html = pieces.concat();
            let base = Url::parse("https://example.org/").ok();
            if let Some(straight) = straight::rebuilt(&html, base.as_ref()) {
                let rebuilt = rebuild::rebuild(&html, base.as_ref()).unwrap();
                prop_assert!(!rebuilt.thinned);
                prop_assert_eq!(straight, rebuilt.html);
            }
        }
    }

    #[test]
    fn usual_markup_is_written_straight() {
        for html in [
            "<p class=\"x\">a &amp; b &#8217; <a href='/c?d=1&amp;e' target=\"_blank\">f</a></p>",
            "<div>\n<img src=\"g.png\" alt=\"h &lt; i\" data-j=\"k\" /><br/>l\u{a0}m > n</div>",
        ] {
            let base = Url::parse("https://example.org/").ok();
            let straight = straight::rebuilt(html, base.as_ref()).unwrap();
            assert_eq!(straight, rebuild::rebuild(html, base.as_ref()).unwrap().html);
            assert!(is_regular(&straight));
        }
    }

    /// Tags, well and badly written, and texts between them.
    fn piece() -> impl Strategy<Value = String> {
        let element = prop::sample::select(allow::ELEMENTS);
        let attribute = prop::sample::select(vec![
            "",
            " title=\"a &amp; &quot;b\"",
            " href=\"https://a.example/\"",
            " href=\"http://[\"",
            " href=\"mailto:a@b.example\"",
            " src=\"https://a.example/b.png\"",
            " srcset=\"https://a.example/b.png 2x, https://a.example/c.png\"",
            " cite=\"https://a.example/\"",
            " dir=rtl",
            " onload=\"x\"",
            " rel=\"noopener noreferrer nofollow\"",
            " loading=\"lazy\"",
            " class='a'",
            "\n\tsrc='/b.png' ",
            " width=\"&#49;\"",
            " alt=\"&copy;&#150;\"",
            " data-a=\"b\" /",
            "/",
        ]);
        prop_oneof![
            3 => (element.clone(), attribute.clone(), attribute)
                .prop_map(|(name, one, two)| format!("<{name}{one}{two}>")),
            3 => element.prop_map(|name| format!("</{name}>")),
            2 => prop::sample::select(vec![
                "words", " ", "\n", "&amp;", "&nbsp;", "\u{a0}", "&lt;", ">", "\u{feff}", "<p>a</p>",
                "<b>b</b>", "<li>c</li>", "\r\n", "é", "&#8217;", "&#x27;", "&#128;", "&copy;", "&", "\u{b7}", "<!-- a -->",
                "<br />", "<br/>", "<hr>", "<P>", "<p>a</p>", "<a href=\"b\">c</a>",
            ]).prop_map(str::to_owned),
        ]
    }
}
