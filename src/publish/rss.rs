//! RSS 2.0, with the modules that readers know: `content`, `dc`, `atom`, and `fh` in archives.

use chrono::Utc;

use super::{
    Format, Site, atom,
    item::{self, Item},
    part::Part,
    rfc3339,
    xml::Xml,
};
use crate::model::{OutputSetting, Time};

/// One document. Its bytes depend on the arguments alone.
pub(super) fn document(
    output: &OutputSetting,
    site: &Site,
    items: &[Item],
    format: Format,
    part: &Part,
) -> Vec<u8> {
    let mut xml = Xml::new();
    let archive = matches!(part, Part::Archive(_));
    xml.open(
        "rss",
        &[
            ("version", Some("2.0")),
            ("xmlns:atom", Some("http://www.w3.org/2005/Atom")),
            ("xmlns:content", Some("http://purl.org/rss/1.0/modules/content/")),
            ("xmlns:dc", Some("http://purl.org/dc/elements/1.1/")),
            ("xmlns:fh", archive.then_some("http://purl.org/syndication/history/1.0")),
        ],
    );
    xml.open("channel", &[]);
    if archive {
        xml.empty("fh:archive", &[]);
    }
    let title = &output.title;
    xml.text("title", &[], &same_twice(title));
    xml.text("link", &[], site.page(output, part).as_str());
    xml.text("description", &[], &same_twice(output.description.as_ref().unwrap_or(title)));
    xml.text("lastBuildDate", &[], &rfc822(item::updated(items)));
    xml.text("generator", &[], site.software);
    atom::links(&mut xml, "atom:link", output, site, format, part);
    for item in items {
        entry(&mut xml, item);
    }
    xml.close("channel");
    xml.close("rss");
    xml.finish()
}

fn entry(xml: &mut Xml, item: &Item) {
    xml.open("item", &[]);
    // An item needs a title or a description.
    let described = item.content.is_some() || item.summary.is_some();
    let made = (!described).then_some(&item.headline);
    if let Some(title) = item.title.as_ref().or(made) {
        xml.text("title", &[], &same_twice(title));
    }
    if let Some(url) = &item.url {
        xml.text("link", &[], url);
    }
    let is_link = item.url.as_ref() == Some(&item.id);
    let permanent = if is_link { "true" } else { "false" };
    xml.text("guid", &[("isPermaLink", Some(permanent))], &item.id);
    xml.text("pubDate", &[], &rfc822(item.published.unwrap_or(item.changed())));
    if let Some(updated) = item.updated.filter(|updated| Some(*updated) != item.published) {
        xml.text("atom:updated", &[], &rfc3339(updated));
    }
    for name in &item.authors {
        xml.text("dc:creator", &[], name);
    }
    if let Some(language) = &item.language {
        xml.text("dc:language", &[], language);
    }
    for category in &item.categories {
        xml.text("category", &[], category);
    }
    // RSS knows one enclosure, and wants type and length of it; 0 says that nobody knows.
    if let Some(enclosure) = item.enclosures.first() {
        let length = enclosure.length.unwrap_or(0).to_string();
        let media_type = enclosure.media_type.as_deref().unwrap_or("application/octet-stream");
        let url = Some(enclosure.url.as_str());
        xml.empty(
            "enclosure",
            &[("url", url), ("length", Some(&length)), ("type", Some(media_type))],
        );
    }
    if let Some(html) = item.summary.as_ref().or(item.content.as_ref()) {
        xml.text("description", &[], html);
    }
    if let Some(content) = &item.content {
        xml.text("content:encoded", &[], content);
    }
    if let Some(source) = &item.source
        && let Some(url) = source.url.as_ref().or(source.home_page.as_ref())
    {
        xml.text("source", &[("url", Some(url))], &source.title);
    }
    atom::others(xml, "atom:link", item);
    xml.close("item");
}

/// RFC 822 as RSS wants it: English names, four digits of the year, a zone in digits.
fn rfc822(time: Time) -> String {
    time.with_timezone(&Utc).format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A title that says the same to readers that take it for text and to those that take it
/// for HTML: RSS leaves open which it is.
///
/// Only a `<` or `&` that would form markup is escaped once more; readers that show the
/// escape as it is are fewer than those that would swallow the tag, and a title can do no
/// harm in either.
fn same_twice(title: &str) -> String {
    let mut same = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        same.push_str(before);
        let mut chars = from.chars();
        let sign = chars.next();
        let after = chars.as_str();
        same.push_str(match sign {
            Some('<') if opens_tag(after) => "&lt;",
            Some('<') => "<",
            _ if names_char(after) => "&amp;",
            _ => "&",
        });
        rest = after;
    }
    same.push_str(rest);
    same
}

/// Would an HTML parser take `<` before `after` for a tag? HTML, section 13.2.5.6; and `<>`,
/// which SGML knows as an empty one.
fn opens_tag(after: &str) -> bool {
    after.starts_with(|char: char| char.is_ascii_alphabetic() || "/!?>".contains(char))
}

/// Would an HTML parser take `&` before `after` for a character reference?
fn names_char(after: &str) -> bool {
    let name = after.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or(after);
    let closed = after.strip_prefix(name).is_some_and(|rest| rest.starts_with(';'));
    after.starts_with('#')
        || (closed && !name.is_empty())
        || WITHOUT_SEMICOLON.iter().any(|known| name.starts_with(known))
}

/// References that HTML reads without their semicolon, too (section 13.5). `lt` covers `lt…`
/// of longer names; so do the others.
const WITHOUT_SEMICOLON: [&str; 106] = [
    "AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring", "Atilde", "Auml", "COPY", "Ccedil",
    "ETH", "Eacute", "Ecirc", "Egrave", "Euml", "GT", "Iacute", "Icirc", "Igrave", "Iuml", "LT",
    "Ntilde", "Oacute", "Ocirc", "Ograve", "Oslash", "Otilde", "Ouml", "QUOT", "REG", "THORN",
    "Uacute", "Ucirc", "Ugrave", "Uuml", "Yacute", "aacute", "acirc", "acute", "aelig", "agrave",
    "amp", "aring", "atilde", "auml", "brvbar", "ccedil", "cedil", "cent", "copy", "curren", "deg",
    "divide", "eacute", "ecirc", "egrave", "eth", "euml", "frac12", "frac14", "frac34", "gt",
    "iacute", "icirc", "iexcl", "igrave", "iquest", "iuml", "laquo", "lt", "macr", "micro",
    "middot", "nbsp", "not", "ntilde", "oacute", "ocirc", "ograve", "ordf", "ordm", "oslash",
    "otilde", "ouml", "para", "plusmn", "pound", "quot", "raquo", "reg", "sect", "shy", "sup1",
    "sup2", "sup3", "szlig", "thorn", "times", "uacute", "ucirc", "ugrave", "uml", "uuml",
    "yacute", "yen", "yuml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_without_markup_stay_as_they_are() {
        for title in ["a < b && c > d", "AT&T", "Q&A: R&D", "1<2", "5 &; 6", "<3"] {
            assert_eq!(same_twice(title), title);
        }
    }

    #[test]
    fn what_would_form_markup_is_escaped_once_more() {
        assert_eq!(same_twice("<b>bold</b>"), "&lt;b>bold&lt;/b>");
        assert_eq!(same_twice("a <> b"), "a &lt;> b");
        assert_eq!(same_twice("the &lt; sign"), "the &amp;lt; sign");
        assert_eq!(same_twice("&copy2026 &#60;"), "&amp;copy2026 &amp;#60;");
    }

    #[test]
    fn a_date_has_four_digits_of_a_year_and_a_numeric_zone() {
        let time = "0999-03-05T07:08:09Z".parse().expect("a time");
        assert_eq!(rfc822(time), "Tue, 05 Mar 0999 07:08:09 +0000");
    }
}
