//! The bytes of one answer, and what the transport said about them.

use bytes::Bytes;
use url::Url;

/// One feed document as it came: undecoded bytes (content codings already undone).
#[derive(Debug, Clone)]
pub struct Document {
    pub bytes: Bytes,
    /// The `Content-Type` field, verbatim; its charset is a hint that may be wrong (RFC 9110 8.3).
    pub content_type: Option<String>,
    /// Where the document came from, after redirects: the base of relative URLs (RFC 3986 5.1.3).
    pub base: Option<Url>,
}
