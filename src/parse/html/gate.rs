//! The gate that all HTML passes on its way in: ammonia with our table.
//!
//! In: HTML that `rebuild` has made small and regular. Out: [`Html`]. Nothing here depends
//! on `rebuild` being right about harm: the gate parses, judges and writes on its own. What
//! [`regular`] knows to come out of that as it went in is spared it.

use std::{collections::HashMap, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

use super::{allow, regular};
use crate::model::Html;

/// Raised whenever a rule here changes, so that a store can clean its old rows again.
pub const RULES_VERSION: u32 = 1;

/// What the gate says of some HTML.
pub(super) enum Judged {
    /// It was in order.
    AsItCame(Html),
    /// It is now: something was taken out, put in or moved.
    Changed(Html),
}

pub(super) fn judged(html: String) -> Judged {
    if regular::is_regular(&html) {
        return Judged::AsItCame(Html::sanitized(html));
    }
    let parsed = parsed(&html);
    if parsed == html {
        Judged::AsItCame(Html::sanitized(parsed))
    } else {
        Judged::Changed(Html::sanitized(parsed))
    }
}

/// What the parser makes of it.
pub(super) fn parsed(html: &str) -> String {
    GATE.clean(html).to_string()
}

static GATE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut gate = Builder::empty();
    gate.tags(allow::ELEMENTS.all.iter().copied().collect())
        .clean_content_tags(allow::REMOVED_WITH_CONTENT.iter().copied().collect())
        .generic_attributes(allow::GENERIC_ATTRIBUTES.iter().copied().collect())
        .tag_attributes(
            allow::ATTRIBUTES
                .iter()
                .map(|(element, names)| (*element, names.iter().copied().collect()))
                .collect(),
        )
        .set_tag_attribute_values(HashMap::from([("img", HashMap::from([("loading", "lazy")]))]))
        .url_schemes(["http", "https", "mailto"].into())
        // Addresses are absolute by now; one that is not has no meaning here.
        .url_relative(UrlRelative::Deny)
        .link_rel(Some(allow::LINK_REL))
        .strip_comments(true);
    gate
});
