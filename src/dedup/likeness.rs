//! How much wording two texts share, counted in runs of four words.
//!
//! In: two profiles. Out: a [`Likeness`]. Runs rather than words, since any two texts of one
//! language share most of their common words, but hardly four in a row by chance.

use super::profile::Profile;

/// What two texts share.
#[derive(Debug, Clone, Default)]
pub(super) struct Likeness {
    /// Shared runs by the runs of the smaller text: 1 where one holds the other.
    pub containment: f32,
    /// Shared runs by all runs: 1 where the texts are the same.
    pub jaccard: f32,
    /// Where runs stand that each text has once: begin in the one, begin in the other.
    pub places: Vec<(u32, u32)>,
}

impl Likeness {
    pub fn of(one: &Profile, other: &Profile) -> Self {
        let (mut shared, mut left_count, mut right_count) = (0_u32, 0_u32, 0_u32);
        let mut places = Vec::new();
        let mut left = Groups(one.shingles());
        let mut right = Groups(other.shingles());
        let (mut a, mut b) = (left.next(), right.next());
        loop {
            match (a, b) {
                (Some(x), Some(y)) if x.hash == y.hash => {
                    shared += 1;
                    left_count += 1;
                    right_count += 1;
                    if x.count == 1 && y.count == 1 {
                        places.push((x.first, y.first));
                    }
                    (a, b) = (left.next(), right.next());
                }
                (Some(x), Some(y)) if x.hash < y.hash => {
                    left_count += 1;
                    a = left.next();
                }
                (Some(_), None) => {
                    left_count += 1;
                    a = left.next();
                }
                (_, Some(_)) => {
                    right_count += 1;
                    b = right.next();
                }
                (None, None) => break,
            }
        }
        let share = |whole: u32| if whole == 0 { 0.0 } else { shared as f32 / whole as f32 };
        Self {
            containment: share(left_count.min(right_count)),
            jaccard: share(left_count + right_count - shared),
            places,
        }
    }

    /// By how many words the shared runs stand elsewhere, at the median. Small where one text
    /// is the opening of the other.
    pub fn shift(&self) -> u32 {
        let mut shifts: Vec<u32> = self.places.iter().map(|&(a, b)| a.abs_diff(b)).collect();
        let middle = shifts.len() / 2;
        if shifts.is_empty() { u32::MAX } else { *shifts.select_nth_unstable(middle).1 }
    }
}

/// The equal hashes of a sorted list, one group at a time.
struct Groups<'a>(&'a [u64]);

#[derive(Clone, Copy)]
struct Group {
    hash: u32,
    count: usize,
    first: u32,
}

impl Iterator for Groups<'_> {
    type Item = Group;

    fn next(&mut self) -> Option<Group> {
        let &first = self.0.first()?;
        let hash = (first >> 32) as u32;
        let count = self.0.iter().take_while(|&&shingle| (shingle >> 32) as u32 == hash).count();
        self.0 = self.0.get(count..).unwrap_or_default();
        Some(Group { hash, count, first: first as u32 })
    }
}
