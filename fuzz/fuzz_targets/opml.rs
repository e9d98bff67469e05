//! Any bytes as a subscription list; what was read is written and read again the same, but for
//! credentials, which never leave.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use merganser::{model::redacted, opml};

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = opml::read(bytes) else { return };
    let again = opml::read(opml::write("fuzz", &list).as_bytes()).unwrap_or_default();
    let addresses: HashSet<_> = list.iter().map(|feed| redacted(&feed.url)).collect();
    assert_eq!(addresses.len(), again.len());
});
