//! The last gate before a page: what of an article's sanitized HTML is shown, and how.
//!
//! In: HTML that the sanitizer made harmless when it came. Out: [`Markup`] that cannot
//! leave the place it is put in: only elements named here, closed where they were opened,
//! attributes rebuilt from their values. Images load lazily, tell nobody where they are
//! shown, and are left out where the operator wants none.

use super::{
    markup::Markup,
    tokens::{Token, attributes, decoded, tokens},
};

/// `html` as a page shows it, below a heading of the page's own of the level `below`.
pub fn prose(html: &str, images: bool, below: usize) -> Markup {
    let mut out =
        Prose { markup: Markup::default(), open: Vec::new(), images, below, sections: Vec::new() };
    for token in tokens(html) {
        match token {
            Token::Text(raw) => out.markup.push_text(&decoded(raw)),
            Token::Open(name, inside) => out.open(name, inside),
            Token::Close(name) => out.close(name),
        }
    }
    out.finish()
}

/// The address of the first image in `html` that is meant to be seen.
pub fn first_image(html: &str) -> Option<String> {
    tokens(html).take(IMAGE_SEARCH_TOKENS).find_map(|token| {
        let Token::Open(name, inside) = token else { return None };
        if !name.eq_ignore_ascii_case("img") {
            return None;
        }
        let attributes = attributes(inside);
        let value = |wanted: &str| {
            attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let side = |name| value(name).and_then(|side| side.trim().parse::<u32>().ok());
        // Counting pixels and smileys are no pictures of the article.
        let small =
            ["width", "height"].into_iter().any(|name| side(name).is_some_and(|px| px < 80));
        if small {
            None
        } else {
            picture_address(value("src")?).filter(|url| url.starts_with("https:"))
        }
    })
}

/// An http or https address, as a link's target.
pub fn web_address(value: &str) -> Option<String> {
    let value = value.trim();
    let scheme = value.split_once(':')?.0;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (known && is_plain(value)).then(|| value.to_owned())
}

/// The same as something that the page loads itself: over https, as the policy demands.
pub fn loaded_address(value: &str) -> Option<String> {
    let address = web_address(value)?;
    let rest = address.split_once(':')?.1;
    Some(format!("https:{rest}"))
}

fn picture_address(value: &str) -> Option<String> {
    const PICTURES: [&str; 5] = ["png", "jpeg", "gif", "webp", "avif"];
    let value = value.trim();
    if let Some(data) = value.strip_prefix("data:image/") {
        let kind = data.split_once([';', ','])?.0;
        return (PICTURES.contains(&kind) && is_plain(value)).then(|| value.to_owned());
    }
    loaded_address(value)
}

fn link_address(value: &str) -> Option<String> {
    let value = value.trim();
    let mail =
        value.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto"));
    if mail && is_plain(value) { Some(value.to_owned()) } else { web_address(value) }
}

fn is_plain(address: &str) -> bool {
    !address.chars().any(|c| c.is_control() || c.is_whitespace())
}

struct Prose {
    markup: Markup,
    open: Vec<&'static str>,
    images: bool,
    /// The level of the page's own heading above.
    below: usize,
    /// The levels, as the text has them, of the headings that the place is under.
    sections: Vec<u8>,
}

impl Prose {
    fn open(&mut self, name: &str, inside: &str) {
        let Some(element) = element(name) else { return };
        if element.shown == "img" {
            return self.image(inside);
        }
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        let shown = element.heading.map_or(element.shown, |level| self.heading(level));
        // A link in a link, and a list item's end that was left out, are the browser's to
        // mend; here every element is closed before its parent.
        self.markup.push_ours("<");
        self.markup.push_ours(shown);
        for (name, value) in attributes(inside) {
            self.attribute(shown, &name, &value);
        }
        match shown {
            "a" => self.markup.push_ours(" rel=\"noopener noreferrer nofollow\""),
            "audio" | "video" => self.markup.push_ours(" controls preload=\"none\""),
            _ => {}
        }
        self.markup.push_ours(">");
        if !element.void {
            self.open.push(shown);
        }
    }

    /// The level of a heading here: one below the last that is above it, so that whoever goes
    /// from heading to heading finds none left out, whatever the text begins with.
    fn heading(&mut self, level: u8) -> &'static str {
        while self.sections.pop_if(|above| *above >= level).is_some() {}
        self.sections.push(level);
        let level = self.below.saturating_add(self.sections.len()).min(HEADINGS.len());
        HEADINGS.get(level.saturating_sub(1)).copied().unwrap_or("h6")
    }

    fn close(&mut self, name: &str) {
        let Some(element) = element(name).filter(|element| !element.void) else { return };
        let is_it = |open: &&str| match element.heading {
            Some(_) => HEADINGS.contains(open),
            None => *open == element.shown,
        };
        if !self.open.iter().any(is_it) {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.end_tag(open);
            if is_it(&open) {
                break;
            }
        }
    }

    fn finish(mut self) -> Markup {
        while let Some(open) = self.open.pop() {
            self.end_tag(open);
        }
        self.markup
    }

    fn end_tag(&mut self, name: &'static str) {
        self.markup.push_ours("</");
        self.markup.push_ours(name);
        self.markup.push_ours(">");
    }

    fn image(&mut self, inside: &str) {
        let attributes = attributes(inside);
        let value = |wanted: &str| {
            attributes.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
        };
        let alt = value("alt").to_owned();
        let source = if self.images { picture_address(value("src")) } else { None };
        let Some(source) = source else {
            if !alt.trim().is_empty() {
                self.markup.push_ours("<span class=\"noimage\">");
                self.markup.push_text(&alt);
                self.markup.push_ours("</span>");
            }
            return;
        };
        self.markup.push_ours("<img");
        self.pair("src", &source);
        self.pair("alt", &alt);
        for side in ["width", "height"] {
            self.attribute("img", side, value(side));
        }
        self.markup
            .push_ours(" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">");
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        let number = || value.trim().parse::<u64>().ok().filter(|number| *number <= 10_000);
        match (element, name) {
            ("a", "href") => {
                if let Some(address) = link_address(value) {
                    self.pair("href", &address);
                }
            }
            ("audio" | "video" | "source", "src") => {
                if let Some(address) = loaded_address(value) {
                    self.pair("src", &address);
                }
            }
            ("source", "type") => self.pair("type", value),
            ("time", "datetime") => self.pair("datetime", value),
            (_, "title") => self.pair("title", value),
            (_, "lang") if is_language(value) => self.pair("lang", value),
            (_, "dir") if matches!(value, "ltr" | "rtl" | "auto") => self.pair("dir", value),
            ("ol", "start") => self.count("start", number()),
            ("li", "value") => self.count("value", number()),
            ("td" | "th", "colspan") => self.count("colspan", number()),
            ("td" | "th", "rowspan") => self.count("rowspan", number()),
            ("img", "width") => self.count("width", number()),
            ("img", "height") => self.count("height", number()),
            _ => {}
        }
    }

    fn count(&mut self, name: &'static str, number: Option<u64>) {
        if let Some(number) = number {
            self.pair(name, &number.to_string());
        }
    }

    fn pair(&mut self, name: &'static str, value: &str) {
        self.markup.push_ours(" ");
        self.markup.push_ours(name);
        self.markup.push_ours("=\"");
        self.markup.push_text(value);
        self.markup.push_ours("\"");
    }
}

/// Whether a language tag may stand in an attribute (RFC 5646, the shape alone).
pub fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && tag.starts_with(|c: char| c.is_ascii_alphabetic())
}

struct Element {
    /// What it becomes: landmarks become plain blocks.
    shown: &'static str,
    /// The level of a heading, which goes below the page's own.
    heading: Option<u8>,
    void: bool,
}

fn element(name: &str) -> Option<Element> {
    let name = name.to_ascii_lowercase();
    let shown = match name.as_str() {
        "article" | "aside" | "section" | "header" | "footer" | "nav" | "main" | "center"
        | "address" | "hgroup" => "div",
        "strike" => "s",
        "tt" => "code",
        "acronym" => "abbr",
        "big" => "span",
        other => PLAIN.iter().find(|plain| **plain == other).copied()?,
    };
    let heading = HEADINGS.iter().zip(1..).find(|(heading, _)| **heading == shown);
    let heading = heading.map(|(_, level)| level);
    Some(Element {
        shown,
        heading,
        void: matches!(shown, "br" | "hr" | "img" | "wbr" | "col" | "source"),
    })
}

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Elements shown as they are. What is not named here is left out, its text kept.
const PLAIN: [&str; 67] = [
    "a",
    "abbr",
    "audio",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
    "data",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "picture",
];

/// Deeper nesting is shown flat: no layout engine has to suffer for one article.
const MAX_DEPTH: usize = 128;

/// How far into an article a picture for the river is looked for.
const IMAGE_SEARCH_TOKENS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        prose(html, true, 2).as_str().to_owned()
    }

    #[test]
    fn what_is_left_open_is_closed_and_what_was_never_open_closes_nothing() {
        assert_eq!(shown("</div></main><p>a<b>b</p>c"), "<p>a<b>b</b></p>c");
    }

    #[test]
    fn only_known_elements_and_attributes_pass() {
        assert_eq!(
            shown(r#"<script src=x>1</script><p onclick="x" style="y" id="main">a</p>"#),
            "1<p>a</p>"
        );
    }

    #[test]
    fn a_link_goes_to_the_web_or_to_a_mailbox_alone() {
        let kept = " rel=\"noopener noreferrer nofollow\">x</a>";
        for (href, wanted) in [
            ("https://a.example/?x&amp;y", " href=\"https://a.example/?x&amp;y\""),
            ("mailto:a@b.example", " href=\"mailto:a@b.example\""),
            ("javascript:alert(1)", ""),
            ("java&#10;script:alert(1)", ""),
            ("//evil.example/", ""),
            ("data:text/html,x", ""),
            ("/status", ""),
        ] {
            assert_eq!(shown(&format!("<a href=\"{href}\">x</a>")), format!("<a{wanted}{kept}"));
        }
    }

    #[test]
    fn images_load_lazily_over_https_or_leave_their_text() {
        let html = r#"<img src="http://a.example/b.png" alt="a &quot;duck&quot;" onerror="x">"#;
        assert_eq!(
            shown(html),
            "<img src=\"https://a.example/b.png\" alt=\"a &quot;duck&quot;\" loading=\"lazy\" \
             decoding=\"async\" referrerpolicy=\"no-referrer\">"
        );
        assert_eq!(
            prose(html, false, 2).as_str(),
            "<span class=\"noimage\">a &quot;duck&quot;</span>"
        );
        assert_eq!(shown("<img src='data:image/svg+xml,x'>"), "");
    }

    #[test]
    fn headings_stand_below_the_pages_own() {
        assert_eq!(shown("<h1>a</h1><h3>b</h3>"), "<h3>a</h3><h4>b</h4>");
        assert_eq!(
            shown("<h4>a</h4><h6>b</h6><h5>c</h5><h2>d</h2>"),
            "<h3>a</h3><h4>b</h4><h4>c</h4><h3>d</h3>"
        );
        assert_eq!(shown("<h2>a</h3>b"), "<h3>a</h3>b");
    }

    #[test]
    fn deep_nesting_is_shown_flat_and_stays_balanced() {
        let html = format!("{}x{}", "<div>".repeat(10_000), "</div>".repeat(10_000));
        let out = shown(&html);
        assert_eq!(out.matches("<div>").count(), MAX_DEPTH);
        assert_eq!(out.matches("</div>").count(), MAX_DEPTH);
    }

    #[test]
    fn a_counting_pixel_is_not_the_picture_of_an_article() {
        let html = r#"<img src="https://a/p.gif" width="1" height="1"><img src="https://a/b.jpg">"#;
        assert_eq!(first_image(html).as_deref(), Some("https://a/b.jpg"));
    }
}
