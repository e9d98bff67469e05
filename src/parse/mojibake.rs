//! Text that went through the wrong encoding before it became a feed.
//!
//! In: characters. Out: what their author wrote, where it is certain. UTF-8 that a program
//! took for windows-1252 and encoded again ("â€¦" for "…") leaves a mark that no text in any
//! language has by chance: all its letters beyond ASCII, as windows-1252, are valid UTF-8.

use encoding_rs::WINDOWS_1252;

/// The text before it was encoded twice; `None` where it was not.
pub(super) fn mended(text: &str) -> Option<String> {
    // The first letter beyond ASCII must be the first byte of a sequence, and the next one
    // another byte of that: nearly every text ends its examination here.
    if text.is_ascii() {
        return None;
    }
    let first = text.bytes().position(|byte| !byte.is_ascii())?;
    let mut letters = text.get(first..)?.chars();
    if !matches!(letters.next()?, '\u{C2}'..='\u{F4}') || letters.next()?.is_ascii() {
        return None;
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    if unmappable {
        return None;
    }
    std::str::from_utf8(&bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_encoded_twice_is_decoded_once_more() {
        assert_eq!(mended("Itâ€™s a cafÃ©").as_deref(), Some("It’s a café"));
    }

    #[test]
    fn honest_text_stays() {
        for text in
            ["plain", "café", "Ãngela", "“quoted”", "日本語", "Á Ñ", "CAFÉ »", "naïveté", "éé"]
        {
            assert_eq!(mended(text), None, "{text}");
        }
    }
}
