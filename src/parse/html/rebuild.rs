//! Publisher's HTML made small and regular, so that the gate's parser has easy work.
//!
//! In: any text, and the base of its relative addresses. Out: HTML with our elements and
//! attributes only, each element closed in its place, text escaped, addresses absolute; or
//! [`TooHeavy`], where plain text is all that can be kept.
//!
//! Why it exists: html5ever takes quadratic time on deep nesting, on many attributes, on
//! formatting that is never closed and on content that does not belong into tables
//! (servo/html5ever#788), and ammonia hands it everything. Its tokenizer alone is linear
//! and right about quotes, comments and raw text; on its tokens every such count is bounded.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
};

use html5ever::{
    Attribute,
    tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, states::RawKind},
};
use memchr::memmem;
use url::Url;

use super::{
    allow, plain,
    tokens::{self, TooHeavy},
};
use crate::parse::urls;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rebuilt {
    pub html: String,
    /// Tags were left out because they were nested too deep or too many.
    pub thinned: bool,
}

pub(super) fn rebuild(html: &str, base: Option<&Url>) -> Result<Rebuilt, TooHeavy> {
    let html = without_ballast(html);
    let sink = tokens::run(&html, Rebuild::new(base, &html))?;
    sink.close_down_to(0);
    Ok(Rebuilt { html: sink.out.into_inner(), thinned: sink.thinned.get() })
}

/// Writes the tokens that may stay.
struct Rebuild<'a> {
    base: Option<&'a Url>,
    out: RefCell<String>,
    open: RefCell<Vec<Open>>,
    /// An element whose content goes: nothing is written until it ends.
    removing: RefCell<Option<html5ever::LocalName>>,
    written: Cell<usize>,
    misplaced: Cell<usize>,
    thinned: Cell<bool>,
}

/// An element that was written and not closed yet.
type Open = html5ever::LocalName;

impl<'a> Rebuild<'a> {
    fn new(base: Option<&'a Url>, html: &str) -> Self {
        Self {
            base,
            out: RefCell::new(String::with_capacity(html.len())),
            open: RefCell::default(),
            removing: RefCell::default(),
            written: Cell::new(0),
            misplaced: Cell::new(0),
            thinned: Cell::new(false),
        }
    }

    fn text(&self, text: &str) {
        if self.removing.borrow().is_none() {
            plain::escape_text_into(text, &mut self.out.borrow_mut());
        }
    }

    fn start(&self, tag: &Tag) {
        let name = &*tag.name;
        if self.removing.borrow().is_some() || !allow::element(name) {
            return;
        }
        self.close_implied(name);
        self.open_implied(name);
        // HTML's parser would move it, or what it stands in, out of the table, into the other
        // link.
        let in_no_cell = || self.position("table", &["td", "th", "caption"]).is_some();
        if name == "a" && in_no_cell() && self.position("a", &[]).is_some() {
            return;
        }
        let too_deep = self.open.borrow().len() >= MAX_DEPTH;
        let too_many = self.written.get() >= MAX_TAGS;
        if too_deep || too_many || self.is_misplaced(name) {
            self.thinned.set(true);
            return;
        }
        self.written.set(self.written.get() + 1);
        let mut out = self.out.borrow_mut();
        out.push('<');
        out.push_str(name);
        self.attributes(name, &tag.attrs, &mut out);
        out.push('>');
        if !allow::is_void(name) {
            self.open.borrow_mut().push(tag.name.clone());
        }
    }

    fn attributes(&self, element: &str, attributes: &[Attribute], out: &mut String) {
        for attribute in attributes {
            let name = &*attribute.name.local;
            if allow::attribute(element, name) {
                write_attribute(self.base, (element, name, &attribute.value), out);
            }
        }
        write_ours(element, out);
    }

    fn end(&self, name: &html5ever::LocalName) {
        if self.removing.borrow().as_ref() == Some(name) {
            *self.removing.borrow_mut() = None;
            return;
        }
        // HTML 13.2.6.4.7: `</br>` is a `<br>`.
        if &**name == "br" && self.written.get() < MAX_TAGS {
            self.out.borrow_mut().push_str("<br>");
            self.written.set(self.written.get() + 1);
        }
        if let Some(at) = self.position(name, if is_table_part(name) { &["table"] } else { CELLS })
        {
            self.close_down_to(at);
        }
    }

    /// Closes what the start of `name` ends without saying so (HTML 13.1.2.4).
    fn close_implied(&self, name: &str) {
        let ended: &[&str] = match name {
            "li" => &["li"],
            "dt" | "dd" => &["dt", "dd"],
            "tr" => &["tr"],
            "td" | "th" => &["td", "th"],
            "tbody" | "thead" | "tfoot" => &["tbody", "thead", "tfoot"],
            "a" => &["a"],
            _ => &[],
        };
        let barriers: &[&str] = match name {
            "li" => &["ul", "ol", "td", "th", "blockquote"],
            "dt" | "dd" => &["dl", "td", "th", "blockquote"],
            "tr" | "td" | "th" | "tbody" | "thead" | "tfoot" => &["table"],
            _ => CELLS,
        };
        if let Some(at) = ended.iter().filter_map(|ended| self.position(ended, barriers)).min() {
            self.close_down_to(at);
        }
        if closes_paragraph(name)
            && let Some(at) = self.position("p", CELLS)
        {
            self.close_down_to(at);
        }
    }

    /// Opens what the start of `name` stands in without saying so (HTML 13.2.6.4.9, 13.2.6.4.13):
    /// the gate would, and then read its own writing.
    fn open_implied(&self, name: &str) {
        for (implied, around) in IMPLIED {
            let stands_in = self.open.borrow().last().is_some_and(|it| around.contains(&&**it));
            let room = self.open.borrow().len() < MAX_DEPTH && self.written.get() < MAX_TAGS;
            if stands_in && room && matches!((*implied, name), (_, "td" | "th") | ("tbody", "tr")) {
                self.written.set(self.written.get() + 1);
                self.out.borrow_mut().extend(["<", implied, ">"]);
                self.open.borrow_mut().push((*implied).into());
            }
        }
    }

    /// Where `name` is open, looking up no further than the innermost of `barriers`.
    fn position(&self, name: &str, barriers: &[&str]) -> Option<usize> {
        let open = self.open.borrow();
        for (at, element) in open.iter().enumerate().rev() {
            if &**element == name {
                return Some(at);
            }
            if barriers.contains(&&**element) {
                return None;
            }
        }
        None
    }

    fn close_down_to(&self, at: usize) {
        let mut out = self.out.borrow_mut();
        let mut open = self.open.borrow_mut();
        while open.len() > at
            && let Some(name) = open.pop()
        {
            out.push_str("</");
            out.push_str(&name);
            out.push('>');
        }
    }

    fn in_skeleton(&self) -> bool {
        self.open.borrow().last().is_some_and(|last| {
            matches!(&**last, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup")
        })
    }

    /// Elements right inside a table's skeleton are moved out of it by HTML's parser, each
    /// with a walk over all before: a few are a publisher's slip, many are an attack.
    fn is_misplaced(&self, name: &str) -> bool {
        if !self.in_skeleton() || is_table_part(name) {
            return false;
        }
        self.misplaced.set(self.misplaced.get() + 1);
        self.misplaced.get() > MAX_MISPLACED
    }
}

impl TokenSink for Rebuild<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => self.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                self.start(&tag);
                return match &*tag.name {
                    // In HTML "/>" closes nothing and all the rest would go; those who write
                    // so mean it to be empty.
                    name if allow::REMOVED_WITH_CONTENT.contains(&name) && tag.self_closing => {
                        TokenSinkResult::Continue
                    }
                    name if allow::REMOVED_WITH_CONTENT.contains(&name) => {
                        if self.removing.borrow().is_none() {
                            *self.removing.borrow_mut() = Some(tag.name.clone());
                        }
                        TokenSinkResult::RawData(raw_kind(name))
                    }
                    "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "xmp" => TokenSinkResult::RawData(RawKind::Rawtext),
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => self.end(&tag.name),
            Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// One attribute of our table, if its value may stay.
pub(super) fn write_attribute(
    base: Option<&Url>,
    (element, name, value): (&str, &str, &str),
    out: &mut String,
) {
    let value: Cow<'_, str> = match name {
        _ if allow::ADDRESSES.contains(&name) => match address(base, value, element == "a") {
            Some(url) => url,
            None => return,
        },
        "srcset" => match candidates(base, value) {
            Some(candidates) => candidates.into(),
            None => return,
        },
        _ => Cow::Borrowed(value),
    };
    out.extend([" ", name, "=\""]);
    plain::escape_attribute_into(&value, out);
    out.push('"');
}

/// What the element is given by us, as the gate would write it.
pub(super) fn write_ours(element: &str, out: &mut String) {
    if let Some((name, value)) = allow::ours(element) {
        out.extend([" ", name, "=\"", value, "\""]);
    }
}

fn raw_kind(name: &str) -> RawKind {
    match name {
        "script" => RawKind::ScriptData,
        "title" => RawKind::Rcdata,
        _ => RawKind::Rawtext,
    }
}

fn is_table_part(name: &str) -> bool {
    matches!(
        name,
        "table" | "caption" | "colgroup" | "col" | "tbody" | "thead" | "tfoot" | "tr" | "td" | "th"
    )
}

/// HTML 13.2.6.4.7, "close a p element".
fn closes_paragraph(name: &str) -> bool {
    allow::is_block(name)
        && !matches!(
            name,
            "br" | "caption" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr" | "option"
        )
}

/// An absolute address; a link may also be one of mail.
fn address<'a>(base: Option<&Url>, text: &'a str, link: bool) -> Option<Cow<'a, str>> {
    if urls::is_settled(text) {
        return Some(text.into());
    }
    if let Some(url) = urls::resolve(base, text) {
        return Some(String::from(url).into());
    }
    let url = if link { Url::parse(text.trim()).ok()? } else { return None };
    if url.scheme() != "mailto" {
        return None;
    }
    Some(String::from(url).into())
}

/// The candidates of `srcset`, each made absolute (HTML 4.8.4.2.1).
fn candidates(base: Option<&Url>, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    for _ in 0..MAX_CANDIDATES {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        let url_end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (url, tail) = rest.split_at(url_end);
        // A comma right behind the address ends the candidate.
        let (url, descriptor, tail) = match url.strip_suffix(',') {
            Some(url) => (url.trim_end_matches(','), "", tail),
            None => {
                let (descriptor, tail) = tail.split_once(',').unwrap_or((tail, ""));
                (url, descriptor.trim(), tail)
            }
        };
        rest = tail;
        let Some(url) = address(base, url, false) else { continue };
        if !out.is_empty() {
            out.push_str(", ");
        }
        // Of controls behind it the address is freed only now; a comma at its end would part.
        out.push_str(url.trim_end_matches(','));
        if !descriptor.is_empty() {
            out.push(' ');
            out.push_str(descriptor);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Without comments, and without images that are written out inside their tags: neither is
/// kept, and both are the honest reasons for long tags and fields.
fn without_ballast(html: &str) -> Cow<'_, str> {
    if !html.contains("<!--") && !html.contains(DATA_MARK) {
        return html.into();
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    let mut last_close = html.rfind("-->").map_or(0, |at| html.len() - at);
    while let Some(at) = rest.find("<!--") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        // An unclosed comment reaches to the next ">"; HTML would drop the whole rest.
        let end = if tail.len() >= last_close && last_close > 0 {
            tail.find("-->").map(|at| at + 3)
        } else {
            last_close = 0;
            tail.find('>').map(|at| at + 1)
        };
        match end.and_then(|end| tail.get(end..)) {
            Some(after) => rest = after,
            None => {
                out.push_str("&lt;!--");
                rest = tail.strip_prefix("<!--").unwrap_or_default();
                if !rest.contains('>') {
                    break;
                }
            }
        }
    }
    out.push_str(rest);
    without_data(out).into()
}

/// Whether [`rebuild`] would cut something out of it.
pub(super) fn has_ballast(html: &str) -> bool {
    memmem::find(html.as_bytes(), DATA_MARK.as_bytes()).is_some() && *without_ballast(html) != *html
}

/// Long `data:` values cut: their type stays, so that what is left is still no address.
fn without_data(html: String) -> String {
    if !html.contains(DATA_MARK) {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((head, tail)) = rest.split_once(DATA_MARK) {
        out.push_str(head);
        out.push_str(DATA_MARK);
        let end = tail
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '%')))
            .unwrap_or(tail.len());
        rest = if end > MIN_DATA_BYTES { tail.get(end..).unwrap_or_default() } else { tail };
    }
    out.push_str(rest);
    out
}

/// Elements that an end tag or an implied one does not reach out of.
const CELLS: &[&str] = &["table", "td", "th", "caption"];
/// Elements that rows and cells stand in, and what those stand in.
const IMPLIED: &[(&str, &[&str])] = &[("tbody", &["table"]), ("tr", &["tbody", "thead", "tfoot"])];
/// Elements inside each other; browsers stop at 512, honest articles at 30.
const MAX_DEPTH: usize = 256;
/// Tags of one field. The gate's tree takes some 200 bytes for each.
const MAX_TAGS: usize = 30_000;
/// Elements out of place in tables; see [`Rebuild::is_misplaced`].
const MAX_MISPLACED: usize = 500;
/// Candidates of one `srcset`.
const MAX_CANDIDATES: usize = 32;
/// What a written-out image has before itself.
const DATA_MARK: &str = ";base64,";
/// Shorter images cost nothing.
const MIN_DATA_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuilt(html: &str) -> String {
        let base = Url::parse("https://example.org/blog/").unwrap();
        rebuild(html, Some(&base)).unwrap().html
    }

    #[test]
    fn every_element_is_closed_in_its_place() {
        for (html, expected) in [
            ("<b>x<i>y</b>z</i>", "<b>x<i>y</i></b>z"),
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            (
                "<ul><li>a<li>b<ul><li>c</ul></ul>",
                "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
            ),
            (
                "<table><tr><td>a<td>b<tr><td>c</table>",
                "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
            ),
            ("a</div>b</p>", "ab"),
            ("<td></table>x", "<td>x</td>"),
        ] {
            assert_eq!(rebuilt(html), expected, "{html}");
        }
    }

    #[test]
    fn addresses_are_absolute_or_gone() {
        for (html, expected) in [
            (
                "<a href=' /x '>y</a>",
                "<a href=\"https://example.org/x\" rel=\"noopener noreferrer nofollow\">y</a>",
            ),
            ("<a href=javascript:x>y</a>", "<a rel=\"noopener noreferrer nofollow\">y</a>"),
            (
                "<a href='mailto:a@b.example'>y</a>",
                "<a href=\"mailto:a@b.example\" rel=\"noopener noreferrer nofollow\">y</a>",
            ),
            ("<img src='data:image/gif;base64,AAAA'>", "<img loading=\"lazy\">"),
            (
                "<img srcset='a.png 1x, /b.png 2x,c.png'>",
                "<img srcset=\"https://example.org/blog/a.png 1x, https://example.org/b.png 2x, https://example.org/blog/c.png\" loading=\"lazy\">",
            ),
            (
                "<img srcset='a.png,\u{1}, b.png,,\u{2} 2x'>",
                "<img srcset=\"https://example.org/blog/a.png, https://example.org/blog/b.png 2x\" loading=\"lazy\">",
            ),
        ] {
            assert_eq!(rebuilt(html), expected, "{html}");
        }
    }

    #[test]
    fn depth_and_number_of_tags_are_bounded_and_the_text_stays() {
        let deep = rebuild(&format!("{}x", "<div>".repeat(100_000)), None).unwrap();
        assert!(deep.thinned);
        assert_eq!(deep.html.matches("<div>").count(), MAX_DEPTH);
        assert!(deep.html.contains('x'));
        let many = rebuild(&"<i>x</i>".repeat(MAX_TAGS + 1), None).unwrap();
        assert!(many.thinned);
        assert_eq!(many.html.matches('x').count(), MAX_TAGS + 1);
    }

    #[test]
    fn huge_tags_are_refused_but_not_for_the_images_in_them() {
        let attributes: String = (0..50_000).map(|n| format!(" a{n}=1")).collect();
        assert_eq!(rebuild(&format!("<p{attributes}>x"), None), Err(TooHeavy));
        assert_eq!(rebuild(&format!("<p title='{}'>", "x".repeat(70_000)), None), Err(TooHeavy));
        let image = format!("<img src='data:image/png;base64,{}' alt=x>", "A".repeat(300_000));
        assert_eq!(rebuild(&image, None).unwrap().html, "<img alt=\"x\" loading=\"lazy\">");
    }

    #[test]
    fn what_has_no_place_in_a_page_goes_with_its_content() {
        for html in [
            "a<script>x</script>b",
            "a<style>x</style>b",
            "a<iframe srcdoc='x'></iframe>b",
            "a<iframe src=x/>b",
            "a<script src='x' />b",
            "a<title>x</title>b",
            "a<!-- x -->b",
            "a<svg><style>x</style></svg>b",
        ] {
            assert_eq!(rebuilt(html), "ab", "{html}");
        }
    }
}
