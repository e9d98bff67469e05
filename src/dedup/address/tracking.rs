//! Names of query parameters that say how somebody came to a page, not which page it is.

/// Whether the parameter of this lower-case name never tells two pages apart.
pub(super) fn is_tracking_parameter(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok() || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a parameter that may mean anything means, by its value, where somebody came from.
///
/// `source=rss` and `ref=news.example.org` do, `source=42` does not.
pub(super) fn tells_where_from(name: &str, value: &str) -> bool {
    if AMP_SWITCHES.contains(&name) {
        return matches!(value.to_ascii_lowercase().as_str(), "" | "1" | "amp" | "true");
    }
    if !AMBIGUOUS.contains(&name) {
        return false;
    }
    let value = value.to_ascii_lowercase();
    let word = value.trim_end_matches(|c: char| c.is_ascii_digit());
    CHANNELS.contains(&word)
        || ["rss", "feed", "atom", "newsletter", "email", "twitter", "facebook"].iter().any(
            |start| {
                value.strip_prefix(start).is_some_and(|rest| rest.starts_with(['_', '-', '.', '%']))
            },
        )
        || looks_like_host(&value)
}

fn looks_like_host(value: &str) -> bool {
    value.rsplit_once('.').is_some_and(|(name, ending)| {
        !name.is_empty()
            && (2..=8).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    })
}

const PREFIXES: &[&str] = &[
    "__hs", "_bta_", "at_", "bsft_", "elq", "fb_", "ga_", "hsa_", "itm_", "matomo_", "mtm_", "ns_",
    "oly_", "piwik_", "pk_", "rb_click", "sc_c", "stm_", "trk_", "utm-", "utm_", "vero_", "wt.",
    "wt_",
];

/// Sorted.
const NAMES: &[&str] = &[
    "__readwiselocation",
    "__s",
    "__source",
    "__tn__",
    "__twitter_impression",
    "_branch_match_id",
    "_cid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_ke",
    "_openstat",
    "action_object_map",
    "action_ref_map",
    "action_type_map",
    "admitad_uid",
    "algo_expid",
    "asc_campaign",
    "asc_refurl",
    "asc_source",
    "awc",
    "bbeml",
    "ck_subscriber_id",
    "click_id",
    "clickid",
    "cmp",
    "cmpid",
    "cndid",
    "correlation_id",
    "dclid",
    "dm_i",
    "dpg_campaign",
    "echobox",
    "ef_id",
    "epik",
    "esrc",
    "fbclid",
    "fr_ref",
    "ftag",
    "ftcamp",
    "gbraid",
    "gclid",
    "gclsrc",
    "gs_l",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "gwt_campaign",
    "hootpostid",
    "icid",
    "ig_mid",
    "igsh",
    "igshid",
    "int_cmp",
    "intcid",
    "intcmp",
    "irclickid",
    "ito",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mc_tc",
    "mibextid",
    "mkt_tok",
    "mkwid",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "msockid",
    "mtm",
    "ncid",
    "nr_email_referer",
    "ocid",
    "oicd",
    "pcrid",
    "print",
    "recruiter",
    "ref_src",
    "ref_url",
    "referer",
    "referrer",
    "rss",
    "s_cid",
    "s_kwcid",
    "sara_ecid",
    "sfmc_id",
    "sfnsn",
    "sharetype",
    "shpxid",
    "smid",
    "sms_ss",
    "smtyp",
    "soc_src",
    "soc_trk",
    "spm",
    "sr_share",
    "srsltid",
    "sscid",
    "taid",
    "tblci",
    "tduid",
    "trk",
    "trkcampaign",
    "tsrc",
    "ttclid",
    "twclid",
    "unicorn_click_id",
    "vgo_ee",
    "wbraid",
    "wickedid",
    "wprov",
    "xtor",
    "yclid",
    "ymclid",
    "ysclid",
    "zanpid",
];

/// Parameters that mean a page on one site and a channel on another.
const AMBIGUOUS: &[&str] = &[
    "campaign", "channel", "cid", "emc", "feature", "from", "ft", "medium", "mod", "origin",
    "partner", "ref", "referral", "share", "source", "src", "via",
];

const AMP_SWITCHES: &[&str] = &["amp", "isamp", "output", "outputtype"];

/// What such a parameter is set to where it means a channel.
const CHANNELS: &[&str] = &[
    "app",
    "atom",
    "bluesky",
    "bsky",
    "dlvr",
    "email",
    "emailshare",
    "facebook",
    "fb",
    "feed",
    "feedburner",
    "feedly",
    "feeds",
    "googlenews",
    "hackernews",
    "hn",
    "homepage",
    "inoreader",
    "instagram",
    "linkedin",
    "mail",
    "mastodon",
    "newsletter",
    "pocket",
    "push",
    "reddit",
    "rss",
    "share",
    "sharing",
    "social",
    "syndication",
    "t.co",
    "telegram",
    "threads",
    "tw",
    "twitter",
    "whatsapp",
    "www",
    "x",
    "youtu.be",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_so_that_they_can_be_searched() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn an_ambiguous_name_is_judged_by_its_value() {
        assert!(tells_where_from("ref", "rss"));
        assert!(tells_where_from("source", "rss_feed"));
        assert!(tells_where_from("ref", "news.example.org"));
        assert!(!tells_where_from("ref", "heads-main"));
        assert!(!tells_where_from("source", "42"));
        assert!(!tells_where_from("id", "rss"));
    }
}
