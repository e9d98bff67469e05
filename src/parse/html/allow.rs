//! What HTML may say when it leaves us: one table for the rebuild and for the gate.
//!
//! In: names of elements and attributes. Out: whether they stay. Nothing that runs, frames,
//! styles, submits or names itself (`id`, `class`, `style`) is on the lists, and neither are
//! SVG and MathML, through which every escape from ammonia so far has led.

/// Names in alphabetical order, found by their first letters: each tag is looked for in two or
/// three of these.
pub(super) struct Names {
    pub(super) all: &'static [&'static str],
    /// Where those of each letter begin, and after the last.
    begins: [u8; LETTERS + 1],
}

const LETTERS: usize = 26;

impl Names {
    #[expect(clippy::indexing_slicing, reason = "it runs while it is compiled")]
    const fn new(all: &'static [&'static str]) -> Self {
        let mut begins = [0; LETTERS + 1];
        let (mut letter, mut number) = (0, 0);
        while letter < LETTERS {
            letter += 1;
            while number < all.len() && all[number].as_bytes()[0] < b'a' + letter as u8 {
                number += 1;
            }
            begins[letter] = number as u8;
        }
        Self { all, begins }
    }

    fn has(&self, name: &str) -> bool {
        let letter = name.bytes().next().and_then(|first| first.checked_sub(b'a'));
        let begins = letter.and_then(|letter| self.begins.get(usize::from(letter)..));
        let Some(&[from, to]) = begins.and_then(|begins| begins.first_chunk()) else {
            return false;
        };
        let names = self.all.get(usize::from(from)..usize::from(to)).unwrap_or_default();
        names.contains(&name)
    }
}

/// Elements that stay.
#[rustfmt::skip]
pub(super) static ELEMENTS: Names = Names::new(&[
    "a", "abbr", "acronym", "address", "article", "aside", "audio", "b", "bdi", "bdo", "big",
    "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
    "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "ins", "kbd", "li", "main", "mark",
    "nav", "ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small",
    "source", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "time", "tr", "tt", "u", "ul", "var", "video", "wbr",
]);

/// Attributes that stay on every element.
pub(super) const GENERIC_ATTRIBUTES: &[&str] = &["dir", "lang", "title"];

/// Attributes that stay on one element. `rel` is the gate's own.
pub(super) const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang"]),
    ("audio", &["controls", "loop", "muted", "preload", "src"]),
    ("blockquote", &["cite"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("img", &["alt", "height", "sizes", "src", "srcset", "width"]),
    ("ins", &["cite", "datetime"]),
    ("li", &["value"]),
    ("ol", &["reversed", "start", "type"]),
    ("q", &["cite"]),
    ("source", &["media", "sizes", "src", "srcset", "type"]),
    ("td", &["colspan", "headers", "rowspan"]),
    ("th", &["colspan", "headers", "rowspan", "scope"]),
    ("time", &["datetime"]),
    ("video", &["controls", "height", "loop", "muted", "poster", "preload", "src", "width"]),
];

/// The `rel` of each link.
pub(super) const LINK_REL: &str = "noopener noreferrer nofollow";

/// The attribute that an element is given by us, behind its own.
pub(super) fn ours(element: &str) -> Option<(&'static str, &'static str)> {
    match element {
        "a" => Some(("rel", LINK_REL)),
        "img" => Some(("loading", "lazy")),
        _ => None,
    }
}

/// Elements whose content goes with them. Not frames: what stands inside of those is for
/// readers without frames, which is what we are.
pub(super) const REMOVED_WITH_CONTENT: &[&str] = &["script", "style", "title"];

/// Attributes that hold one address.
pub(super) const ADDRESSES: &[&str] = &["cite", "href", "poster", "src"];

/// Elements without content or end tag (HTML 13.1.2), the obsolete ones included.
#[rustfmt::skip]
static VOID: Names = Names::new(&[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "link", "meta", "param", "source", "track", "wbr",
]);

/// Elements that stand on lines of their own, so that words on both sides are apart.
#[rustfmt::skip]
static BLOCK: Names = Names::new(&[
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details",
    "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol", "option", "p",
    "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
]);

/// What else HTML has, or had.
#[rustfmt::skip]
static OTHERS: Names = Names::new(&[
    "applet", "blink", "body", "button", "canvas", "font", "frameset", "head", "html", "iframe",
    "label", "map", "marquee", "math", "nobr", "noembed", "noframes", "noscript", "object",
    "select", "svg", "template", "textarea", "xmp",
]);

pub(super) fn element(name: &str) -> bool {
    ELEMENTS.has(name)
}

pub(super) fn attribute(element: &str, name: &str) -> bool {
    GENERIC_ATTRIBUTES.contains(&name)
        || ATTRIBUTES
            .binary_search_by_key(&element, |(element, _)| element)
            .ok()
            .and_then(|at| ATTRIBUTES.get(at))
            .is_some_and(|(_, names)| names.contains(&name))
}

pub(super) fn is_void(name: &str) -> bool {
    VOID.has(name)
}

pub(super) fn is_block(name: &str) -> bool {
    BLOCK.has(name)
}

/// Whether HTML has, or had, an element of this name: what tells markup from `a <b`.
pub(super) fn is_known(name: &str) -> bool {
    [&ELEMENTS, &VOID, &BLOCK, &OTHERS].iter().any(|names| names.has(name))
        || REMOVED_WITH_CONTENT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        for names in [&ELEMENTS, &VOID, &BLOCK, &OTHERS] {
            assert!(names.all.is_sorted());
            assert!(names.all.iter().all(|name| names.has(name)));
            assert!(["", "{", "zz", "1", "A", "é"].iter().all(|name| !names.has(name)));
        }
        assert!(ATTRIBUTES.is_sorted_by_key(|(element, _)| element));
    }

    #[test]
    fn nothing_that_runs_or_frames_is_allowed() {
        for name in ["script", "style", "iframe", "object", "embed", "form", "svg", "math", "base"]
        {
            assert!(!element(name), "{name}");
        }
        for name in ["onclick", "style", "id", "class", "srcdoc"] {
            assert!(!attribute("a", name), "{name}");
        }
    }
}
