//! Bytes to characters.
//!
//! In: a document's bytes and what the transport said of them. Out: text without control
//! characters, and what had to be mended. A label is believed only where the bytes agree:
//! first a byte order mark, then UTF-16 or UTF-32 by pattern, then bytes that are valid
//! UTF-8, then the transport's charset, the XML declaration's, and at last a guess
//! (RFC 7303 section 3, tempered: a wrong header must not spoil a right document).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a document its XML declaration is looked for.
const DECLARATION_BYTES: usize = 1024;
/// Bytes that the guess looks at; more do not make it better.
const GUESS_BYTES: usize = 256 * 1024;
/// One bad byte in so many good sequences of UTF-8 is an accident in a UTF-8 document, more
/// are another encoding.
const ACCIDENT_RATIO: usize = 4;

/// Characters, and how they came about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded<'d> {
    pub text: Cow<'d, str>,
    /// One line for each thing that was mended.
    pub repairs: Vec<String>,
}

/// Decodes a document, `content_type` being the transport's word on it.
pub(super) fn decode<'d>(bytes: &'d [u8], content_type: Option<&str>) -> Decoded<'d> {
    let mut repairs = Vec::new();
    let text = characters(bytes, content_type, &mut repairs);
    let text = without_controls(text, &mut repairs);
    Decoded { text, repairs }
}

/// The character that windows-1252 has for a byte; bytes it leaves free map to themselves.
pub(super) fn windows_1252(byte: u8) -> char {
    let bytes = [byte];
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn characters<'d>(
    bytes: &'d [u8],
    content_type: Option<&str>,
    repairs: &mut Vec<String>,
) -> Cow<'d, str> {
    let (bytes, marked) = byte_order_mark(bytes);
    match marked.or_else(|| wide_pattern(bytes)) {
        Some(Wide::Utf8) => return utf_8_or_guess(bytes, true, repairs),
        Some(Wide::Utf16(encoding)) => {
            let (text, errors) = encoding.decode_without_bom_handling(bytes);
            if errors {
                repairs.push(format!("{}: broken characters replaced", encoding.name()));
            }
            return text;
        }
        Some(Wide::Utf32 { big_endian }) => {
            return Cow::Owned(utf_32(bytes, big_endian));
        }
        None => {}
    }
    let labels = Labels::of(bytes, content_type);
    // Seven-bit encodings such as ISO-2022-JP are valid UTF-8 as they stand.
    if let Some(encoding) = labels
        .first()
        .filter(|label| !label.is_ascii_compatible() && *label != UTF_16LE && *label != UTF_16BE)
        && let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return text;
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        if let Some(label) = labels.first()
            && label != UTF_8
            && !bytes.is_ascii()
        {
            repairs.push(format!("labelled {}, but is UTF-8", label.name()));
        }
        return Cow::Borrowed(text);
    }
    for label in [labels.transport, labels.declared].into_iter().flatten() {
        if label == UTF_8 || label == UTF_16LE || label == UTF_16BE {
            continue;
        }
        if let Some(text) = label.decode_without_bom_handling_and_without_replacement(bytes) {
            return text;
        }
        repairs.push(format!("labelled {}, but does not decode as such", label.name()));
    }
    utf_8_or_guess(bytes, labels.first() == Some(UTF_8), repairs)
}

/// What a mark or a pattern of zero bytes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    Utf8,
    Utf16(&'static Encoding),
    Utf32 { big_endian: bool },
}

fn byte_order_mark(bytes: &[u8]) -> (&[u8], Option<Wide>) {
    let marks: [(&[u8], Wide); 5] = [
        (b"\xEF\xBB\xBF", Wide::Utf8),
        // Before UTF-16, whose little-endian mark is the beginning of this one.
        (b"\xFF\xFE\0\0", Wide::Utf32 { big_endian: false }),
        (b"\0\0\xFE\xFF", Wide::Utf32 { big_endian: true }),
        (b"\xFF\xFE", Wide::Utf16(UTF_16LE)),
        (b"\xFE\xFF", Wide::Utf16(UTF_16BE)),
    ];
    for (mark, wide) in marks {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return (rest, Some(wide));
        }
    }
    (bytes, None)
}

/// UTF-16 and UTF-32 without a mark: `<`, `{` or white space between zeros (XML 1.0 appendix F).
fn wide_pattern(bytes: &[u8]) -> Option<Wide> {
    let plain = |byte: u8| matches!(byte, b'<' | b'{' | b'\t' | b'\n' | b'\r' | b' ');
    match *bytes.first_chunk::<4>()? {
        [0, 0, 0, byte] if plain(byte) => Some(Wide::Utf32 { big_endian: true }),
        [byte, 0, 0, 0] if plain(byte) => Some(Wide::Utf32 { big_endian: false }),
        [0, byte, 0, next] if plain(byte) && next != 0 => Some(Wide::Utf16(UTF_16BE)),
        [byte, 0, next, 0] if plain(byte) && next != 0 => Some(Wide::Utf16(UTF_16LE)),
        _ => None,
    }
}

fn utf_32(bytes: &[u8], big_endian: bool) -> String {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&unit| if big_endian { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) })
        .map(|number| char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Charset labels, as browsers know them (WHATWG Encoding, "get an encoding").
struct Labels {
    transport: Option<&'static Encoding>,
    declared: Option<&'static Encoding>,
}

impl Labels {
    fn of(bytes: &[u8], content_type: Option<&str>) -> Self {
        Self {
            transport: content_type.and_then(charset_parameter),
            declared: declared_encoding(bytes),
        }
    }

    fn first(&self) -> Option<&'static Encoding> {
        self.transport.or(self.declared)
    }
}

/// The `charset` parameter of a media type (RFC 9110 section 8.3.2).
fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            return None;
        }
        Encoding::for_label(value.trim().trim_matches(['"', '\'']).as_bytes())
    })
}

/// The `encoding` of `<?xml version="1.0" encoding="…"?>`.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..DECLARATION_BYTES.min(bytes.len()))?;
    let start = find(head, b"<?xml")?;
    let declaration = head.get(start..)?;
    let declaration = declaration.get(..find(declaration, b">")?)?;
    let value = declaration.get(find(declaration, b"encoding")? + b"encoding".len()..)?;
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    Encoding::for_label(value.get(..end)?)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Bytes that are not valid UTF-8: nearly so, or something else altogether.
fn utf_8_or_guess<'d>(
    bytes: &'d [u8],
    called_utf_8: bool,
    repairs: &mut Vec<String>,
) -> Cow<'d, str> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut good = 0;
    let mut bad = 0;
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    if good >= bad * ACCIDENT_RATIO {
        repairs.push(format!("{bad} bytes that are not UTF-8 read as windows-1252"));
        let mut text = String::with_capacity(bytes.len() + bad * 2);
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|&byte| windows_1252(byte)));
        }
        return Cow::Owned(text);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    // The first bytes that are not ASCII carry all the evidence.
    let start = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0).saturating_sub(64);
    let sample = bytes.get(start..).unwrap_or(bytes);
    let end = GUESS_BYTES.min(sample.len());
    detector.feed(sample.get(..end).unwrap_or(sample), end == sample.len());
    let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
    let called = if called_utf_8 { "labelled UTF-8, but is not" } else { "no label that fits" };
    repairs.push(format!("{called}: read as {}", encoding.name()));
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    text
}

/// Drops what XML forbids (section 2.2) and turns C1 controls into what their author saw:
/// they are windows-1252 that somebody took for ISO-8859-1.
fn without_controls<'d>(text: Cow<'d, str>, repairs: &mut Vec<String>) -> Cow<'d, str> {
    if !has_controls(text.as_bytes()) {
        return text;
    }
    let mut dropped = 0_usize;
    let mut mapped = 0_usize;
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' => clean.push(character),
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' | '\u{FEFF}' => dropped += 1,
            '\u{80}'..='\u{9F}' => {
                mapped += 1;
                clean.push(windows_1252(character as u32 as u8));
            }
            _ => clean.push(character),
        }
    }
    if dropped > 0 {
        repairs.push(format!("{dropped} control characters dropped"));
    }
    if mapped > 0 {
        repairs.push(format!("{mapped} C1 controls read as windows-1252"));
    }
    Cow::Owned(clean)
}

fn has_controls(bytes: &[u8]) -> bool {
    // Passes of simple loops without an early end, which the compiler turns into wide
    // instructions.
    let low = bytes.iter().fold(false, |found, &byte| {
        found | (byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r')
    });
    if low || bytes.is_ascii() {
        return low;
    }
    let second = bytes.get(1..).unwrap_or_default();
    let third = bytes.get(2..).unwrap_or_default();
    let c1 = bytes.iter().zip(second).fold(false, |found, (&first, &second)| {
        found | (first == 0xC2 && (0x80..=0x9F).contains(&second))
    });
    c1 || bytes.iter().zip(second).zip(third).fold(false, |found, ((&first, &second), &third)| {
        // U+FFFE and U+FFFF, and a byte order mark that is none.
        found
            | (first == 0xEF
                && ((second == 0xBF && third >= 0xBE) || (second == 0xBB && third == 0xBF)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], content_type: Option<&str>) -> String {
        decode(bytes, content_type).text.into_owned()
    }

    #[test]
    fn clean_utf_8_is_borrowed_and_needs_no_repair() {
        let decoded = decode("<a>é</a>".as_bytes(), None);
        assert!(matches!(decoded.text, Cow::Borrowed(_)));
        assert!(decoded.repairs.is_empty());
    }

    #[test]
    fn a_byte_order_mark_outranks_every_label() {
        let mut bytes = b"\xFF\xFE".to_vec();
        bytes.extend("<é>".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(text(&bytes, Some("text/xml; charset=utf-8")), "<é>");
    }

    #[test]
    fn wide_encodings_are_known_without_a_mark() {
        let utf_16: Vec<u8> = "<é>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text(&utf_16, None), "<é>");
        let utf_32: Vec<u8> = "<é>".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        assert_eq!(text(&utf_32, None), "<é>");
    }

    #[test]
    fn a_wrong_label_does_not_spoil_valid_utf_8() {
        let decoded = decode("<é>".as_bytes(), Some("text/xml; charset=iso-8859-1"));
        assert_eq!(decoded.text, "<é>");
        assert_eq!(decoded.repairs.len(), 1);
    }

    #[test]
    fn a_label_is_believed_where_the_bytes_agree() {
        assert_eq!(
            text(b"<?xml version='1.0' encoding='koi8-r'?>\xC6", None).chars().last(),
            Some('ф')
        );
        assert_eq!(text(b"\xC6", Some("text/xml; charset=\"koi8-r\"")), "ф");
        assert_eq!(
            text(b"<?xml encoding='iso-2022-jp'?>\x1B$B$\"\x1B(B", None).chars().last(),
            Some('あ')
        );
    }

    #[test]
    fn stray_bytes_in_utf_8_are_read_as_windows_1252() {
        assert_eq!(text(b"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 \x93", None), "éééé “");
    }

    #[test]
    fn a_western_document_that_claims_utf_8_is_guessed() {
        let bytes = b"<?xml version='1.0' encoding='utf-8'?><p>caf\xE9 d\xE9j\xE0 vu, c'\xE9tait l'\xE9t\xE9</p>";
        assert!(text(bytes, None).contains("café déjà vu"));
    }

    #[test]
    fn controls_are_dropped_and_c1_is_mapped() {
        assert_eq!(text("a\u{0}\u{B}b\u{92}c".as_bytes(), None), "ab’c");
    }
}
