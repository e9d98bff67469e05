//! Any bytes as a document: no panic, no hang, and the same guids at every reading.
#![no_main]

use libfuzzer_sys::fuzz_target;
use merganser::{model::Document, parse};

fuzz_target!(|bytes: &[u8]| {
    let document = Document { bytes: bytes.to_vec().into(), content_type: None, base: None };
    let now = chrono::DateTime::UNIX_EPOCH;
    let first = parse::parse(&document, now);
    let again = parse::parse(&document, now);
    match (first, again) {
        (Ok(first), Ok(again)) => assert_eq!(first, again),
        (first, again) => assert_eq!(first.is_ok(), again.is_ok()),
    }
});
