//! feed-rs, for the documents that it carries in full.

use super::extract::{Context, Found};

/// Reads a plain document, or says why it is none.
pub(super) fn read(
    _text: &str,
    _context: &Context<'_>,
    _clean: bool,
) -> Result<Found, &'static str> {
    Err("not plain")
}
