//! Any bytes as a subscription list; what was read is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use merganser::opml;

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = opml::read(bytes) else { return };
    let again = opml::read(opml::write("fuzz", &list).as_bytes()).unwrap_or_default();
    assert_eq!(list.len(), again.len());
});
