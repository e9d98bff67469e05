//! Keeps feeds apart without chance: a feed's place is a hash of its URL.

use std::time::Duration;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::scaled;

/// The feed's place, evenly spread over `0.0..1.0`; the same for ever.
pub(super) fn fraction(url: &Url) -> f64 {
    // 53 bits are what an f64 holds exactly, so that 1.0 is never reached.
    (xxh3_64(url.as_str().as_bytes()) >> 11) as f64 / (1_u64 << 53) as f64
}

/// How long the `nth` (from 0) of `of` feeds waits that are all due at once: because they
/// are new, or because nobody polled for a while.
///
/// A handful starts at once, since each is another's server and somebody waits for it;
/// more are spread evenly over the interval, so that the start is no faster than the rest.
pub fn stagger(nth: usize, of: usize, interval: Duration) -> Duration {
    if of <= A_HANDFUL {
        return Duration::ZERO;
    }
    scaled(interval, nth.min(of) as f64 / of as f64)
}

/// So many requests at once are felt by nobody, ourselves included.
const A_HANDFUL: usize = 100;
