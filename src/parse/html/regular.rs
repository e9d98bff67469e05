//! HTML so regular that the gate's parser would give it back as it came.
//!
//! In: HTML, from anywhere. Out: whether it is regular. What this says yes to is harmless by
//! itself: elements, attributes and schemes of our table only, quoted and escaped in one way,
//! each element closed in its place, and none where HTML's parser would move it or close it
//! early. Nearly all articles are written so, once rebuilt, and the gate's tree is the dearest
//! part of a poll. Ruby and whatever else is rare is left to the gate.

use super::allow;
use crate::model::{position, split_at_sign};

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
    /// Stands anywhere. Holds what the element around it holds, but for tables.
    Inline,
    /// The same, and holds no link.
    Link,
    /// The parts of a table, each of which holds the next ones only, and no text between them.
    Table,
    Columns,
    Column,
    Section,
    Row,
    /// Holds everything.
    Cell,
    Caption,
}

/// Elements that have no content.
fn void(name: &str) -> Option<Kind> {
    match name {
        "br" | "img" | "source" | "wbr" => Some(Kind::Inline),
        "hr" => Some(Kind::Paragraph),
        "col" => Some(Kind::Column),
        _ => None,
    }
}

#[rustfmt::skip]
fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" => Kind::Paragraph,
        "address" | "article" | "aside" | "blockquote" | "center" | "details" | "div"
        | "figcaption" | "figure" | "footer" | "header" | "hgroup" | "main" | "nav" | "section"
        | "summary" => Kind::Container,
        "ul" | "ol" => Kind::List,
        "dl" => Kind::DefinitionList,
        "li" => Kind::Item,
        "dd" | "dt" => Kind::Definition,
        "a" => Kind::Link,
        "abbr" | "acronym" | "audio" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "del"
        | "dfn" | "em" | "i" | "ins" | "kbd" | "mark" | "picture" | "q" | "s" | "samp" | "small"
        | "span" | "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var" | "video" => {
            Kind::Inline
        }
        "table" => Kind::Table,
        "colgroup" => Kind::Columns,
        "tbody" | "thead" | "tfoot" => Kind::Section,
        "tr" => Kind::Row,
        "td" | "th" => Kind::Cell,
        "caption" => Kind::Caption,
        _ => return None,
    })
}

/// An element that is open.
#[derive(Debug, Clone, Copy)]
struct Open<'a> {
    name: &'a str,
    kind: Kind,
    /// It holds paragraphs and the like: none of the elements around it is a paragraph, which
    /// those would close.
    holds_blocks: bool,
}

/// May an element of `kind` stand right inside of `parent`; `None`: in the field itself.
fn fits(kind: Kind, parent: Option<Open<'_>>) -> bool {
    let is_inline = matches!(kind, Kind::Inline | Kind::Link);
    let is_block = matches!(
        kind,
        Kind::Paragraph | Kind::Container | Kind::List | Kind::DefinitionList | Kind::Table
    );
    let Some(parent) = parent else { return is_inline || is_block };
    match parent.kind {
        Kind::Container | Kind::Item | Kind::Definition | Kind::Cell | Kind::Caption => {
            is_inline || is_block
        }
        Kind::Paragraph => is_inline,
        Kind::Inline | Kind::Link => {
            is_inline || (is_block && parent.holds_blocks && kind != Kind::Table)
        }
        Kind::List => kind == Kind::Item,
        Kind::DefinitionList => kind == Kind::Definition,
        Kind::Table => matches!(kind, Kind::Caption | Kind::Columns | Kind::Section),
        Kind::Columns => kind == Kind::Column,
        Kind::Section => kind == Kind::Row,
        Kind::Row => kind == Kind::Cell,
        Kind::Column => false,
    }
}

/// The elements that are open at some place, as far as they are regular.
#[derive(Debug, Default)]
pub(super) struct Nesting<'a> {
    open: Vec<Open<'a>>,
    in_link: bool,
}

impl<'a> Nesting<'a> {
    /// An element begins. `None`: not one of ours, or not here.
    pub(super) fn open(&mut self, name: &'a str) -> Option<()> {
        let parent = self.open.last().copied();
        if let Some(kind) = void(name) {
            return fits(kind, parent).then_some(());
        }
        let kind = kind(name)?;
        if !fits(kind, parent) || (matches!(kind, Kind::Link | Kind::Table) && self.in_link) {
            return None;
        }
        self.in_link |= kind == Kind::Link;
        let holds_blocks = match kind {
            Kind::Paragraph => false,
            Kind::Inline | Kind::Link => parent.is_none_or(|parent| parent.holds_blocks),
            _ => true,
        };
        self.open.push(Open { name, kind, holds_blocks });
        Some(())
    }

    /// An element ends. `None`: it is not the innermost one.
    pub(super) fn close(&mut self, name: &str) -> Option<()> {
        let last = self.open.pop()?;
        self.in_link &= last.kind != Kind::Link;
        (name == last.name).then_some(())
    }

    /// Whether the text stays where it stands: between the parts of a table only white space
    /// does.
    pub(super) fn holds(&self, text: &str) -> bool {
        let parts = [Kind::Table, Kind::Columns, Kind::Section, Kind::Row];
        self.open.last().is_none_or(|last| !parts.contains(&last.kind))
            || text.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'\t'))
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
        if !nesting.holds(text) || !is_text(text) {
            return false;
        }
        let fits = match tag.strip_prefix('/') {
            Some(name) => nesting.close(name).is_some(),
            None => {
                let (name, attributes) = match split_at_sign(tag, b' ') {
                    Some((name, attributes)) => (name, Some(attributes)),
                    None => (tag, None),
                };
                // HTML's parser drops a line's end behind <pre>.
                nesting.open(name).is_some()
                    && are_attributes(name, attributes)
                    && !(name == "pre" && rest.starts_with('\n'))
            }
        };
        if !fits {
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
        ((byte < b' ') & (byte != b'\n') & (byte != b'\t'))
            | (byte == b'&')
            | (byte == b'<')
            | (byte == b'>')
            | (byte == 0xc2)
    };
    while let Some(at) = position(rest.as_bytes(), closer_look) {
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
    let mut seen = [""; MOST_ATTRIBUTES];
    let mut count = 0;
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
        let Some(place) = seen.get_mut(count) else { return false };
        *place = name;
        count += 1;
    }
    ends_with_ours
}

/// No element of our table has as many.
const MOST_ATTRIBUTES: usize = 16;

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
            "<b>a<p>b</p><ul><li>c</li></ul></b>",
            "<a href=\"https://a.example/\" rel=\"noopener noreferrer nofollow\"><div><picture>\n<source srcset=\"https://a.example/a.png 2x\" type=\"image/webp\"><img src=\"https://a.example/a.png\" loading=\"lazy\"></picture></div></a>",
            "<table>\n<caption>a<p>b</p></caption><colgroup><col span=\"2\"></colgroup><thead><tr><th scope=\"col\">c</th></tr></thead>\n<tbody>\n<tr> <td colspan=\"2\">d<table><tbody></tbody></table></td>\t</tr></tbody></table>",
            "<figure><video controls=\"\" src=\"https://a.example/a.mp4\"></video></figure><details><summary>a</summary><p>b</p></details>",
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
            "<p><b><div>a</div></b></p>",
            "<b><table></table></b>",
            "<a rel=\"noopener noreferrer nofollow\"><div><table></table></div></a>",
            "<li>a</li>",
            "<ul><p>a</p></ul>",
            "<pre>\na</pre>",
            "<table><tr><td>a</td></tr></table>",
            "<table>a</table>",
            "<table><tbody>&nbsp;</tbody></table>",
            "<table><col></table>",
            "<table><tbody><tr><p>a</p></tr></tbody></table>",
            "<tr><td>a</td></tr>",
            "<td>a</td>",
            "<ruby>a<rt>b</rt></ruby>",
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
        fn what_is_well_nested_is_judged_as_by_the_gate(html in nested()) {
            if is_regular(&html) {
                prop_assert_eq!(gate::parsed(&html), html.as_str());
            }
            let base = Url::parse("https://example.org/").ok();
            if let Some(straight) = straight::rebuilt(&html, base.as_ref()) {
                prop_assert_eq!(straight, rebuild::rebuild(&html, base.as_ref()).unwrap().html);
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
    fn what_looks_like_a_comment_inside_of_a_value_is_its_value() {
        let straight = |html| straight::rebuilt(html, None);
        let value = "<p title=\"&lt;!-- a\">b</p>";
        assert_eq!(straight("<p title='<!-- a'>b</p>").as_deref(), Some(value));
        assert_eq!(straight("<p title='<!-- a'>b</p><!-- c -->"), None);
    }

    /// Elements in elements, each closed in its place; most of them where they may stand.
    fn nested() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "words",
            " ",
            "\n",
            "&nbsp;",
            "<br>",
            "<hr>",
            "<wbr>",
            "<col>",
            "<source>",
            "<img loading=\"lazy\">",
            "<!-- a -->",
            "<script>b</script>",
            "<font>",
            "</font>",
            "&eacute;",
        ]);
        leaf.prop_map(str::to_owned).prop_recursive(8, 64, 4, |inner| {
            let inside = prop::collection::vec(inner.clone(), 0..4).prop_map(|it| it.concat());
            let part = prop::sample::select(vec![
                ("<table><tbody><tr><td>", "</td></tr></tbody></table>"),
                ("<table>\n<caption>", "</caption></table>"),
                ("<table><thead><tr><th>a</th><th>", "</th></tr></thead><tbody> </tbody></table>"),
                ("<ul><li>", "</li></ul>"),
                ("<dl><dt>a</dt><dd>", "</dd></dl>"),
                ("<a rel=\"noopener noreferrer nofollow\">", "</a>"),
                ("<p>", "</p>"),
                ("<div>", "</div>"),
            ]);
            prop_oneof![
                (part, inside.clone()).prop_map(|((open, close), it)| format!("{open}{it}{close}")),
                (prop::sample::select(allow::ELEMENTS.all), inside)
                    .prop_map(|(name, it)| format!("<{name}>{it}</{name}>")),
                prop::collection::vec(inner, 1..3).prop_map(|it| it.concat()),
            ]
        })
    }

    #[test]
    fn usual_markup_is_written_straight() {
        for html in [
            "<p class=\"x\">a &amp; b &#8217; <a href='/c?d=1&amp;e' target=\"_blank\">f</a></p>",
            "<!-- wp:paragraph -->\r\n<p class=wide>Q&A &hellip; R & D</p>\r\n<!-- /wp:paragraph -->",
            "<div data-v-1='a<b'><iframe src=\"a?b=1&c=2\" allowfullscreen></iframe><o:p></o:p><font size=2>a</font></div>",
            "<a href=\"b?c=1&d=2&para=3\"><div><img src=a.png hidden></div></a>",
            "a<script async src=\"x\"></script><style>p {}</style><svg viewBox=\"0\"><path d=\"x\"/></svg>",
            "<img src=\"a\"></img><hr></hr>&#x21a9;&#xfe0e;",
            "<video controls src=\"a.mp4\"><source src=\"b.mp4\" /></video>",
            "<table class=\"a\"><tbody>\n<tr><td align=\"left\">b</td></tr></tbody></table>",
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
        let element = prop::sample::select(allow::ELEMENTS.all);
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
            " controls",
            " hidden =x",
            " title=a&b",
            " title=\"a&b=c&copy=d&copy;&not&\"",
            " width=50%",
            " data-b_1.c:d=e",
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
                "&hellip;", "&eacute;", "&copy", "&amp", "&b", "& ", "&;", "&#", "<!-->", "<!---->", "<!--", "-->",
                "<font color=red>", "</font>", "<iframe src='x' allowfullscreen>", "</iframe>", "<script>",
                "<script src=x></script>", "</script>", "<style>p</style>", "<o:p/>", "<svg />", "<3", "</3>", "</img>", "</br>", "</hr>",
                "<title>", "<textarea>", "</textarea>", "<xmp>", "\r", "\n\n", "\u{c}",
            ]).prop_map(str::to_owned),
        ]
    }
}
