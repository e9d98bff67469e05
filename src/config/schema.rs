//! Every section and key that a config may have. `config/merganser.toml` documents each of
//! them with default and unit; a test keeps the two in step.

/// A section of the config.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    pub name: &'static str,
    /// Written `[[name]]`, any number of times.
    pub many: bool,
    pub keys: &'static [&'static str],
}

pub const SECTIONS: &[Section] = &[STORE, FETCH, DEDUP, RETENTION, SERVER, OUTPUT, FEED];

pub(super) const STORE: Section = Section { name: "store", many: false, keys: &["path"] };

pub(super) const FETCH: Section = Section {
    name: "fetch",
    many: false,
    keys: &[
        "interval",
        "min_interval",
        "max_interval",
        "timeout",
        "concurrency",
        "per_host",
        "host_delay",
        "max_body",
        "websub",
        "allow_private_networks",
        "user_agent_contact",
    ],
};

pub(super) const DEDUP: Section =
    Section { name: "dedup", many: false, keys: &["near_duplicates", "window"] };

pub(super) const RETENTION: Section = Section { name: "retention", many: false, keys: &["keep"] };

pub(super) const SERVER: Section =
    Section { name: "server", many: false, keys: &["listen", "base_url", "hub", "images"] };

pub(super) const OUTPUT: Section = Section {
    name: "output",
    many: true,
    keys: &[
        "name",
        "title",
        "description",
        "limit",
        "tags",
        "feeds",
        "include",
        "exclude",
        "max_per_feed",
        "name_others",
        "path",
    ],
};

pub(super) const FEED: Section = Section {
    name: "feed",
    many: true,
    keys: &["url", "name", "tags", "interval", "schedule", "dedup"],
};

/// What someone who wrote `word` in `section` may have meant.
pub(super) fn meant(word: &str, section: &Section) -> Option<String> {
    if let Some(key) = nearest(word, section.keys.iter().copied()) {
        return Some(format!("did you mean \"{key}\"?"));
    }
    let home = SECTIONS.iter().find(|other| other.keys.contains(&word))?;
    Some(format!("it belongs in {}", home.header()))
}

/// The section that someone who wrote `word` at the top may have meant.
pub(super) fn meant_section(word: &str) -> Option<String> {
    if let Some(name) = nearest(word, SECTIONS.iter().map(|section| section.name)) {
        let section = SECTIONS.iter().find(|section| section.name == name)?;
        return Some(format!("did you mean {}?", section.header()));
    }
    let homes: Vec<String> = SECTIONS
        .iter()
        .filter(|section| section.keys.contains(&word))
        .map(Section::header)
        .collect();
    (!homes.is_empty()).then(|| format!("it belongs in {}", homes.join(" or ")))
}

impl Section {
    /// As it is written in the file.
    pub fn header(&self) -> String {
        if self.many { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }
}

/// The known word closest to `word`, if a slip of the finger explains the difference.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let folded = word.to_ascii_lowercase().replace('-', "_");
    let slips = |len: usize| (len / 3).clamp(1, 3);
    known
        .map(|key| (distance(&folded, key), key))
        .filter(|(distance, key)| *distance <= slips(key.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// Levenshtein's distance. Both words are bounded: a key beyond this is no slip of the finger.
fn distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 64;
    if left.len() > LONGEST {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        let mut next = vec![previous];
        for (above, r) in row.iter().skip(1).zip(&right) {
            previous = (diagonal + usize::from(l != *r)).min(above + 1).min(previous + 1);
            diagonal = *above;
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(meant("intervall", &FETCH).unwrap(), "did you mean \"interval\"?");
        assert_eq!(meant("max-body", &FETCH).unwrap(), "did you mean \"max_body\"?");
        assert_eq!(meant("tag", &FEED).unwrap(), "did you mean \"tags\"?");
        assert_eq!(meant_section("feeds").unwrap(), "did you mean [[feed]]?");
    }

    #[test]
    fn a_key_of_another_section_is_sent_home() {
        assert_eq!(meant("listen", &FETCH).unwrap(), "it belongs in [server]");
        assert_eq!(meant_section("keep").unwrap(), "it belongs in [retention]");
        assert_eq!(meant("nonsense", &FETCH), None);
    }

    #[test]
    fn distance_counts_single_slips() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
