//! Which entry an article is shown as.
//!
//! In: what is known of its members. Out: the one. The origin's own feed comes before a
//! planet's or an aggregator's copy, then the fuller text, then the earlier. The store asks
//! when an article is made and when its representative has gone, and otherwise keeps the
//! choice: what readers have seen does not change under them.

use crate::model::{EntryId, Time};

/// What speaks for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub entry: EntryId,
    /// It names another feed as its source (`atom:source`).
    pub names_origin: bool,
    /// Its link leads to the site that its feed belongs to.
    pub at_home: bool,
    /// Characters of its text.
    pub text: usize,
    pub at: Time,
}

/// The member to show.
pub fn representative(claims: &[Claim]) -> Option<EntryId> {
    claims
        .iter()
        .min_by_key(|claim| {
            let fullness = std::cmp::Reverse(claim.text / SAME_FULLNESS);
            (claim.names_origin, !claim.at_home, fullness, claim.at, claim.entry)
        })
        .map(|claim| claim.entry)
}

/// Texts that differ by fewer characters are equally full: a byline more is no merit.
const SAME_FULLNESS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(entry: i64) -> Claim {
        let at = Time::from_timestamp(1_000 * entry, 0).unwrap();
        Claim { entry: EntryId(entry), names_origin: false, at_home: true, text: 2_000, at }
    }

    fn chosen(claims: &[Claim]) -> i64 {
        representative(claims).unwrap().0
    }

    #[test]
    fn the_origin_comes_before_a_copy_then_the_fuller_then_the_earlier() {
        assert_eq!(chosen(&[claim(2), claim(1)]), 1);
        assert_eq!(chosen(&[Claim { text: 200, ..claim(1) }, claim(2)]), 2);
        assert_eq!(chosen(&[Claim { at_home: false, text: 9_000, ..claim(1) }, claim(2)]), 2);
        assert_eq!(chosen(&[Claim { names_origin: true, ..claim(1) }, claim(2)]), 2);
        assert_eq!(representative(&[]), None);
    }
}
