//! Any text as a date, in the plainest document that carries one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use merganser::{model::Document, parse};

fuzz_target!(|text: &str| {
    let text: String = text.chars().filter(|c| !matches!(c, '"' | '\\') && *c >= ' ').collect();
    let feed = format!(r#"{{"version":"1.1","items":[{{"id":"1","date_published":"{text}"}}]}}"#);
    let document = Document { bytes: feed.into_bytes().into(), content_type: None, base: None };
    let _ = parse::parse(&document, chrono::DateTime::UNIX_EPOCH);
});
