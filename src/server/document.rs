//! One document in memory, with the forms it is sent in.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderValue;
use bytes::Bytes;

use super::coding::Coding;
use crate::{
    model::Time,
    publish::{Rendered, pages::Page},
};

/// A rendered document: its bytes, validators, and what goes with it in the header.
#[derive(Debug)]
pub struct Document {
    pub plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
    /// Strong, quotes included, for the plain form.
    pub etag: String,
    pub last_modified: Option<Time>,
    pub content_type: &'static str,
    pub kind: Kind,
    /// `Link` fields.
    pub links: Vec<HeaderValue>,
}

/// How a document may be kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An output that readers subscribe to.
    Feed,
    /// A part of an output that does not change any more.
    Archive,
    /// What is new since a tag (RFC 3229): not for caches that know nothing of it.
    Delta,
    Page,
    /// A page that is another one in a moment.
    LivePage,
    /// A file that pages refer to.
    Asset,
    /// The same, whose address is another one when its bytes are.
    Versioned,
}

impl Document {
    pub fn feed(rendered: Rendered, kind: Kind, links: Vec<HeaderValue>) -> Self {
        Self {
            plain: rendered.bytes,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            etag: rendered.etag,
            last_modified: rendered.last_modified,
            content_type: rendered.format.content_type(),
            kind,
            links,
        }
    }

    pub fn page(page: Page, last_modified: Option<Time>, kind: Kind) -> Self {
        Self::text(page.0, "text/html; charset=utf-8", last_modified, kind)
    }

    pub fn text(
        text: String,
        content_type: &'static str,
        last_modified: Option<Time>,
        kind: Kind,
    ) -> Self {
        let plain = Bytes::from(text);
        Self {
            etag: format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&plain)),
            plain,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            last_modified,
            content_type,
            kind,
            links: Vec::new(),
        }
    }

    /// The tag of one of its forms.
    pub fn tag(&self, coding: Coding) -> String {
        let plain = self.etag.strip_suffix('"').unwrap_or(&self.etag);
        format!("{plain}{}\"", coding.tag_ending())
    }

    /// The bytes in one of its forms: made at the first request for it, on a blocking
    /// thread, and kept.
    pub async fn bytes(self: &Arc<Self>, coding: Coding) -> Bytes {
        let kept = match coding {
            Coding::Identity => return self.plain.clone(),
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        };
        if let Some(bytes) = kept.get() {
            return bytes.clone();
        }
        let document = Arc::clone(self);
        let work = move || {
            let kept = match coding {
                Coding::Identity => return document.plain.clone(),
                Coding::Gzip => &document.gzip,
                Coding::Brotli => &document.brotli,
            };
            kept.get_or_init(|| coding.code(&document.plain)).clone()
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_default()
    }

    /// What it costs to keep: the coded forms are a fraction of the plain one.
    pub fn weight(&self) -> usize {
        self.plain.len().saturating_mul(3) / 2 + 1_024
    }
}
