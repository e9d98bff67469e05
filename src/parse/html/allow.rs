//! What HTML may say when it leaves us: one table for the rebuild and for the gate.
//!
//! In: names of elements and attributes. Out: whether they stay. Nothing that runs, frames,
//! styles, submits or names itself (`id`, `class`, `style`) is on the lists, and neither are
//! SVG and MathML, through which every escape from ammonia so far has led.

/// Elements that stay, in alphabetical order.
#[rustfmt::skip]
pub(super) const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "article", "aside", "audio", "b", "bdi", "bdo", "big",
    "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
    "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "ins", "kbd", "li", "main", "mark",
    "nav", "ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small",
    "source", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "time", "tr", "tt", "u", "ul", "var", "video", "wbr",
];

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
const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "link", "meta", "param", "source", "track", "wbr",
];

/// Elements that stand on lines of their own, so that words on both sides are apart.
#[rustfmt::skip]
const BLOCK: &[&str] = &[
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details",
    "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol", "option", "p",
    "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
];

/// What else HTML has, or had.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "applet", "blink", "body", "button", "canvas", "font", "frameset", "head", "html", "iframe",
    "label", "map", "marquee", "math", "nobr", "noembed", "noframes", "noscript", "object",
    "select", "svg", "template", "textarea", "xmp",
];

pub(super) fn element(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
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
    VOID.binary_search(&name).is_ok()
}

pub(super) fn is_block(name: &str) -> bool {
    BLOCK.binary_search(&name).is_ok()
}

/// Whether HTML has, or had, an element of this name: what tells markup from `a <b`.
pub(super) fn is_known(name: &str) -> bool {
    [ELEMENTS, VOID, BLOCK, OTHERS].iter().any(|names| names.binary_search(&name).is_ok())
        || REMOVED_WITH_CONTENT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        for names in [ELEMENTS, VOID, BLOCK, OTHERS] {
            assert!(names.is_sorted());
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
