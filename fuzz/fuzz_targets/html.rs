//! Any text as an entry's content: what comes out is harmless, and stays as it is when it
//! is cleaned once more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use merganser::{
    model::{RawEntry, RawText, TextKind},
    parse,
};

fuzz_target!(|markup: &str| {
    let Some(once) = cleaned(markup) else { return };
    let lower = once.to_lowercase();
    for tag in ["<script", "<style", "<iframe", "<svg", "<math", "<object", "<form", "<base"] {
        assert!(!lower.contains(tag), "{once}");
    }
    assert_eq!(cleaned(&once).unwrap_or_default(), once.trim());
});

fn cleaned(markup: &str) -> Option<String> {
    let content = Some(RawText { text: markup.into(), kind: TextKind::Html, base: None });
    let raw = RawEntry { content, ..RawEntry::default() };
    let entry = parse::finish(raw, chrono::DateTime::UNIX_EPOCH, &mut Vec::new());
    let html = entry.content?;
    let _ = parse::html::text(&html);
    Some(html.into_string())
}
