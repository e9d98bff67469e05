//! What may leave, by the letter of the standards: lines of text, addresses, ids, tags.
//!
//! Readers forgive, validators do not; what does not fit is mended where its meaning stays,
//! else left out.

use std::collections::HashSet;

use sha1::{Digest, Sha1};
use url::{Position, Url};

use super::xml::clean;
use crate::model::redacted;

/// `text` as one clean line; none if nothing is left.
pub(super) fn line(text: &str) -> Option<String> {
    let text = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// Clean lines, each once.
pub(super) fn lines(texts: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.iter().filter_map(|text| line(text)).filter(|text| seen.insert(text.clone())).collect()
}

/// An address that may leave: http(s), without a password in it, and a URI by the letter:
/// browsers let a few characters pass that RFC 3986 (appendix A) has no place for.
pub(super) fn web(url: &Url) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let url = redacted(url);
    let (front, rest) = (&url[..Position::BeforePath], &url[Position::BeforePath..]);
    let mut address = front.to_owned();
    for char in rest.chars() {
        if "[]{}|\\^`\"<> ".contains(char) {
            address.push_str(&format!("%{:02X}", char as u32));
        } else {
            address.push(char);
        }
    }
    Some(address)
}

/// A language tag by its shape, RFC 5646 section 2.1: a code of ISO 639 first, so that
/// neither "english" is one nor "jp", which feeds say where they mean "ja".
pub(super) fn language(tag: &str) -> Option<String> {
    let mut parts = tag.split('-');
    let first = parts.next()?;
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let good = (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (first.len() == 3 || LANGUAGES.split(' ').any(|code| code.eq_ignore_ascii_case(first)))
        && parts.all(is_part);
    good.then(|| tag.to_owned())
}

/// ISO 639-1.
const LANGUAGES: &str = "\
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy \
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu \
    hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb \
    lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om \
    or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw \
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// A media type by its shape: `type/subtype`, parameters cut off. RFC 6838 section 4.2.
pub(super) fn media_type(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or(text).trim();
    let (kind, subtype) = essence.split_once('/')?;
    let is_name = |name: &str| {
        name.starts_with(|char: char| char.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    (is_name(kind) && is_name(subtype)).then(|| essence.to_ascii_lowercase())
}

/// Absolute, and free of what no IRI may hold. RFC 3987 section 2.2.
pub(super) fn is_iri(id: &str) -> bool {
    let forbidden =
        |char: char| char.is_whitespace() || char.is_control() || "<>\"{}|\\^`".contains(char);
    !id.contains(forbidden) && clean(id) == id && Url::parse(id).is_ok()
}

/// A name made from a text, the same for ever: a UUID by a hash of ours, RFC 9562 section 5.8.
pub(super) fn urn(kind: &str, text: &str) -> String {
    let digest = Sha1::new().chain_update(b"merganser/").chain_update(kind).chain_update(b"/");
    let digest = digest.chain_update(text).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    let bits = u128::from_be_bytes(bytes);
    let bits = bits & !(0xf << 76) | (0x8 << 76);
    let bits = bits & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let cuts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let groups: Vec<&str> = cuts.iter().filter_map(|&(from, to)| hex.get(from..to)).collect();
    format!("urn:uuid:{}", groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shapes_of_tags_and_types_pass() {
        assert_eq!(language("zh-Hant-TW").as_deref(), Some("zh-Hant-TW"));
        assert_eq!(language("en_US"), None);
        assert_eq!(language("english"), None);
        assert_eq!(language("jp"), None);
        assert_eq!(language("EN-us").as_deref(), Some("EN-us"));
        assert_eq!(language("haw").as_deref(), Some("haw"));
        assert_eq!(language(""), None);
        assert_eq!(media_type("Audio/MPEG; x=1").as_deref(), Some("audio/mpeg"));
        assert_eq!(media_type("mp3"), None);
    }
}
