//! Articles and feed states to HTML pages: view models, and the templates that show them.
//!
//! In: plain data and the [`PageSite`] that the page is part of. Out: a [`Page`]. Pure: the
//! same input gives the same bytes, for there is no "now" on a page. Never here: I/O, a
//! query, a script.
//!
//! Foreign text reaches a page in one of two ways: as text, which the templates escape, or
//! as [`Markup`], which only `markup` and `gate` can make.

mod article;
mod card;
mod chart;
mod frame;
mod gate;
mod highlight;
mod markup;
mod river;
mod search;
mod status;
mod text;
mod tokens;
mod when;

use askama::Template;

pub use article::article;
pub use frame::{PageSite, Style, encoded};
pub use markup::Markup;
pub use river::{Narrowed, River, river, standalone};
pub use search::{Search, search};
pub use status::status;

/// A whole HTML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page(pub String);

impl Page {
    fn of(template: &impl Template) -> Self {
        // Templates are checked when we are compiled, and writing to a string cannot fail.
        Self(template.render().unwrap_or_default())
    }
}

/// A page that only says something: not found, busy, broken.
pub fn message(site: &PageSite, heading: &str, text: &str) -> Page {
    let mut frame = site.frame(heading, "");
    frame.unlisted = true;
    Page::of(&Message { frame, heading: heading.to_owned(), text: text.to_owned() })
}

/// The style sheet of all pages.
pub const STYLE_SHEET: &str = include_str!("../../server/assets/style.css");

/// The style sheet for a page that carries it.
fn style() -> Markup {
    let mut style = Markup::default();
    style.push_ours(STYLE_SHEET);
    style
}

/// The policy of a page that stands alone: our own styles, pictures and sound, no script.
fn file_policy(images: bool) -> String {
    use sha2::Digest as _;
    let hash = base64(&sha2::Sha256::digest(STYLE_SHEET.as_bytes()));
    let pictures = if images { "img-src https: data:; " } else { "" };
    format!(
        "default-src 'none'; {pictures}media-src https:; style-src 'sha256-{hash}'; \
         form-action 'none'; base-uri 'none'"
    )
}

/// Base 64 (RFC 4648 section 4), for the one hash that needs it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for place in 0..4_usize {
            let sextet = word >> (18 - 6 * place) & 63;
            let sign = if place > chunk.len() { Some(&b'=') } else { ALPHABET.get(sextet) };
            out.extend(sign.copied().map(char::from));
        }
    }
    out
}

#[derive(Debug, Template)]
#[template(path = "message.html", whitespace = "minimize")]
struct Message {
    frame: frame::Frame,
    heading: String,
    text: String,
}

#[cfg(test)]
mod tests;
